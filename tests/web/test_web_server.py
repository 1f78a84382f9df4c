"""The server on a real loopback port: binding, a taken port, and a stop that waits for nobody."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from web_views import VIEWS, Says, hub

from edge.web.feed import Feed
from edge.web.serve import WebPortTaken, WebServer

pytestmark = pytest.mark.system


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def source() -> Says:
    return Says()


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def server(port: int, source: Says, feed: Feed) -> Iterator[WebServer]:
    server = WebServer(hub(port), source, feed)
    server.start()
    yield server
    server.stop()


def read_state(stream: http.client.HTTPResponse) -> dict[str, Any]:
    while True:
        line = stream.readline()
        assert line, "the stream ended"
        if line.startswith(b"data: "):
            return dict(json.loads(line.removeprefix(b"data: ")))


def open_stream(port: int) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    line.request("GET", "/events")
    return line, line.getresponse()


def test_start_gives_the_address_of_pages_that_answer(port: int) -> None:
    server = WebServer(hub(port), Says(), Feed())
    try:
        assert server.start() == f"http://127.0.0.1:{port}/"
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        line.request("GET", "/healthz")
        answer = line.getresponse()
        assert (answer.status, json.loads(answer.read())["status"]) == (200, "ok")
        line.close()
    finally:
        server.stop()


def test_a_taken_port_is_one_clear_sentence(port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()

        with pytest.raises(WebPortTaken) as taken:
            WebServer(hub(port), Says(), Feed()).start()

    assert (taken.value.host, taken.value.port) == ("127.0.0.1", port)
    assert str(taken.value) == (
        f"web: cannot listen on 127.0.0.1 port {port}: another program is using it; "
        "stop it or set [web] port to a free one"
    )


def test_a_change_is_on_the_wire_when_it_is_notified(
    server: WebServer, port: int, source: Says, feed: Feed
) -> None:
    assert server is not None
    line, stream = open_stream(port)
    read_state(stream)

    source.view = VIEWS["release"]
    feed.notify()

    state = ""
    while state != "release":
        state = read_state(stream)["benches"][0]["state"]
    stream.close()
    line.close()


def test_stop_ends_open_streams_and_frees_thread_and_port(port: int) -> None:
    server = WebServer(hub(port), Says(), Feed())
    server.start()
    opened = [open_stream(port) for _ in range(3)]
    for _, stream in opened:
        read_state(stream)

    server.stop()

    for line, stream in opened:
        stream.read()  # returns: the stream ended
        line.close()
    assert "web" not in [thread.name for thread in threading.enumerate()]
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_stop_twice_and_stop_before_start_do_nothing(port: int) -> None:
    server = WebServer(hub(port), Says(), Feed())
    server.stop()
    server.start()
    server.stop()
    server.stop()
