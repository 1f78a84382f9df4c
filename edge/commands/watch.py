"""`hub watch [--url URL] [--once]`: the hub as a live table in this terminal, read from a running gateway.

It reads the stream that the pages read and sends nothing. Ctrl-C ends it. Where the output is no terminal, it prints
one table and ends, as with --once.
"""

import argparse
import json
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from edge.commands import EXIT_FAULTS, EXIT_OK

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

DEFAULT_URL: Final = "http://127.0.0.1:8040"
LOST_AFTER_S: Final = 3.0
"""A gateway that says nothing for three heartbeats is lost (ST-07)."""
RETRY_S: Final = 0.5
REFRESH_S: Final = 0.2
"""Between two drawings; a state that comes sooner is passed over, since a newer one follows."""
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of the layout, and of one state. Beyond it whatever answers is no gateway of ours."""
REFUSAL_CHARS: Final = 200
"""How much of a refusal is said on."""

Json = Mapping[str, Any]


class NoGateway(Exception):  # noqa: N818 - named for what happened
    """Nothing at this address tells the state of a hub; says so in one sentence."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub watch", description=__doc__)
    parser.add_argument("--url", default=DEFAULT_URL, help=f"address of the gateway's pages ({DEFAULT_URL})")
    parser.add_argument("--once", action="store_true", help="print one table and end")
    args = parser.parse_args(argv)
    try:
        host, port = _address(args.url)
    except ValueError:
        parser.error(f"--url is {args.url!r}; write for example {DEFAULT_URL}")
    from rich.console import Console

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without our marks is no reason to end
    console = Console(highlight=False)
    try:
        if args.once or not console.is_terminal:
            _once(console, host, port)
        else:
            _live(console, host, port)
    except NoGateway as nothing:
        print(f"hub watch: {nothing}", file=sys.stderr)
        return EXIT_FAULTS
    except KeyboardInterrupt:
        pass
    return EXIT_OK


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError(url)
    return parts.hostname, parts.port or 80


def _once(console: "Console", host: str, port: int) -> None:
    from edge.web.terminal import hub_table

    layout = read_layout(host, port)
    with closing(states(host, port)) as told:
        console.print(hub_table(next(told), layout))


def _live(console: "Console", host: str, port: int) -> None:
    """The first refusal ends it; later ones are shown until the gateway is back."""
    from rich.live import Live

    from edge.web.terminal import hub_table

    layout = read_layout(host, port)
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            drawn_at = 0.0
            try:
                for state in states(host, port):
                    if time.monotonic() - drawn_at >= REFRESH_S:
                        drawn_at = time.monotonic()
                        live.update(hub_table(state, layout), refresh=True)
            except NoGateway as lost:
                live.update(_lost(str(lost)), refresh=True)
                layout = _wait_for(host, port)


def _wait_for(host: str, port: int) -> Json:
    while True:
        time.sleep(RETRY_S)
        try:
            return read_layout(host, port)
        except NoGateway:
            continue


def _lost(why: str) -> "Text":
    """No old RELEASE stays on a screen that hears nothing."""
    from rich.text import Text

    from hub_config.i18n import texts

    words = texts("en")
    shown = Text()
    shown.append(f" {words['state.fault']}  {words['page.screen_lost']} ", "bold white on red")
    return shown.append(f"\n\n{why}\n")


def read_layout(host: str, port: int) -> Json:
    with _Answer(host, port, "/layout.json") as answer:
        body = answer.read(ANSWER_BYTES_MAX)
        return _json(body, host, port)


def states(host: str, port: int) -> Generator[Json]:
    """Each state of the gateway as it comes; raises `NoGateway` when no more do."""
    with _Answer(host, port, "/events") as answer:
        while True:
            line = answer.readline(ANSWER_BYTES_MAX)
            if not line.endswith(b"\n"):
                raise NoGateway(f"the gateway at {host}:{port} ended its stream; is it being stopped?")
            if line.startswith(b"data:"):
                yield _json(line[5:], host, port)


class _Answer:
    """One GET; whatever goes wrong in it is a `NoGateway`."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._where = f"{host}:{port}"
        self._path = path
        self._connection = HTTPConnection(host, port, timeout=LOST_AFTER_S)

    def __enter__(self) -> HTTPResponse:
        try:
            self._connection.request("GET", self._path)
            answer = self._connection.getresponse()
            if answer.status != 200:
                said = answer.read(REFUSAL_CHARS).decode(errors="replace").strip()
                raise NoGateway(f"{self._where} refuses {self._path} ({answer.status}): {said!a}")
        except (OSError, HTTPException) as fault:
            self._connection.close()
            raise self._gone(fault) from fault
        except NoGateway:
            self._connection.close()
            raise
        return answer

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> None:
        self._connection.close()
        if isinstance(fault, OSError | HTTPException):
            raise self._gone(fault) from fault

    def _gone(self, fault: Exception) -> NoGateway:
        if isinstance(fault, TimeoutError):
            return NoGateway(
                f"the gateway at {self._where} says nothing for {LOST_AFTER_S:.0f} s; is it running?"
            )
        why = getattr(fault, "strerror", None) or type(fault).__name__
        return NoGateway(
            f"no gateway answers at {self._where} ({why}); start one, or name its address with --url"
        )


def _json(text: bytes, host: str, port: int) -> Json:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "hub" not in told:
        raise NoGateway(f"what answers at {host}:{port} is no gateway; name its address with --url")
    return told
