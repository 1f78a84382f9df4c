"""What a running gateway says of its devices with every event: their calibration, as the configuration has it."""

from datetime import date
from pathlib import Path

from edge.app import event_context, provenance
from edge.rim.keys import load_identity
from edge.wire.envelope import DeviceProvenance
from hub_config.bench_scale import BenchScaleConfig
from hub_config.dimensioners import Dimensioner
from hub_config.load import load
from hub_config.metrology import Metrology
from hub_config.names import DeviceId

BENCH = Path(__file__).parents[2] / "examples" / "bench.toml"
DWS = Path(__file__).parents[2] / "simulators" / "scenarios" / "layouts" / "dws.toml"


def test_a_dimensioner_tells_its_calibration_and_a_scale_its_verification(tmp_path: Path) -> None:
    config = load(DWS)

    devices = event_context(config, load_identity(tmp_path, config.hub.mode), 1).devices

    dimensioner = DeviceProvenance(drv="record-dimensioner", cal="d-2026-02", cal_until="2027-02-01")
    assert devices[DeviceId("dim-1")] == dimensioner
    assert devices[DeviceId("wim-1")] == DeviceProvenance(drv="record-scale")
    assert getattr(config.device(DeviceId("dim-1")), "valid_until", None) == date(2027, 2, 1)


def test_firmware_and_certificate_of_a_scale_are_told_with_every_event_of_it() -> None:
    scale = load(BENCH).device(DeviceId("scale-1"))
    assert isinstance(scale, BenchScaleConfig)
    metrology = scale.metrology.model_copy(update={"cal": "c-2026-03", "seal": "s-7"})
    known = scale.model_copy(update={"firmware": "3.12", "metrology": metrology})

    assert provenance(known) == DeviceProvenance(
        fw="3.12", drv="mt-sics", cal="c-2026-03", cal_until="2027-11-30", seal="s-7"
    )
    assert provenance(scale).fw is None


def test_a_scale_inside_a_dimensioner_has_its_seal_told_and_the_earlier_day() -> None:
    dimensioner = load(DWS).device(DeviceId("dim-1"))
    metrology = Metrology.model_validate(
        {"regime": "mid-awi", "max": "30 kg", "min": "100 g", "e": "5 g", "mpe": "5 g", "seal": "s-7", "cal": "c-1",
         "valid_until": date(2026, 12, 31)}
    )  # fmt: skip
    assert isinstance(dimensioner, Dimensioner)

    told = provenance(dimensioner.model_copy(update={"metrology": metrology}))  # type: ignore[arg-type]  # any of them

    assert (told.cal, told.cal_until, told.seal) == ("d-2026-02, c-1", "2026-12-31", "s-7")


def test_what_came_later_changes_no_digest_of_a_config_without_it() -> None:
    config = load(BENCH)

    assert "firmware" not in config.model_dump_json()
    assert all("cal" not in device.get("metrology", {}) for device in config.model_dump()["devices"])
