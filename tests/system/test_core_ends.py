"""A gateway whose core has failed, or waits: it ends and can be started again, or it goes on."""

import threading
from pathlib import Path
from typing import Final

import pytest

from drivers.pump import Pump
from drivers.reading import NoRead
from edge import app as app_module
from edge.app import App
from edge.core.gateway import Gateway
from edge.rim.inbox import INPUTS_MAX
from hub_config.load import load
from hub_config.names import DeviceId, Instant
from simulators.broker import free_port

EXAMPLE: Final = Path(__file__).parents[2] / "examples/bench.toml"
SCAN: Final = NoRead(DeviceId("scan-1"), Instant(1))
PATIENCE_S: Final = 30

pytestmark = pytest.mark.system


@pytest.fixture
def app(tmp_path: Path) -> App:
    loaded = load(EXAMPLE)
    nobody = loaded.broker.model_copy(update={"port": free_port()})
    web = loaded.web.model_copy(update={"port": free_port()})
    return App(loaded.model_copy(update={"broker": nobody, "web": web}), tmp_path / "gateway")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_gateway_whose_core_has_failed_ends_though_its_devices_go_on_telling(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Gateway, given: object) -> None:
        raise KeyError(given)

    stop = Pump.stop

    def told_meanwhile(pump: Pump) -> None:
        for _ in range(INPUTS_MAX + 1):
            app._inbox.put(SCAN)
        stop(pump)

    app.start()
    monkeypatch.setattr(Gateway, "step", broken)
    monkeypatch.setattr(Pump, "stop", told_meanwhile)
    app._inbox.put(SCAN)
    assert not app.wait(threading.Event())
    ending = threading.Thread(target=app.stop, daemon=True)
    ending.start()
    ending.join(PATIENCE_S)

    assert not ending.is_alive()


class Asked(threading.Event):
    """To stop, at the third look."""

    looks = 0

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  (of the event it stands for)
        self.looks += 1
        return self.looks > 2


@pytest.mark.parametrize("waits", [True, False])
def test_a_core_that_waits_for_a_disk_that_takes_nothing_is_not_taken_for_one_that_hangs(
    app: App, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """A new start would find the same disk, and what waits for it in memory would be lost."""
    monkeypatch.setattr(app_module, "CORE_HUNG_NS", -1)
    monkeypatch.setattr(Pump, "alive", True)
    app._writer._core_waits = waits

    assert app.wait(Asked()) == waits
    app._pump.stop()
    app._journal.close()
