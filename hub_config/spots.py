"""A name or a channel of a hub config with the place where it stands, and what stands there twice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub_config.finding import Finding, KeyPath, listed, show
from hub_config.values import nearest


@dataclass(frozen=True, slots=True)
class Spot:
    """A text and where it stands."""

    text: str
    path: KeyPath


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of an I/O board and where it stands."""

    number: int
    path: KeyPath


def shown(spot: Spot | Channel) -> str:
    return show(spot.text) if isinstance(spot, Spot) else f"channel {spot.number}"


def placed(path: KeyPath) -> str:
    """The place in words, without the names of elements."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def twice(spots: Iterable[Spot | Channel | None], noun: str, todo: str) -> Iterator[Finding]:
    """Each that was there before, pointing at the first."""
    first: dict[str | int, KeyPath] = {}
    for spot in spots:
        if spot is None:
            continue
        key = spot.text if isinstance(spot, Spot) else spot.number
        if key in first:
            yield Finding(
                spot.path, f"{shown(spot)} is already {placed(first[key])}", f"one {noun} each", todo
            )
        else:
            first[key] = spot.path


def absent(spot: Spot, noun: str, known: list[str], todo: str) -> Finding:
    """It names what isn't there."""
    near = nearest(spot.text, known)
    return Finding(
        spot.path,
        f"there is no {noun} {show(spot.text)}",
        f"{noun}s are {listed(known)}",
        f"did you mean {show(near)}?" if near else todo,
    )
