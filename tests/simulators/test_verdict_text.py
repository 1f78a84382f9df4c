"""A fault of the truth is told in words: what really was, and what the gateway said."""

from hub_config.names import SECOND, Instant
from simulators.bench import Happened, Sent
from simulators.devices.scale_wire import Told
from simulators.parcels import stream
from simulators.report import VisitFacts
from simulators.task import Placed
from simulators.verdict_text import of_parcel, of_stranger

(PARCEL,) = stream(1, 1)
VISIT = "01a2008d-7a71-7210-bf55-57c33e45f9b7"


def test_a_parcel_under_a_wrong_name_is_told_with_both_names_and_where_it_lies() -> None:
    scan = Sent(Instant(5), "LX838994042MY", "]C0", None)
    weight = Told(Instant(9), PARCEL.number, 4_930_000)
    one = Happened(PARCEL.number, (scan,), (weight,), Placed("H9", "hold", VISIT, Instant(7 * SECOND)))
    facts = VisitFacts(["EC217347157CN"], [(4_930_000, 20_000)], reasons=("assoc_low",), lane="hold")

    assert of_parcel("wrong_identity", PARCEL, one, facts).endswith(
        "read LX838994042MY, weighed 4.930 kg, lies in hold (H9) since 7.000 s; the gateway told under visit "
        f"{VISIT}: codes EC217347157CN, weight 4.930 kg ± 0.020 kg, not released, for assoc_low, seen in hold"
    )


def test_what_nobody_told_of_and_what_nobody_was_are_told() -> None:
    taken = Happened(PARCEL.number, (), (), None)

    assert of_parcel("unaccounted", PARCEL, taken, None).endswith(
        "read nothing, weighed never, taken off; the gateway told nothing of it"
    )
    assert of_stranger(VISIT, VisitFacts(reasons=("unknown_item",), lane="hold")) == (
        f"no parcel was placed: the gateway told under visit {VISIT}: codes none, weight none, "
        "not released, for unknown_item, seen in hold"
    )
