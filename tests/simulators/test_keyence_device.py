"""A simulated Keyence SR reader: it answers a trigger once, with what it sees, and goes wrong when asked to."""

import json
from pathlib import Path

from hub_config.names import MILLISECOND, Instant
from simulators.devices.fixed_reader import READ_NS
from simulators.devices.keyence_sr import KeyenceReader
from simulators.devices.reader_device import MAX_ANSWERS, MAX_COMMAND

CODE = ("RB123456785GB", "]C0")
LATER = Instant(10**12)
READ_MS = READ_NS // MILLISECOND
VECTORS = Path(__file__).parent.parent / "vectors" / "vectors.jsonl"


def ms(milliseconds: int) -> Instant:
    return Instant(milliseconds * MILLISECOND)


def frame(vector: str) -> bytes:
    """From a manual."""
    rows = map(json.loads, VECTORS.read_text(encoding="utf-8").splitlines())
    return bytes.fromhex(next(row["hex"] for row in rows if row["id"] == vector))


LON, LOFF = frame("keyence-sr-01"), frame("keyence-sr-02")


def test_a_code_in_view_is_read_some_time_after_the_trigger() -> None:
    reader = KeyenceReader()
    reader.look([CODE], ms(0))
    reader.receive(LON, ms(10))

    assert reader.wake_at == ms(10 + READ_MS)
    assert reader.take_output(ms(9 + READ_MS)) == b""
    assert reader.take_output(ms(10 + READ_MS)) == b"RB123456785GB\r"
    assert reader.wake_at is None


def test_a_code_that_comes_into_view_while_triggered_is_read_and_one_that_left_too_soon_is_not() -> None:
    reader = KeyenceReader()
    reader.receive(LON, ms(0))
    reader.look([("FAST", "]C0")], ms(10))
    reader.look([], ms(20))
    reader.look([CODE], ms(100))

    assert reader.take_output(ms(99 + READ_MS)) == b""
    assert reader.take_output(LATER) == b"RB123456785GB\r"


def test_without_a_trigger_it_reads_nothing() -> None:
    reader = KeyenceReader()
    reader.look([CODE], ms(0))

    assert reader.take_output(LATER) == b""


def test_several_codes_are_one_answer_with_aim_identifiers_if_set() -> None:
    reader = KeyenceReader(aim=True, suffix=b"\r\n", separator=b";")
    reader.look([CODE, ("X", "]Q1")], ms(0))
    reader.receive(LON, ms(0))

    assert reader.take_output(LATER) == b"]C0RB123456785GB;]Q1X\r\n"


def test_a_trigger_that_saw_nothing_ends_with_the_no_read_text() -> None:
    reader = KeyenceReader()
    reader.receive(LON, ms(0))
    reader.receive(LOFF, ms(200))

    assert reader.take_output(LATER) == frame("keyence-sr-05")


def test_a_trigger_is_answered_once() -> None:
    reader = KeyenceReader()
    reader.look([CODE], ms(0))
    reader.receive(LON, ms(0))
    reader.receive(LOFF, ms(500))

    assert reader.take_output(LATER) == b"RB123456785GB\r"
    reader.look([], ms(600))
    reader.look([CODE], ms(700))
    assert reader.take_output(LATER) == b""


def test_a_reader_that_collects_answers_after_loff_with_all_it_has_seen_each_code_once() -> None:
    reader = KeyenceReader(collects=True)
    reader.receive(LON, ms(0))
    for at, codes in (
        (10, [CODE]),
        (100, []),
        (150, [CODE, ("X", "]Q1")]),
        (250, [("FAST", "]C0")]),
        (260, []),
    ):
        reader.look(codes, ms(at))
    early = reader.take_output(ms(299))
    reader.receive(LOFF, ms(300))

    assert early == b""
    assert reader.take_output(LATER) == b"RB123456785GB,X\r"
    reader.receive(LON + LOFF, ms(400))
    assert reader.take_output(LATER) == b"ERROR\r"


