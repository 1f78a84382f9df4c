"""Frames that stand in no document, made by hand from the layouts of the manuals: every status, unit, sign, decimal
place and error code, and what is cut off, glued together, damaged or of another protocol."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drivers.decode import DECODERS, decode
from drivers.meanings import Meaning

_FILE = Path(__file__).parent.parent / "vectors" / "hand-made" / "frames.jsonl"
_ROWS: list[dict[str, Any]] = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
_VALUES = ("value", "mass_mg", "weight_g", "l_um")
_CODES = ("scan", "multi_scan", "stream", "identifier")


def told(row: Mapping[str, Any]) -> list[Meaning]:
    return decode(row["protocol"], [bytes.fromhex(frame) for frame in row["frames"]], row.get("config", {}))


def is_value(meaning: Meaning) -> bool:
    """Something that a parcel could be given: a weight with a number, a size, a code."""
    weighs = meaning["kind"] not in ("command", "info", "raw", "ack")
    numbers = weighs and any(meaning.get(key) is not None for key in _VALUES)
    return numbers or (meaning["kind"] in _CODES and meaning.get("valid") is not False)


@pytest.mark.parametrize("row", [row for row in _ROWS if "meanings" in row], ids=lambda row: row["id"])
def test_a_frame_made_by_hand_has_the_meaning_that_its_manual_gives_it(row: dict[str, Any]) -> None:
    meanings = told(row)

    seen = [
        {key: meaning.get(key) for key in wanted}
        for meaning, wanted in zip(meanings, row["meanings"], strict=True)
    ]
    assert seen == row["meanings"]


@pytest.mark.parametrize("row", [row for row in _ROWS if "no_value" in row], ids=lambda row: row["id"])
def test_a_frame_that_is_cut_off_or_damaged_is_no_weight_and_no_code(row: dict[str, Any]) -> None:
    meanings = told(row)

    assert meanings
    assert [meaning for meaning in meanings if is_value(meaning)] == []


def test_every_row_says_one_of_the_two_and_its_section() -> None:
    assert all(("meanings" in row) != ("no_value" in row) and row["source"] for row in _ROWS)
    assert len({row["id"] for row in _ROWS}) == len(_ROWS)
    assert {row["protocol"] for row in _ROWS} <= set(DECODERS)
