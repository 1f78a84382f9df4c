"""The broker of the demo, as real processes."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from brokers import need

from simulators.broker import Broker, BrokerError, Kind, free_port

pytestmark = pytest.mark.system


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def until(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("kind", ["mosquitto", "nats"])
def test_a_broker_starts_on_a_free_port_restarts_on_the_same_and_leaves_nothing(
    kind: Kind, tmp_path: Path
) -> None:
    need(kind)
    broker = Broker.start(tmp_path, prefer=kind)
    port = broker.port
    assert broker.running
    assert broker.kind == kind
    broker.kill()
    assert not listens(port)

    broker.restart(wipe=True)

    assert listens(port)
    broker.stop()
    assert not listens(port)


def test_the_broker_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import pathlib, sys, time
        from simulators.broker import Broker
        broker = Broker.start(pathlib.Path(sys.argv[1]))
        print(broker.port, flush=True)
        time.sleep(60)
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        port = int(parent.stdout.readline())
    assert listens(port)

    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()

    assert until(lambda: not listens(port))


def test_a_broker_that_cannot_have_its_port_says_where_its_words_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.broker.PORT_TRIES", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(BrokerError, match=r"\.log"):
            Broker.start(tmp_path, port=taken.getsockname()[1])


def test_free_ports_are_free() -> None:
    assert not listens(free_port())
