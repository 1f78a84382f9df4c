"""A reader of each maker that does what is typed, and the driver that reads it, by bytes alone."""

from typing import Any

import pytest

from drivers.command import Trigger
from drivers.reading import BarcodeRead, NoRead, Reading
from drivers.scanners.registry import EXPLAINED, new_scanner
from drivers.session import Actuator
from hub_config.attach import SerialAttach
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant
from hub_config.readers import ReaderConfig, SsiConfig
from simulators.one_device import new_device
from simulators.served_readers import READERS

ID = DeviceId("tunnel-1")
HOST: dict[str, dict[str, Any]] = {
    "datalogic": {"trigger_on": "GO\r", "trigger_off": "END\r"},
    "honeywell": {"trigger": "host"},
    "cognex-dmcc": {"trigger": "host"},
    "ssi": {"trigger": "host"},
}
SELF = [kind for kind in READERS if kind not in ("keyence-sr", "sick-cola-a")]
TRIGGERED = [kind for kind in READERS if kind != "sick-read"]


class Served:
    """A device, its driver, and the time that passes for both."""

    def __init__(self, kind: str, **config: Any) -> None:
        self.device = new_device(kind, Instant(0))
        model: type[ReaderConfig] = SsiConfig if kind == "ssi" else EXPLAINED[kind].config
        given = {"kind": kind, "id": ID, "attach": SerialAttach(port="/dev/a"), **config}
        self.session = new_scanner(model.model_validate(given))  # type: ignore[arg-type]  # of the closed union
        self.now = Instant(0)
        self.told: list[Reading] = []
        self.run(3_000)

    def run(self, milliseconds: int) -> None:
        for _ in range(milliseconds // 5):
            if self.session.wake_at is not None and self.session.wake_at <= self.now:
                self.told += self.session.wake(self.now)
            self.device.receive(self.session.take_output(), self.now)
            self.told += self.session.receive(self.device.take_output(self.now), self.now)
            self.now = Instant(self.now + 5 * MILLISECOND)

    @property
    def answers(self) -> list[tuple[str | None, int | None]]:
        return [
            (one.data if isinstance(one, BarcodeRead) else None, one.trigger)
            for one in self.told
            if isinstance(one, BarcodeRead | NoRead)
        ]


@pytest.mark.parametrize("kind", SELF)
def test_what_it_reads_by_itself_is_read(kind: str) -> None:
    served = Served(kind)

    assert served.device.told(["scan", "RB123456785GB"], served.now) == "RB123456785GB read"
    served.run(200)
    assert served.answers == [("RB123456785GB", None)]


@pytest.mark.parametrize("kind", TRIGGERED)
def test_what_is_in_its_view_while_it_is_triggered_is_read(kind: str) -> None:
    served = Served(kind, **HOST.get(kind, {}))
    assert isinstance(served.session, Actuator)
    for number, view in enumerate((["RB123456785GB"], []), start=1):
        served.device.told(["view", *view], served.now)
        served.told += served.session.command(Trigger(ID, number, on=True), served.now)
        served.run(300)
        served.told += served.session.command(Trigger(ID, number, on=False), served.now)
        served.run(2 * SECOND // MILLISECOND)

    assert served.answers == [("RB123456785GB", 1), (None, 2)]


def test_what_a_reader_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="a reader knows: scan CODE, view CODE"):
        new_device("ssi", Instant(0)).told(["load", "1 kg"], Instant(0))
