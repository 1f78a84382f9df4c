"""What a running gateway says of its devices with every event: their calibration, as the configuration has it."""

from datetime import date
from pathlib import Path
from typing import Any

from edge.app import event_context
from edge.rim.keys import load_identity
from edge.rim.provenance import config_changed, provenances
from edge.wire.envelope import DeviceProvenance
from hub_config.bench_scale import BenchScaleConfig
from hub_config.hub import HubConfig, canonical
from hub_config.load import load
from hub_config.metrology import Metrology
from hub_config.names import DeviceId, Instant

BENCH = Path(__file__).parents[2] / "examples" / "bench.toml"
DWS = Path(__file__).parents[2] / "simulators" / "scenarios" / "layouts" / "dws.toml"


def test_a_dimensioner_tells_its_calibration_and_a_scale_its_verification(tmp_path: Path) -> None:
    config = load(DWS)

    devices = event_context(config, load_identity(tmp_path, config.hub.mode), 1).devices

    dimensioner = DeviceProvenance(drv="record-dimensioner", cal="d-2026-02", cal_until="2027-02-01")
    assert devices[DeviceId("dim-1")] == dimensioner
    assert devices[DeviceId("wim-1")] == DeviceProvenance(drv="record-scale")
    assert getattr(config.device(DeviceId("dim-1")), "valid_until", None) == date(2027, 2, 1)


def known(config: HubConfig, device: str, **facts: object) -> HubConfig:
    """The same config, where more is known of this device."""
    devices = [one.model_copy(update=facts) if one.id == device else one for one in config.devices]
    return config.model_copy(update={"devices": tuple(devices)})


def told(config: HubConfig) -> str:
    return canonical(config).decode()


def bench_with(seal: str, firmware: str | None = None) -> HubConfig:
    config = load(BENCH)
    scale = config.device(DeviceId("scale-1"))
    assert isinstance(scale, BenchScaleConfig)
    metrology = scale.metrology.model_copy(update={"cal": "c-2026-03", "seal": seal})
    return known(config, "scale-1", firmware=firmware, metrology=metrology)


def test_firmware_and_certificate_of_a_scale_are_told_with_every_event_of_it() -> None:
    assert provenances(told(bench_with("s-7", "3.12")))[DeviceId("scale-1")] == DeviceProvenance(
        fw="3.12", drv="mt-sics", cal="c-2026-03", cal_until="2027-11-30", seal="s-7"
    )
    assert provenances(told(load(BENCH)))[DeviceId("scan-1")] == DeviceProvenance(drv="line-scanner")


def test_a_scale_inside_a_dimensioner_has_its_seal_told_and_the_earlier_day() -> None:
    metrology = Metrology.model_validate(
        {"regime": "mid-awi", "max": "30 kg", "min": "100 g", "e": "5 g", "mpe": "5 g", "seal": "s-7", "cal": "c-1",
         "valid_until": date(2026, 12, 31)}
    )  # fmt: skip
    found = provenances(told(known(load(DWS), "dim-1", metrology=metrology)))[DeviceId("dim-1")]

    assert (found.cal, found.cal_until, found.seal) == ("d-2026-02, c-1", "2026-12-31", "s-7")


def test_what_came_later_changes_no_digest_of_a_config_without_it() -> None:
    config = load(BENCH)

    assert "firmware" not in config.model_dump_json()
    assert all("cal" not in device.get("metrology", {}) for device in config.model_dump()["devices"])


def kept(*configs: HubConfig) -> dict[str, Any]:
    return {"newest_last": [{"digest": one.digest(), "text": told(one)} for one in configs]}


def test_a_seal_broken_between_two_runs_is_told() -> None:
    old, new = bench_with("s-7", "3.11"), bench_with("s-8", "3.12")

    changed = config_changed(kept(load(BENCH), old), told(new), new.digest(), Instant(5))

    assert changed is not None
    assert (changed.at, changed.before, changed.digest) == (5, old.digest(), new.digest())
    assert changed.devices == (
        (
            ("device", "scale-1"),
            ("fw_before", "3.11"),
            ("fw", "3.12"),
            ("seal_before", "s-7"),
            ("seal", "s-8"),
        ),
    )


def test_devices_that_came_and_went_are_told() -> None:
    old = load(BENCH)
    new = old.model_copy(update={"devices": old.devices[:1]})

    gone = config_changed(kept(old), told(new), new.digest(), Instant(5))
    come = config_changed(kept(new), told(old), old.digest(), Instant(5))

    assert gone is not None
    assert gone.devices[0][:3] == (("device", "scale-1"), ("change", "removed"), ("drv_before", "mt-sics"))
    assert come is not None
    assert come.devices[0][:3] == (("device", "scale-1"), ("change", "added"), ("drv", "mt-sics"))


def test_the_same_configuration_and_a_first_run_are_no_change() -> None:
    config = load(BENCH)

    assert config_changed(kept(config), told(config), config.digest(), Instant(5)) is None
    assert config_changed(None, told(config), config.digest(), Instant(5)) is None
    assert config_changed(kept(), told(config), config.digest(), Instant(5)) is None
