"""`hub audit disclosure`: the coordinator compares a capsule with hidden fields with what it holds, and signs under it.

Exit 0 compared, 1 it is not what this coordinator holds, 2 wrong use. Runs beside a running coordinator.
"""

import argparse
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from edge.wire.capsule_verifier import Broken, parse
from simulators.coordinator.disclosures import compare, countersigned
from simulators.coordinator.letters import KEY_FILE, KeyFault, Letters, pilot_key
from simulators.coordinator.tables import DATABASE

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(kinds: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    disclosure = kinds.add_parser("disclosure", help="is a capsule with hidden fields what is held here?")
    disclosure.add_argument(
        "file", metavar="FILE", type=Path, help="of `hub journal prove --hide` or `--show`"
    )
    disclosure.add_argument(
        "--data", metavar="DIR", type=Path, required=True, help="the coordinator's folder"
    )
    disclosure.add_argument("--id", default="co-1", help="the coordinator's name (default co-1)")
    disclosure.add_argument("--key", metavar="FILE", type=Path, help="key of a pilot; practice has its own")


def act(args: argparse.Namespace) -> int:
    path = args.data / DATABASE
    try:
        capsule = parse(args.file.read_bytes())
        letters = Letters(
            str(capsule.get("hub")), args.id, pilot_key(args.key or args.data / KEY_FILE),
            "live" if capsule.get("mode") == "live" else "practice",
        )  # fmt: skip
        if not path.is_file():
            raise OSError(f"no {DATABASE} in {args.data}; name the coordinator's --data folder")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            count = compare(capsule, connection)
        signed = countersigned(capsule, letters)
        args.file.write_text(json.dumps(signed, ensure_ascii=False, indent=1) + "\n", "utf-8")
    except Broken as fault:
        print(f"hub audit disclosure: {args.file}: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    except (OSError, KeyFault, sqlite3.Error) as fault:
        said = str(fault)
        if isinstance(fault, OSError) and fault.filename is not None:
            said = f"{fault.filename}: {fault.strerror}; correct the path or its rights"
        print(f"hub audit disclosure: {said}", file=sys.stderr)
        return EXIT_WRONG_USE
    print(
        f"{args.file}: {count} events with hidden fields are those held here; countersigned by {letters.kid}"
    )
    return EXIT_OK
