"""A dimensioner that sends one delimited text record per item, in a grammar that config declares (dimensioners §4).

A record may carry the weight of the item too; then it is told as two readings with one record number. A record that is
well formed but not good, or of which a side was not measured, is told without sides, because the item was there and has
none. Any other line is a fault. It can't be asked who it is, so it counts as up when its port opens.
"""

from drivers.dimensioners.length import UM_PER_UNIT, Texts, side_um, sized
from drivers.listening import Listening
from drivers.reading import DeviceFault, Reading, WeightRead
from drivers.records import Record, Records, fault, shown
from drivers.scales.record_scale import weight_of
from hub_config.dimensioners import RecordDimensionerConfig
from hub_config.names import Instant


class RecordDimensioner(Listening):
    def __init__(self, config: RecordDimensionerConfig) -> None:
        super().__init__(config.id)
        self._config = config
        self._records = Records(config.id, config, config.fields)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        readings: list[Reading] = []
        for one in self._records.feed(data, at):
            readings += [one] if isinstance(one, DeviceFault) else self._told(one, at)
        return readings

    def _told(self, record: Record, at: Instant) -> list[Reading]:
        sizes = self._sizes(record, at)
        if self._config.metrology is None or isinstance(sizes, DeviceFault):
            return [sizes]
        return [sizes, self._weight(record, at)]

    def _sizes(self, record: Record, at: Instant) -> Reading:
        config, named = self._config, record.named
        status = named.get("status")
        texts = (self._number(named["length"]), self._number(named["width"]), self._number(named["height"]))
        unit = named.get("unit", config.unit)
        good = self._is_good(status)
        if good and not any(text in config.none for text in texts):
            wrong = self._wrong(texts, unit)
            if wrong is not None:
                return fault(config.id, at, f"{wrong} in record {record.number}; check fields", record.raw)
        irregular = status in config.irregular
        return sized(config, at, texts, unit, record.number, status=status, good=good, irregular=irregular)

    def _wrong(self, texts: Texts, unit: str | None) -> str | None:
        """What in a good record is no length. Nothing but zeros is: it was not measured."""
        if unit not in UM_PER_UNIT:
            return f"unit {shown(unit or '')} is unknown; known: {', '.join(UM_PER_UNIT)}"
        for name, text in zip(("length", "width", "height"), texts, strict=True):
            if side_um(text, unit) is None and text.strip("0.") != "":
                return f"{name} {shown(text)} is no length"
        return None

    def _weight(self, record: Record, at: Instant) -> Reading:
        config, named = self._config, record.named
        text, unit = self._number(named["mass"]), named.get("mass_unit", config.mass_unit)
        unweighed = text in config.none or text.strip("0.") == ""  # nothing but zeros, as of a side
        if not self._is_good(named.get("status")) or unweighed:
            return WeightRead(config.id, at, None, "", None, stable=None, record=record.number)
        return weight_of(config.id, record, text, unit, at)

    def _is_good(self, status: str | None) -> bool:
        return status is None or status in self._config.good or status in self._config.irregular

    def _number(self, text: str) -> str:
        return text if self._config.decimal == "." else text.replace(",", ".")