def test_acknowledgements_are_a_setting_and_framed_as_the_command_was() -> None:
    reader = KeyenceReader(acks=True)
    reader.receive(LON, ms(0))
    acknowledged = reader.take_output(ms(5))
    reader.receive(b"\x02LOFF\x03", ms(10))
    ended = reader.take_output(ms(20))
    reader.receive(LOFF, ms(30))

    assert acknowledged == frame("keyence-sr-04")
    assert ended == b"\x02OK,LOFF\x03ERROR\r"
    assert reader.take_output(LATER) == b"ER,LOFF,20\r"


def test_a_second_lon_while_it_reads_is_refused() -> None:
    reader = KeyenceReader()
    reader.receive(LON * 2, ms(0))

    assert reader.take_output(LATER) == frame("keyence-sr-06")


def test_commands_in_pieces_are_whole_and_unknown_or_endless_ones_are_refused() -> None:
    reader = KeyenceReader()
    for place in range(len(LON)):
        reader.receive(LON[place : place + 1], ms(place))
    reader.receive(b"\r\rTUNE\r" + b"x" * (MAX_COMMAND + 1) + b"\r" + LOFF, ms(10))

    assert reader.take_output(LATER) == b"ER,TUNE,00\rER,xxxxxxxxxxxxxxxx,00\rERROR\r"


def test_a_missed_reading_is_a_no_read_though_the_code_is_in_view() -> None:
    reader = KeyenceReader()
    reader.look([CODE], ms(0))
    reader.miss_next()
    reader.receive(LON, ms(0))
    reader.receive(LOFF, ms(300))
    missed = reader.take_output(ms(310))
    reader.receive(LON, ms(400))

    assert missed == b"ERROR\r"
    assert reader.take_output(LATER) == b"RB123456785GB\r"


def test_a_mute_reading_is_not_answered_at_all_and_the_next_one_is() -> None:
    reader = KeyenceReader()
    reader.look([CODE], ms(0))
    for at, mute in ((0, True), (500, True), (1_000, False)):
        if mute:
            reader.mute_next()
        reader.look([CODE] if at else [], ms(at))
        reader.receive(LON, ms(at))
        reader.receive(LOFF, ms(at + 200))

    assert reader.take_output(LATER) == b"RB123456785GB\r"


def test_a_late_answer_comes_under_the_next_trigger_and_before_its_own() -> None:
    reader = KeyenceReader()
    reader.look([("FIRST", "]C0")], ms(0))
    reader.delay_next(600 * MILLISECOND)
    reader.receive(LON, ms(0))
    reader.receive(LOFF, ms(200))
    reader.look([("SECOND", "]C0")], ms(400))
    reader.receive(LON, ms(400))

    assert reader.take_output(ms(599 + READ_MS)) == b""
    assert reader.take_output(LATER) == b"FIRST\rSECOND\r"


def test_a_late_no_read_is_late_by_as_much() -> None:
    reader = KeyenceReader()
    reader.delay_next(600 * MILLISECOND)
    reader.receive(LON, ms(0))
    reader.receive(LOFF, ms(200))

    assert reader.wake_at is not None
    assert reader.wake_at > ms(800)
    assert reader.take_output(LATER) == b"ERROR\r"


def test_answers_past_the_bound_are_lost_and_counted() -> None:
    reader = KeyenceReader()
    for _ in range(MAX_ANSWERS + 2):
        reader.receive(LON + LOFF, ms(0))

    assert reader.lost_answers == 2
    assert reader.take_output(LATER) == b"ERROR\r" * MAX_ANSWERS


def test_a_reader_that_was_off_has_forgotten_its_trigger() -> None:
    reader = KeyenceReader()
    reader.receive(LON + b"LO", ms(0))
    reader.power_up()
    reader.receive(LOFF, ms(10))

    assert reader.take_output(LATER) == b""
