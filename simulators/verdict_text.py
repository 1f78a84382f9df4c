"""A fault of the truth in words: what a parcel really was and where it lies, and what the gateway told of it."""

from typing import TYPE_CHECKING, Final

from hub_config.names import SECOND
from simulators.bench import Happened
from simulators.parcels import Parcel

if TYPE_CHECKING:
    from simulators.report import VisitFacts

KG_MG: Final = 1_000_000


def of_parcel(fault: str, parcel: Parcel, one: Happened, facts: "VisitFacts | None") -> str:
    """`facts`: of the visit under which it was placed; None: there is none."""
    return f"{fault}: parcel {parcel.number}{_kind(parcel)}: {_really(one)}; {_told(_visit(one), facts)}"


def of_stranger(visit: str, facts: "VisitFacts") -> str:
    return f"no parcel was placed: {_told(visit, facts)}"


def _kind(parcel: Parcel) -> str:
    return "" if parcel.trouble == "ok" else f" ({parcel.trouble})"


def _visit(one: Happened) -> str | None:
    return one.placed.visit or None if one.placed is not None else one.taken


def _really(one: Happened) -> str:
    read = ", ".join(dict.fromkeys(scan.data for scan in one.scans)) or "nothing"
    masses = dict.fromkeys(_kg(told.mass_mg) for told in one.weights)
    said = [f"read {read}", f"weighed {', '.join(masses) or 'never'}"]
    if one.sizes:
        said.append(
            "measured " + ", ".join(" x ".join(f"{um / 1_000:g}" for um in box) + " mm" for box in one.sizes)
        )
    if one.beside:
        said.append(f"as one with parcel {', '.join(str(other.number) for other in one.beside)}")
    if one.once_beside:
        said.append(f"touched parcel {', '.join(str(other.number) for other in one.once_beside)} before")
    placed = one.placed
    where = (
        "taken off"
        if placed is None
        else f"lies in {placed.lane} ({placed.bay}) since {placed.at / SECOND:.3f} s"
    )
    return ", ".join([*said, where])


def _told(visit: str | None, facts: "VisitFacts | None") -> str:
    if facts is None:
        return f"the gateway told nothing of {'it' if visit is None else f'visit {visit}'}"
    masses = dict.fromkeys(f"{_kg(mg)} ± {_kg(u_mg)}" for mg, u_mg in facts.masses)
    said = [f"codes {', '.join(facts.codes) or 'none'}", f"weight {', '.join(masses) or 'none'}"]
    said += [" x ".join(f"{um / 1_000:g}" for um in box) + " mm" for box in dict.fromkeys(facts.dims)]
    said.append("released" if facts.release is not None else "not released")
    if facts.own is not None:
        said.append(f"as {facts.own}")
    said += [f"for {', '.join(facts.reasons)}"] if facts.reasons else []
    said += [f"sent to {facts.sent}"] if facts.sent else []
    said += [f"seen in {facts.lane}"] if facts.lane else []
    said += ["departed"] if facts.departed else []
    said += ["lost track of"] if facts.lost else []
    return f"the gateway told under visit {visit}: {', '.join(said)}"


def _kg(mg: int | None) -> str:
    return "an overload" if mg is None else f"{mg / KG_MG:.3f} kg"
