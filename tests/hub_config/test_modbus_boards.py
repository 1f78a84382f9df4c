"""A polled Modbus block as the board of a belt, in the configuration: what must fit."""

from pathlib import Path

import pytest

from edge.cli import main
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
INTERROLL_OUTPUTS = INTERROLL.replace(
    "outputs = 2",
    """outputs = 2
counts_per_s = 3000
first_register = 0
output_register = 100
motor_1 = "unused"
motor = 2
watchdog = "300 ms\"""",
)
CONVEYLINX = GOOD.replace('"moxa-e1200"', '"conveylinx"').replace(", counted = true", "").replace(
    "outputs = 2", 'outputs = 2\ncounts_per_s = 3000\nwatchdog = "300 ms"'
)  # fmt: skip


def test_a_roller_controller_may_be_the_board_that_diverts(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(INTERROLL_OUTPUTS, encoding="utf-8")

    block = load(tmp_path / "hub.toml").device(load(tmp_path / "hub.toml").lines[0].board)

    assert isinstance(block, ModbusIoConfig)
    assert (block.outputs, block.output_register, block.motor, block.lingers_ms) == (2, 100, 2, 310)


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
    (INTERROLL, "outputs = 2", "outputs = 5\ncounts_per_s = 3000\nfirst_register = 0", "5 outputs of interroll"),
    (INTERROLL_OUTPUTS, 'motor_1 = "unused"\n', "", "share their register with the set-point of motor 1"),
    (INTERROLL_OUTPUTS, "motor = 2\n", "", "share their register with the set-point of motor 1"),
    (INTERROLL_OUTPUTS, "output_register = 100\n", "", "output_register is missing"),
    (INTERROLL_OUTPUTS, 'watchdog = "300 ms"', "", "names no time after which outputs drop"),
    (INTERROLL_OUTPUTS, "channel = 5, use", "channel = 9, use", "channel 9 is I/O 2, which is an output"),
    (INTERROLL_OUTPUTS, "outputs = 2", "outputs = 0", "output_register is not used"),
    (CONVEYLINX, "outputs = 2", "outputs = 3", "3 outputs of conveylinx"),
    (CONVEYLINX, 'watchdog = "300 ms"', "", "names no time after which outputs drop"),
    (CONVEYLINX, "outputs = 2", "outputs = 2\nmotor = 2", "motor 2 of conveylinx"),
    (CONVEYLINX, "outputs = 2", "outputs = 2\noutput_register = 36", "output_register is not used"),
    (CONVEYLINX, 'kind = "tcp", host = "10.1.2.3", port = 502', 'kind = "serial", port = "/dev/ttyS4", baud = 9600',
     "its manual has Modbus TCP alone"),
    (INTERROLL, "outputs = 2", "outputs = 0\nfirst_register = 0", "counts_per_s is missing"),
    (GOOD, '"moxa-e1200"', '"conveylinx"', "conveylinx counts nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "old", "new", "words"), FAULTS, ids=lambda text: text[-24:])
def test_a_fault_is_named_with_its_limit(tmp_path: Path, text: str, old: str, new: str, words: str) -> None:
    assert old in text

    said = said_of(tmp_path, text.replace(old, new, 1))

    assert any(words in line for line in said), said


@pytest.mark.parametrize(
    ("key", "uncounted", "said"),
    [
        ('lost_after = "20 ms"', False, "lost_after is 20 ms; three polls are 30 ms"),
        ('lost_after = "66 ms"', False, None),  # 99 mm
        (
            'lost_after = "70 ms"',
            False,
            'in the lost_after of "io-1" the belt comes 105 mm far; at most 10 cm',
        ),
        (
            'lost_after = "40 ms"',
            True,
            "the belt comes 6 cm far; at most 25 mm: twice tolerance, min_gap and min",
        ),
    ],
)
def test_how_long_a_block_may_be_silent_is_held_against_the_belt(
    tmp_path: Path, key: str, *, uncounted: bool, said: str | None
) -> None:
    text = GOOD.replace("outputs = 2", f"outputs = 2\n{key}")
    if uncounted:
        text = text.replace('{ channel = 0, use = "beam", counted = true }', '{ channel = 0, use = "beam" }')

    faults = said_of(tmp_path, text)

    assert [one for one in faults if said is None or said not in one] == []
    assert bool(faults) == (said is not None)


def test_check_tells_what_room_outputs_that_linger_need(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(GOOD, encoding="utf-8")

    assert main(["check", str(file)]) == 0

    told = capsys.readouterr().out.splitlines()
    assert len(told) == 3
    assert "diverter d1" in told[0]
    assert "1215 mm behind, 45 cm for the diverter and 765 mm as its output may stay on for 510 ms" in told[0]
    assert told[-1] == f"{file}: ok"
