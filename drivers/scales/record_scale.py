"""A scale that weighs in motion and sends one delimited text record per item, in a grammar that config declares.

The fields are those of `RecordScaleConfig.fields` in their order. A record says which item it is of only by its number.
One that is well formed but not good (another status, overload) is told without a mass, because the item was on the
scale and has none. Any other line is a fault.

The scale can't be asked who it is, and is silent while no parcel comes, so it counts as up when its port opens.
"""

from drivers.listening import Listening
from drivers.reading import DeviceFault, Reading, WeightRead
from drivers.records import Record, Records, fault, shown
from drivers.scales.mass import MG_PER_UNIT, is_number, mass_mg
from hub_config.names import DeviceId, Instant
from hub_config.scales import RecordScaleConfig


class RecordScale(Listening):
    def __init__(self, config: RecordScaleConfig) -> None:
        super().__init__(config.id)
        self._config = config
        self._records = Records(config.id, config, config.fields)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return [
            one if isinstance(one, DeviceFault) else self._weight(one, at)
            for one in self._records.feed(data, at)
        ]

    def _weight(self, record: Record, at: Instant) -> Reading:
        config, named = self._config, record.named
        text, unit, status = named["mass"], named.get("unit", config.unit), named.get("status")
        if status is not None and status not in config.good:
            return WeightRead(
                config.id,
                at,
                None,
                text if is_number(text) else "",
                unit if unit in MG_PER_UNIT else None,
                stable=None,
                overload=status in config.overload,
                underload=status in config.underload,
                record=record.number,
            )
        return weight_of(config.id, record, text, unit, at)


def weight_of(device: DeviceId, record: Record, text: str, unit: str | None, at: Instant) -> Reading:
    """The mass of a good record."""
    if not is_number(text):
        detail = f"mass {shown(text)} in record {record.number} is no number; check fields"
        return fault(device, at, detail, record.raw)
    mass = mass_mg(text, unit)
    if mass is None:
        known = ", ".join(MG_PER_UNIT)
        detail = f"unit {shown(unit or '')} in record {record.number} is unknown; known: {known}"
        return fault(device, at, detail, record.raw)
    return WeightRead(device, at, mass, text, unit, stable=None, record=record.number)
