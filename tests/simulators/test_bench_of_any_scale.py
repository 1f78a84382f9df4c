"""The whole bench under simulated time with each kind of scale: operators, mistakes, line faults, the coordinator."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from hub_config.bench_scale import BenchScaleConfig
from hub_config.hub import HubConfig
from hub_config.request_scales import NciConfig, SmaConfig, Toledo8217Config
from hub_config.scale_text import ScaleTextConfig
from hub_config.scales import SicsScaleConfig
from hub_config.stream_scales import CardinalConfig, MtContinuousConfig, RiceLakeConfig
from simulators import bench_plant
from simulators.devices.nci_tongue import NciTongue
from simulators.devices.scale_wire import ScaleWire, Tongue
from simulators.devices.toledo_tongue import ToledoTongue
from simulators.parcels import stream
from simulators.practice import NO_PORTS, practice_signer, write_hub
from simulators.report import whole
from simulators.scales import wire_for
from simulators.simulate import prepare

PARCELS = 25
SCALES: dict[str, tuple[type[BenchScaleConfig], dict[str, Any]]] = {
    "mt-sics SIR": (SicsScaleConfig, {"mode": "continuous"}),
    "toledo-8217": (Toledo8217Config, {"unit": "kg", "picture": "00.000"}),
    "sma": (SmaConfig, {}),
    "sma R": (SmaConfig, {"mode": "continuous"}),
    "nci": (NciConfig, {"status_bytes": 3}),
    "mt-continuous": (MtContinuousConfig, {}),
    "mt-continuous short": (MtContinuousConfig, {"short": True, "checksum": "off"}),
    "ricelake-stream": (RiceLakeConfig, {}),
    "cardinal-stream": (CardinalConfig, {}),
}


@lru_cache(maxsize=1)
def one_bench() -> HubConfig:
    with TemporaryDirectory() as folder:
        return write_hub(
            Path(folder), (), practice_signer("coordinator"), ports=NO_PORTS, scenario="bench"
        ).config


def bench_with(model: type[BenchScaleConfig], **settings: Any) -> HubConfig:
    """The bench of the demo with another scale."""
    config = one_bench()
    old = config.device(config.benches[0].scale)
    assert isinstance(old, BenchScaleConfig)
    kind = model.model_fields["kind"].annotation
    same = {
        "id": old.id,
        "attach": old.attach,
        "metrology": old.metrology,
        "poll_ms": 100,
        "answer_timeout_ms": 500,
    }
    new = model.model_validate({**same, "kind": kind.__args__[0] if kind is not None else None, **settings})
    devices = tuple(new if one.id == old.id else one for one in config.devices)
    return config.model_copy(update={"devices": devices})


@pytest.mark.parametrize("name", SCALES)
def test_a_bench_with_this_scale_holds_and_releases_what_it_should(name: str) -> None:
    model, settings = SCALES[name]
    config = bench_with(model, **settings)

    report, details = prepare(config, stream(3, PARCELS), 3, name).run()

    assert details == ()
    assert whole(report)
    assert report["release"]["share"] >= 0.9 * report["release"]["oracle_share"]
    assert sum(count for what, count in report["parcels"].items() if what != "entered") == PARCELS


@pytest.mark.parametrize(
    ("model", "settings", "tongue"),
    [
        (Toledo8217Config, {"unit": "kg"}, lambda: ToledoTongue(zero_by_status=True)),
        (NciConfig, {}, lambda: NciTongue(ecr=True)),
    ],
    ids=["toledo", "nci ecr"],
)
def test_a_scale_that_says_by_its_status_that_it_is_empty_is_empty(
    monkeypatch: pytest.MonkeyPatch,
    model: type[BenchScaleConfig],
    settings: dict[str, Any],
    tongue: Callable[[], Tongue],
) -> None:
    monkeypatch.setattr(bench_plant, "wire_at", lambda _hub, _bench: lambda scale: ScaleWire(scale, tongue()))

    report, details = prepare(bench_with(model, **settings), stream(3, PARCELS), 3, "zero").run()

    assert details == ()
    assert whole(report)
    assert report["release"]["share"] >= 0.9 * report["release"]["oracle_share"]


def test_a_scale_that_no_simulated_one_speaks_like_is_refused() -> None:
    config = bench_with(SmaConfig)
    scale = config.device(config.benches[0].scale)
    other = ScaleTextConfig.model_construct(id=scale.id, mode="polled", unit=None, kind="scale-text")

    with pytest.raises(ValueError, match="no simulated scale speaks scale-text"):
        wire_for(other)(None)  # type: ignore[arg-type]  # it is refused before
