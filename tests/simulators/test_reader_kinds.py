"""A belt line with a reader of each maker: told to read over its own bytes, it gives every parcel its code.

The device knows its maker's words, the driver too, and they share no code; a word that either has wrong shows here.
"""

from functools import lru_cache
from typing import Any

import pytest
from byte_line import FAULTLESS, one_line

from drivers.reading import BarcodeRead, DeviceFault, NoRead, Reading
from hub_config.devices import READER_KINDS
from hub_config.hub import HubConfig
from hub_config.readers import (
    CognexConfig,
    DatalogicConfig,
    HoneywellConfig,
    KeyenceSrConfig,
    ReaderConfig,
    SickColaConfig,
    SsiConfig,
)
from simulators.line_plant import LineOptions
from simulators.parcels import stream
from simulators.report import whole
from simulators.simulate import prepare

PARCELS = 20
SEED = 5
KINDS: dict[str, tuple[type[ReaderConfig], dict[str, Any]]] = {
    "keyence-sr": (KeyenceSrConfig, {}),
    "honeywell": (HoneywellConfig, {"trigger": "host", "separator": ","}),
    "datalogic": (DatalogicConfig, {"trigger_on": "GO\r", "trigger_off": "END\r"}),
    "cognex-dmcc": (CognexConfig, {"trigger": "host", "separator": ","}),
    "sick-cola-a": (SickColaConfig, {"separator": ","}),
    "ssi": (SsiConfig, {"trigger": "host"}),
}


def line_with(kind: str) -> HubConfig:
    hub = one_line()
    before = next(one for one in hub.devices if isinstance(one, KeyenceSrConfig))
    model, more = KINDS[kind]
    reader = model.model_validate(
        {"kind": kind, "id": before.id, "attach": before.attach, "aim": True, **more}
    )
    devices = tuple(reader if one is before else one for one in hub.devices)
    return hub.model_copy(update={"devices": devices})


@lru_cache
def told_by(kind: str) -> tuple[dict[str, Any], list[Reading]]:
    """A run without faults: its report, and what its reader told."""
    simulation = prepare(line_with(kind), stream(SEED, PARCELS), SEED, kind, lines=LineOptions(FAULTLESS))
    plant = simulation.hub.lines[0]
    told: list[Reading] = []
    give = plant._give

    def tap(reading: Reading) -> None:
        told.append(reading)
        give(reading)

    plant._give = tap
    report, details = simulation.run()
    assert details == ()
    reader = plant.line.readers[0].device
    return report, [one for one in told if one.device == reader]


def codes_of(told: list[Reading]) -> list[tuple[str, str | None, int | None]]:
    return [(one.data, one.aim, one.trigger) for one in told if isinstance(one, BarcodeRead)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_with_a_reader_of_any_maker_reads_every_parcel(kind: str) -> None:
    report, told = told_by(kind)
    usual, told_usually = told_by("keyence-sr")

    assert whole(report)
    assert not [one for one in told if isinstance(one, DeviceFault | NoRead)]
    codes, usual_codes = codes_of(told), codes_of(told_usually)
    if kind == "ssi":  # one code a session
        assert {trigger for _, _, trigger in codes} == {trigger for _, _, trigger in usual_codes}
        assert set(codes) <= set(usual_codes)
    else:
        assert codes == usual_codes
        assert report["parcels"] == usual["parcels"]


def test_every_kind_that_the_gateway_can_trigger_was_tried() -> None:
    reads_alone = {"sick-read", "line-scanner", "folder-camera", "external-codes"}

    assert set(KINDS) == set(READER_KINDS) - reads_alone - {one for one in READER_KINDS if "external" in one}
