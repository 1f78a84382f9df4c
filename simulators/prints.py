"""Where the labels of a parcel are, and which of the readers over a belt see them.

A label lies on one face of its parcel, more or less askew. A reader sees some faces, and reads fewer labels the more
they lie askew. Whether it reads one is drawn from the seed and the parcel's number alone. Without faces and sights in
the traffic there is one label, behind the front, that every reader sees.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from simulators.line_faults import LinePlan, label_place_um
from simulators.parcels import MILLION, LabelCode, Parcel
from simulators.traffic import EVERYWHERE, Face, Sight, Traffic


@dataclass(frozen=True, slots=True)
class Print:
    """One label with its codes."""

    codes: tuple[LabelCode, ...]
    place_um: int
    """Behind the front."""
    turned_um: int
    """The same once its parcel is turned."""
    seen_by: tuple[int, ...]
    """Readers that see it, by their order on the line."""


def prints(
    seed: int, parcel: Parcel, plan: LinePlan, legible: Sequence[LabelCode], traffic: Traffic, readers: int
) -> tuple[Print, ...]:
    """`legible`: those of its codes that can be read at all."""
    everyone = tuple(range(readers))
    if not (traffic.faces or traffic.sights):
        whole = Print(tuple(legible), plan.label_um, plan.turned_label_um, everyone)
        return (whole,) if legible else ()
    rng = random.Random(f"prints/{seed}/{parcel.number}")
    found = [_print(rng, plan, codes, traffic, readers) for codes in _labels(parcel)]
    if len(parcel.items) > 1:
        # Of two item numbers each is seen by some reader, or no device could know of the second.
        found = [one if one.seen_by else _seen(one, everyone[:1]) for one in found]
    told = [_of(one, tuple(code for code in one.codes if code in legible)) for one in found]
    return tuple(one for one in told if one.codes and one.seen_by)


def _labels(parcel: Parcel) -> list[tuple[LabelCode, ...]]:
    """Further codes are printed beside the first item number; a second item number is on a label of its own."""
    first = (*parcel.items[:1], *parcel.extras)
    return [first, *((code,) for code in parcel.items[1:])]


def _print(
    rng: random.Random, plan: LinePlan, codes: tuple[LabelCode, ...], traffic: Traffic, readers: int
) -> Print:
    face = _face(rng, traffic)
    askew_deg = rng.randint(0, traffic.askew_deg)
    place, turned = _place(rng, face, plan.length_um, traffic), _place(rng, face, plan.turned_um, traffic)
    drawn = [rng.randrange(MILLION) for _ in range(readers)]
    sights = traffic.sights or (EVERYWHERE,) * readers
    seen_by = tuple(
        number for number in range(readers) if drawn[number] < _rate(sights[number], face, askew_deg)
    )
    return Print(codes, place, turned, seen_by)


def _face(rng: random.Random, traffic: Traffic) -> Face:
    drawn = rng.randrange(MILLION)
    for face, share_ppm in traffic.faces:
        if drawn < share_ppm:
            return face
        drawn -= share_ppm
    return "top"


def _place(rng: random.Random, face: Face, length_um: int, traffic: Traffic) -> int:
    place_um = label_place_um(rng, length_um, traffic)
    return {"front": 0, "rear": length_um}.get(face, place_um)


def _rate(sight: Sight, face: Face, askew_deg: int) -> int:
    if face not in sight.faces:
        return 0
    return next((read_ppm for to_deg, read_ppm in sight.rates if askew_deg <= to_deg), 0)


def _seen(one: Print, by: tuple[int, ...]) -> Print:
    return Print(one.codes, one.place_um, one.turned_um, by)


def _of(one: Print, codes: tuple[LabelCode, ...]) -> Print:
    return Print(codes, one.place_um, one.turned_um, one.seen_by)
