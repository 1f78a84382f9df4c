"""The models themselves: exact, frozen, and one digest for one meaning."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub_config.hub import HubConfig
from hub_config.layout import BARCODE_LETTERS, BARCODE_PREFIX, Bay
from hub_config.load import load
from hub_config.metrology import Metrology
from hub_config.scales import SicsScaleConfig
from hub_config.trust import kid_of, raw_key
from hub_config.units import FROM_FILE

EXAMPLE = Path(__file__).parents[2] / "examples/bench.toml"


def from_file(data: object) -> HubConfig:
    return HubConfig.model_validate(data, by_alias=True, by_name=False, context=FROM_FILE)


def turned(value: object) -> object:
    """The same tables with their keys in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(entry) for entry in value] if isinstance(value, list) else value


def test_quantities_are_whole_numbers_of_the_unit_in_the_name() -> None:
    config = load(EXAMPLE)
    scale, bench = config.device("scale-1"), config.benches[0]

    assert isinstance(scale, SicsScaleConfig)
    assert (scale.poll_ms, scale.answer_timeout_ms) == (100, 500)
    assert (scale.metrology.max_mg, scale.metrology.min_mg, scale.metrology.e_mg) == (
        30_000_000,
        100_000,
        5_000,
    )
    assert (bench.weigh_timeout_ms, bench.min_load_mg, config.broker.keepalive_s) == (20_000, 20_000, 10)


def test_a_device_that_is_not_there_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError, match="no device scan-9 in the config of gw-01"):
        load(EXAMPLE).device("scan-9")


def test_a_config_can_not_be_changed() -> None:
    config = load(EXAMPLE)

    with pytest.raises(ValidationError):
        config.hub.mode = "live"


def test_the_digest_is_of_the_meaning_not_of_the_text() -> None:
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    said = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    said["broker"]["keepalive"] = "10 s"  # the default, written down
    said["devices"][1]["metrology"]["max"] = "30000 g"
    other = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    other["broker"]["port"] = 1884

    digest = from_file(data).digest()

    assert len(digest) == 64
    assert digest == from_file(turned(data)).digest() == from_file(said).digest()
    assert digest != from_file(other).digest()


def test_a_program_may_give_whole_numbers_where_a_file_must_give_units() -> None:
    made = Metrology(regime="none", max_mg=6_000_000, min_mg=0, e_mg=1_000, mpe_mg=1_000)

    assert made.max_mg == 6_000_000
    with pytest.raises(ValidationError, match="has no unit"):
        Metrology.model_validate(
            {"regime": "none", "max": 6_000_000, "min": "0 g", "e": "1 g", "mpe": "1 g"}, context=FROM_FILE
        )


@given(st.text(BARCODE_LETTERS, min_size=2, max_size=6))
def test_every_bay_barcode_is_command_letters_and_names_no_parcel(letters: str) -> None:
    barcode = Bay(lane="hold", bay="H1", barcode=BARCODE_PREFIX + letters).barcode

    assert not any(sign.isdigit() for sign in barcode)  # every parcel identifier has digits
    assert set(barcode) <= set(BARCODE_LETTERS)


def test_the_id_of_the_well_known_practice_key_is_right() -> None:
    assert kid_of(raw_key("A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg")) == "Vkdap1RjR0wChd9d"
