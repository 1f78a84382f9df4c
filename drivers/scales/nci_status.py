"""The status characters of NCI SCP-01 (scales.md §9; NCI 7800 p. 32, Ohaus Aviator 7000 p. 49, CAS CI-100A p. 40).

Bits 4 and 5 of each are 1; from the second on, bit 6 says that one more follows. Two, mostly; the third tells range and
net, the fourth is Ohaus's. On CAS CI-100A the third and fourth mean other things (comparison, counting, hold, battery):
they are shown and not used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from drivers.reading import Weighing
from hub_config.request_scales import NciDialect

_ALWAYS: Final = 0x30
_FOLLOWS: Final = 0x40
_FAULTS: Final = (
    ("ram_error", 0, 0x04), ("eeprom_error", 0, 0x08), ("rom_error", 1, 0x04), ("calibration_error", 1, 0x08),
    ("initial_zero_error", 2, 0x08),
)  # fmt: skip
"""Name, which character, which bit."""


@dataclass(frozen=True, slots=True)
class NciStatus:
    motion: bool
    zero: bool
    under: bool
    over: bool
    mode: Weighing | None
    """None: there is no third character."""
    faults: tuple[str, ...]
    more: Mapping[str, object] = field(default_factory=dict)

    @property
    def faulty(self) -> bool:
        return bool(self.faults)

    @property
    def keys(self) -> dict[str, object]:
        """Of `hub decode`."""
        main = {"motion": self.motion, "zero": self.zero, "underload": self.under, "overload": self.over}
        return {"status": main, **dict.fromkeys(self.faults, True), **self.more}


def status_of(sent: bytes, dialect: NciDialect) -> NciStatus | None:
    """None: it is no status: a character is missing, or none of them."""
    cas = dialect == "cas-ci-100a"
    if any(byte & _ALWAYS != _ALWAYS for byte in (sent[:2] if cas else sent)):
        return None
    if not cas and (sent[0] & _FOLLOWS or sent[-1] & _FOLLOWS):
        return None
    first, second, third, fourth = (sent + bytes(4))[:4]
    bits = (first, second, 0 if cas else third)
    return NciStatus(
        motion=bool(first & 0x01),
        zero=bool(first & 0x02),
        under=bool(second & 0x01),
        over=bool(second & 0x02),
        mode=None if cas or not third else "net" if third & 0x04 else "gross",
        faults=tuple(name for name, place, bit in _FAULTS if bits[place] & bit),
        more=_more(third, fourth, cas=cas),
    )


def _more(third: int, fourth: int, *, cas: bool) -> Mapping[str, object]:
    if cas:
        return {"h3": f"{third:02x}", "h4": f"{fourth:02x}"} if third else {}
    told: dict[str, object] = {}
    if third:
        told["range"] = {0: "low", 3: "high"}.get(third & 3)
    if fourth:
        told |= {
            "weight_change": bool(fourth & 1),
            "zero_detected": bool(fourth & 2),
            "metric": bool(fourth & 4),
        }
    return {key: value for key, value in told.items() if value is not None}
