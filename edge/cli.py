"""The command line `hub`: a table of commands, each imported only when it is called.

Exit codes: 0 ok, 1 found faults, 2 wrong use, 78 bad config. Commands of the simulators are found as entry points,
so that `edge` does not import them.
"""

import os
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Final

from edge import __version__

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

COMMANDS: Final = {
    "check": ("edge.commands.check", "check a hub config: every fault at once, as file:line"),
    "run": ("edge.commands.run", "run the gateway on the ports of a config"),
    "broker": ("edge.commands.broker", "write the settings and certificates of the hub's MQTT broker"),
    "devices": ("edge.commands.devices", "what is plugged in; give it a name; zero or tare a scale"),
    "tap": ("edge.commands.tap", "watch the bytes of one device of a running gateway, and what they mean"),
    "trace": ("edge.commands.trace", "keep what passed between a running gateway and one device"),
    "driver": ("edge.commands.driver", "try a driver from outside against the rules of every driver"),
    "decode": ("edge.commands.decode", "show what a device's bytes mean"),
    "journal": ("edge.commands.journal", "verify, export or show the journal of a gateway"),
    "export": ("edge.commands.export", "a gateway's events as EPCIS, EMSEVT or CloudEvents"),
    "replay": ("edge.commands.replay", "run a recorded trace again and compare"),
    "why": ("edge.commands.why", "what happened to one parcel, and why"),
    "watch": ("edge.commands.watch", "the hub as a live table in this terminal"),
    "bench": ("edge.commands.bench", "measure, beside a baseline of the same run"),
}
ENTRY_POINT_GROUP: Final = "ehub_edge.commands"
EXIT_WRONG_USE: Final = 2


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that does not have our characters
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return 0 if words else EXIT_WRONG_USE
    if words[0] in ("-V", "--version", "version"):
        print(f"hub {__version__}")
        return 0
    command = _find(words[0])
    if command is None:
        print(_unknown(words[0]), file=sys.stderr)
        return EXIT_WRONG_USE
    try:
        code = command(words[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has had enough; nothing is left to say, also not when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _find(name: str) -> Callable[[Sequence[str]], int] | None:
    if name in COMMANDS:
        entry: Callable[[Sequence[str]], int] = import_module(COMMANDS[name][0]).main
        return entry
    for point in _entry_points():
        if point.name == name:
            loaded: Callable[[Sequence[str]], int] = point.load()
            return loaded
    return None


def _entry_points() -> "EntryPoints":
    from importlib.metadata import entry_points  # late: it costs a third of `hub --version`

    return entry_points(group=ENTRY_POINT_GROUP)


def _help() -> str:
    lines = [f"  {name:<10}{text}" for name, (_, text) in COMMANDS.items()]
    lines += [f"  {point.name:<10}(simulators)  hub {point.name} --help" for point in _entry_points()]
    return "usage: hub COMMAND [ARGUMENTS]\n\n" + "\n".join(lines) + "\n\nhub COMMAND --help says more."


def _unknown(name: str) -> str:
    known = [*COMMANDS, *(point.name for point in _entry_points())]
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; commands: {', '.join(known)}"
    return f"hub: unknown command {name!r}{hint}"


if __name__ == "__main__":
    sys.exit(main())
