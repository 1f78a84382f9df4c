"""Readers of codes that speak a maker's own protocol: beside a belt or, where they read by themselves, at a bench too
(scanners.md §4, §5). One model a kind; what they share stands in `ReaderConfig`."""

from typing import Annotated, Final, Literal, TypeGuard

from pydantic import Field

from hub_config.attach import Attach
from hub_config.names import DeviceId
from hub_config.units import quantity
from hub_config.values import DeviceEntry, device_name, entries, text, whole

NO_READ: Final = ("NoRead", "NOREAD", "NO READ", "ERROR", "NR")
"""What scanners of several makers send for "triggered, saw no code". A line of only `?` means the same."""

Framing = Annotated[str, Field(max_length=128)]
"""Bytes around a message: `\\u0002` is byte 02."""
Separator = Annotated[str, Field(max_length=4)]
NoReadTexts = Annotated[tuple[Annotated[str, text(1, 128)], ...], Field(strict=False), entries(1, 32)]
Triggering = Literal["self", "host"]
"""`self`: it reads by itself (its own sensor, a key, a presentation). `host`: the gateway tells it to read and to stop;
it then has to be set to send its no-read text too, since each trigger is to be answered."""


class ReaderConfig(DeviceEntry):
    """What is said of every reader."""

    id: Annotated[DeviceId, device_name("tunnel-1")]
    attach: Attach
    no_read: NoReadTexts = NO_READ
    """What it sends when it was triggered and saw no code."""
    aim: bool = False
    """The reader is set to send AIM identifiers before the data."""
    separator: Separator = ""
    """Between the codes of one answer, where several are read; empty: an answer is one code."""
    answer_timeout_ms: Annotated[int, quantity("ms", example="100 ms", low="10 ms", high="5 s")] = Field(
        default=100, alias="answer_timeout"
    )
    """After it was told to stop an answer is due within this."""

    @property
    def triggered(self) -> bool:
        """The gateway tells it to read."""
        return True


class _EitherWay(ReaderConfig):
    trigger: Triggering = "self"

    @property
    def triggered(self) -> bool:
        return self.trigger == "host"


class KeyenceSrConfig(ReaderConfig):
    """A fixed reader of the Keyence SR series: told to read with `LON`, to stop with `LOFF`; one answer a trigger."""

    kind: Literal["keyence-sr"]
    no_read: NoReadTexts = ("ERROR",)
    separator: Annotated[str, Field(min_length=1, max_length=4)] = ","


class HoneywellConfig(_EitherWay):
    """Honeywell 1900, N36xx, N86, 1300g: `16 54 0D` and `16 55 0D`. Their no-read text is off as they come."""

    kind: Literal["honeywell"]
    prefix: Framing = ""
    suffix: Annotated[str, Field(min_length=1, max_length=16)] = "\r"


class DatalogicConfig(ReaderConfig):
    """Datalogic DS, DX, AV and Matrix: all that stands around and between the codes is free text there."""

    kind: Literal["datalogic"]
    header: Framing = "\x02"
    terminator: Annotated[str, Field(min_length=1, max_length=128)] = "\r\n"
    separator: Separator = ","
    multiple_read: Annotated[
        tuple[Annotated[str, text(1, 128)], ...], Field(strict=False), entries(0, 8)
    ] = ()
    """What it sends when it read more codes than it is set up for."""
    trigger_on: Framing = ""
    """What starts a reading over the line; empty: its photo-sensor does."""
    trigger_off: Framing = ""

    @property
    def triggered(self) -> bool:
        return bool(self.trigger_on)


class CognexConfig(_EitherWay):
    """Cognex DataMan, by DMCC: `||>TRIGGER ON`. Both forms of replies are understood, silent and extended."""

    kind: Literal["cognex-dmcc"]
    footer: Annotated[str, Field(min_length=1, max_length=16)] = "\r\n"
    """Behind a result, as its data formatting is set."""


class SickReadConfig(ReaderConfig):
    """SICK CLV and Lector, `STX … ETX`, triggered by their own sensor."""

    kind: Literal["sick-read"]
    heartbeat: Framing = ""
    """The text it sends now and then to say that it is there; empty: none."""

    @property
    def triggered(self) -> bool:
        return False


class SickColaConfig(ReaderConfig):
    """The same, told to read by CoLa-A: `sMN mTCgateon` and `sMN mTCgateoff`."""

    kind: Literal["sick-cola-a"]
    heartbeat: Framing = ""


class SsiConfig(_EitherWay):
    """Symbol and Zebra scanners and scan engines, by SSI packets."""

    kind: Literal["ssi"]
    setup: bool = True
    """At the start it is told, until its next restart, to send packets (and to wait for the host, where that triggers
    it). False: it is told nothing and counts as up when its port opens."""
    signs: bool = False
    """At a bench: it beeps and shines by the answer on the screen."""
    beep_release: Annotated[int, whole(0, 26)] = 1
    beep_hold: Annotated[int, whole(0, 26)] = 17
    beep_refused: Annotated[int, whole(0, 26)] = 15
    """Numbers of beeps, as its own manual lists them: these are two short high ones, three long low ones, a long low
    one."""


LinedReader = (
    KeyenceSrConfig | HoneywellConfig | DatalogicConfig | CognexConfig | SickReadConfig | SickColaConfig
)
"""Their messages are lines."""
Reader = LinedReader | SsiConfig


def gives_signs(device: object) -> bool:
    """It beeps and shines by what its bench's screen says."""
    return isinstance(device, SsiConfig) and device.signs


def is_triggered(device: object) -> TypeGuard[ReaderConfig]:
    """The gateway tells this device to read."""
    return isinstance(device, ReaderConfig) and device.triggered
