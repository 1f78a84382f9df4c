"""`hub audit seed commit|reveal`: the other party's side of a joint seed. Prints what is to be handed in.

`hub audit seed commit --party operator --folder DIR | curl -d @- http://127.0.0.1:8050/seeds`, then
`hub audit seed reveal … --published sampling.json | curl -d @- …`. Exit 0, 1 refused, 2 wrong use.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from edge.commands import EXIT_FAULTS, EXIT_OK, EXIT_WRONG_USE
from edge.rim import clock
from simulators.coordinator.party_seeds import PartySeeds
from simulators.coordinator.seed_file import SeedFault

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add(kinds: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    seed = kinds.add_parser("seed", help="the other party's seeds: commit, then reveal")
    seed.add_argument("step", choices=("commit", "reveal"))
    seed.add_argument("--party", required=True, help="its name, such as operator")
    seed.add_argument(
        "--folder", metavar="DIR", type=Path, required=True, help="its own, not the coordinator's"
    )
    seed.add_argument(
        "--published", metavar="FILE", type=Path, help="of reveal: the coordinator's sampling.json"
    )


def act(args: argparse.Namespace) -> int:
    now_us = clock.wall_time().utc_us
    try:
        seeds = PartySeeds(args.folder, args.party)
        if args.step == "commit":
            print(json.dumps(seeds.commitments(now_us)))
        elif args.published is None:
            print("hub audit seed reveal: name the coordinator's file with --published", file=sys.stderr)
            return EXIT_WRONG_USE
        else:
            print(json.dumps(seeds.reveal(json.loads(args.published.read_bytes()), now_us)))
    except SeedFault as fault:
        print(f"hub audit seed: {fault}", file=sys.stderr)
        return EXIT_FAULTS
    except OSError as fault:
        print(
            f"hub audit seed: {fault.filename}: {fault.strerror}; --folder is a folder of the party's own",
            file=sys.stderr,
        )
        return EXIT_WRONG_USE
    except ValueError as fault:
        print(
            f"hub audit seed: {args.published}: {fault}; name the coordinator's sampling.json",
            file=sys.stderr,
        )
        return EXIT_WRONG_USE
    return EXIT_OK


class Verdicts(Protocol):
    contradictions: list[str]
    open: list[str]


def check_witness(witness: Mapping[str, Any], days: Mapping[str, Mapping[str, Any]], found: Verdicts) -> None:
    """What the other party has noted against what the coordinator has published. Raises KeyError, TypeError."""
    party = witness["party"]
    for told in witness["days"]:
        day, handed_in = days.get(told["day"]), "theirs" in told
        what = f"day {told['day']}"
        if day is None:
            if handed_in:
                found.contradictions.append(
                    f"{what}: {party} has handed in a seed, and the day was never published"
                )
            continue
        commits = day["commits"]
        if handed_in and told["commit"] not in commits:
            found.contradictions.append(
                f"{what}: {party} has handed in its seed in time, and it was left out"
            )
        known = [*commits, *(one["commit"] for one in day.get("missing", ()))]
        if handed_in and any(commit not in known for commit in told["theirs"]):
            found.contradictions.append(
                f"{what}: a commitment that {party} had noted was exchanged afterwards"
            )
        if (
            "seed" in told
            and "seeds" in day
            and told["commit"] in commits
            and told["seed"] not in day["seeds"]
        ):
            found.contradictions.append(f"{what}: another seed of {party} was published than it has given")
