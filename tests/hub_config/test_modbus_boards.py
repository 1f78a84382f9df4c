"""A polled Modbus block as the board of a belt, in the configuration: what must fit."""

from pathlib import Path

import pytest

from hub_config.load import check, load
from hub_config.modbus import ModbusIoConfig

EXAMPLE = Path(__file__).parents[2] / "examples/demo.toml"
DEMO = EXAMPLE.read_text(encoding="utf-8")
BEGIN = DEMO.index('id = "io-1"\nkind = "io-board"')
END = DEMO.index('[[devices]]\nid = "tunnel-1"')
BLOCK = """id = "io-1"
kind = "modbus-io"
module = "moxa-e1200"
attach = { kind = "tcp", host = "10.1.2.3", port = 502 }
poll = "10 ms"
outputs = 2
inputs = [
  { channel = 0, use = "beam", counted = true },
  { channel = 1, use = "beam", counted = true },
  { channel = 2, use = "beam", counted = true },
  { channel = 3, use = "beam", counted = true },
  { channel = 4, use = "beam", counted = true },
  { channel = 5, use = "beam", counted = true },
  { channel = 7, use = "encoder", counted = true },
]

"""
GOOD = DEMO[:BEGIN] + BLOCK + DEMO[END:]


def said_of(folder: Path, text: str) -> list[str]:
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    return [str(fault).removeprefix(f"{folder}/") for fault in check(file)]


def test_a_block_may_be_the_board_of_a_line(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(GOOD, encoding="utf-8")

    block = load(file).device(load(file).lines[0].board)

    assert isinstance(block, ModbusIoConfig)
    assert (block.encoder.channel, block.outputs) == (7, 2)


INTERROLL = GOOD.replace('"moxa-e1200"', '"interroll-multicontrol"').replace(", counted = true", "")

FAULTS = [
    (GOOD, 'poll = "10 ms"', 'poll = "50 ms"', "in two polls of"),
    (GOOD, 'poll = "10 ms"', 'poll = "60 ms"', '"60 ms" is too'),
    (GOOD, "outputs = 2", "outputs = 1", "channel 1 is no output of"),
    (GOOD, "outputs = 2", "outputs = 17", "17 is too high"),
    (GOOD, 'channel = 7, use = "encoder", counted = true', 'channel = 7, use = "encoder"', "a poll sees no pulses"),
    (GOOD, 'channel = 7, use = "encoder"', 'channel = 7, use = "beam"', "0 inputs are an encoder"),
    (GOOD, "channel = 5, use", "channel = 4, use", "channel 4 is listed twice"),
    (GOOD, "channel = 5, use", "channel = 21, use", "channel 21 is no input of moxa-e1200"),
    (GOOD, "outputs = 2", "outputs = 2\ncounts_per_s = 9", "counts_per_s is not used"),
    (GOOD, '"moxa-e1200"', '"wago-750"', '"wago-750" is not known'),
    (GOOD, 'kind = "tcp", host', 'kind = "tcp-listen", host', '"tcp-listen" is not known'),
    (INTERROLL, "outputs = 2", "outputs = 0\ncounts_per_s = 3000", "first_register is missing"),
    (INTERROLL, "outputs = 2", "outputs = 2\ncounts_per_s = 3000\nfirst_register = 0", "2 outputs of interroll"),
    (INTERROLL, "outputs = 2", "outputs = 0\nfirst_register = 0", "counts_per_s is missing"),
    (GOOD, '"moxa-e1200"', '"conveylinx"', "conveylinx counts nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "old", "new", "words"), FAULTS, ids=lambda text: text[-24:])
def test_a_fault_is_named_with_its_limit(tmp_path: Path, text: str, old: str, new: str, words: str) -> None:
    assert old in text

    said = said_of(tmp_path, text.replace(old, new, 1))

    assert any(words in line for line in said), said
