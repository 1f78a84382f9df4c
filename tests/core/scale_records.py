"""The numbered records of a scale, told to `BeltRecords` by hand in milliseconds."""

from edge.core.belt_records import BeltRecords
from edge.core.item import Item
from hub_config.lines import BeltScale
from hub_config.names import MILLISECOND, DeviceId, Instant

SCALE = BeltScale.model_construct(device=DeviceId("wim-1"), beam="scale", earliest_ms=20, latest_ms=400)


def item(number: int) -> Item:
    return Item(number, Instant(0), 0, 0)


def record(number: int | None, at_ms: int) -> tuple[int | None, Instant]:
    return number, Instant(at_ms * MILLISECOND)


def crossed(weighings: BeltRecords, number: int, at_ms: int) -> Item:
    one = item(number)
    weighings.crossed(one, Instant(at_ms * MILLISECOND))
    return one


def counted() -> BeltRecords:
    """The first item had record 100: the count is sure."""
    weighings = BeltRecords(SCALE)
    first = crossed(weighings, 1, 0)
    assert weighings.take(*record(100, 100)) == (first, "joined")
    return weighings
