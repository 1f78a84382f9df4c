"""What a running gateway says of its devices with every event: their calibration, as the configuration has it."""

from datetime import date
from pathlib import Path

from edge.app import event_context
from edge.rim.keys import load_identity
from edge.wire.envelope import DeviceProvenance
from hub_config.load import load
from hub_config.names import DeviceId

DWS = Path(__file__).parents[2] / "simulators" / "scenarios" / "layouts" / "dws.toml"


def test_a_dimensioner_tells_its_calibration_and_a_scale_its_verification(tmp_path: Path) -> None:
    config = load(DWS)

    devices = event_context(config, load_identity(tmp_path, config.hub.mode), 1).devices

    dimensioner = DeviceProvenance(drv="record-dimensioner", cal="d-2026-02", cal_until="2027-02-01")
    assert devices[DeviceId("dim-1")] == dimensioner
    assert devices[DeviceId("wim-1")] == DeviceProvenance(drv="record-scale")
    assert getattr(config.device(DeviceId("dim-1")), "valid_until", None) == date(2027, 2, 1)
