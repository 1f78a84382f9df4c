"""What a parcel is called follows from its codes and those of earlier passes, however often it was asked before."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.identifiers.choice import Identified
from edge.core.dwell import DwellClock
from edge.core.event import Code
from edge.core.parcel import Parcel, names_of
from hub_config.names import DeviceId, Instant, VisitId

RANK = ("s10", "sscc")
CODES = st.builds(
    lambda data, kind, good: Code(data, data.encode(), "]C0", kind, good, DeviceId("reader"), 1),
    st.sampled_from(("A1", "B2", "C3")), st.sampled_from(("s10", "sscc", "unknown")), st.booleans(),
)  # fmt: skip
KNOWN = st.lists(CODES, max_size=2).map(lambda codes: tuple(_identified(codes)))


def _identified(codes: list[Code]) -> list[Identified]:
    return [Identified(one.type, one.data, one.check_ok, one.weak) for one in codes]


@given(st.lists(st.one_of(CODES, KNOWN, st.none()), max_size=12))
def test_names_are_those_of_the_codes_as_they_are_now(
    steps: list[Code | tuple[Identified, ...] | None],
) -> None:
    parcel = Parcel(VisitId("v"), DwellClock(Instant(0)))
    for step in steps:
        match step:
            case Code():
                parcel.codes.append(step)
            case tuple():
                parcel.known = step
            case None:
                parcel.start_again(Instant(0))
        anew = Parcel(VisitId("v"), DwellClock(Instant(0)), codes=[*parcel.codes], known=parcel.known)

        assert parcel.names(RANK) == names_of([*parcel.known, *_identified(parcel.codes)], RANK)
        assert parcel.own_code(RANK) == anew.own_code(RANK)
