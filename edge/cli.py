"""The command line `hub`: a table of commands, each imported only when it is called.

Exit codes: 0 ok, 1 found faults, 2 wrong use, 78 bad config. Commands of the simulators are found as entry points,
so that `edge` does not import them. Ctrl-C, a reader that has seen enough, and a file or disk that refuses end any
command without a traceback; whatever else is raised is a mistake of ours and shows one.
"""

import errno
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
    "badge": ("edge.commands.badge", "draw a badge for staff who inspect"),
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
SIMULATORS: Final = {
    "demo": "the practice hub on this computer, in real time; --tour explains it",
    "simulate": "the same hub and others under simulated time, much faster than life",
    "simulated-device": "one device on a pty or TCP port, to try without hardware",
    "campaign": "many seeds, faults on purpose, bytes that no device should send",
    "contract": "the contract for other vendors, and a check of what is at a broker",
    "coordinator": "events of a whole hub, from its coordinator, as EPCIS, EMSEVT or CloudEvents",
    "outturn": "what came under a waybill against what was declared",
    "audit": "check a hub's word with its own log",
    "cluster": "three broker nodes on this machine (the same as hub broker cluster)",
}
"""What `hub --help` says of commands that are entry points of the simulators, in its order; unknown ones follow."""
HELP_END: Final = """\
hub COMMAND --help says more. In a checkout: ./hub test checks the tree,
./hub --cameras COMMAND and ./hub --plots COMMAND install what those need first."""
ENTRY_POINT_GROUP: Final = "ehub_edge.commands"
EXIT_FAULTS: Final = 1
EXIT_WRONG_USE: Final = 2
EXIT_INTERRUPTED: Final = 130
DISK_REFUSES: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of a write to an open file, which name none."""


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    _ready_output()
    try:
        code = _run(words)  # loads the command too: Ctrl-C may come in the middle of its imports
        sys.stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _mute()  # the reader (`| head`) has had enough; nothing is left to say, also not when Python ends
        return 0
    except OSError as fault:
        if fault.filename is None and fault.errno not in DISK_REFUSES:
            raise
        _mute()
        print(f"hub {words[0]}: {_refused(fault)}", file=sys.stderr)
        return EXIT_FAULTS
    return code


def _ready_output() -> None:
    """A closed descriptor (`>&-`) would be given to the next file that is opened, and there is nothing to print on."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  (for as long as the process runs)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that does not have our characters


def _mute() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refused(fault: OSError) -> str:
    if fault.filename is None:
        return f"its output can't be written: {fault.strerror}; make room, or send it elsewhere"
    return f"{fault.filename}: {fault.strerror}; correct the path or its rights, or name another"


def _run(words: Sequence[str]) -> int:
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
    return command(words[1:])


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
    found = [point.name for point in _entry_points()]
    known = {name: text for name, text in SIMULATORS.items() if name in found}
    others = {name: f"hub {name} --help" for name in found if name not in known}
    groups = (
        ("on a hub", {name: text for name, (_, text) in COMMANDS.items()}),
        ("without hardware, and for checks", {**known, **others}),
    )
    width = max(len(name) for _, group in groups for name in group) + 2
    lines = [
        line
        for title, group in groups
        for line in ("", f"{title}:", *(f"  {name:<{width}}{text}" for name, text in group.items()))
    ]
    return "\n".join(("usage: hub COMMAND [ARGUMENTS]", *lines, "", HELP_END))


def _unknown(name: str) -> str:
    known = [*COMMANDS, *(point.name for point in _entry_points())]
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; commands: {', '.join(known)}"
    return f"hub: unknown command {name!r}{hint}"


if __name__ == "__main__":
    sys.exit(main())
