"""`hub driver check PACKAGE [--seed N] [--json]`: tries the rules of every driver on one from outside this tree.

The package has a `drivers.kit.Kit` named KIT: frames of the manual with what they mean, and a simulated device.
`hub driver list`: the drivers of installed packages.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from types import ModuleType

from drivers.external import installed
from drivers.kit import Kit
from drivers.kit_checks import check
from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub driver", description=__doc__)
    parts = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    trying = parts.add_parser("check", help="try one against the rules of every driver")
    trying.add_argument("package", help="an installed package, or one below the current folder")
    trying.add_argument("--seed", type=int, default=1, help="of the noise (default 1)")
    trying.add_argument("--json", action="store_true", help="for machines")
    parts.add_parser("list", help="drivers of installed packages")
    args = parser.parse_args(argv)
    if args.what == "list":
        names = list(installed())
        for name in names:
            print(name)
        if not names:
            print("no installed package declares a driver (docs/write-a-driver.md)", file=sys.stderr)
        return EXIT_OK
    return _check(args.package, args.seed, as_json=args.json)


def _check(package: str, seed: int, *, as_json: bool) -> int:
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = import_module(package)
    except ImportError as refused:
        print(
            f"hub driver: {package} can't be imported: {refused}; name an installed package, or one that is a folder "
            "in the current one",
            file=sys.stderr,
        )
        return EXIT_WRONG_USE
    kit = getattr(module, "KIT", None)
    if not isinstance(kit, Kit):
        print(
            f"hub driver: {package} has no drivers.kit.Kit named KIT (docs/write-a-driver.md)",
            file=sys.stderr,
        )
        return EXIT_WRONG_USE
    verdicts = list(check(kit, _driver_files(kit, module), seed))
    if as_json:
        print(json.dumps([asdict(one) for one in verdicts], indent=1))
    else:
        for one in verdicts:
            print(f"{one.rule:<22}{'kept' if one.fault is None else 'BROKEN'}  {one.fault or one.tried}")
    broken = [one for one in verdicts if one.fault is not None]
    if broken and not as_json:
        print(f"{len(broken)} of {len(verdicts)} rules are broken")
    return EXIT_FAULTS if broken else EXIT_OK


def _driver_files(kit: Kit, module: ModuleType) -> list[Path]:
    """Where the session stands; the kit and its simulated device may use what they like."""
    home = sys.modules.get(getattr(kit.driver, "__module__", ""), module)
    return [Path(home.__file__)] if home.__file__ else []
