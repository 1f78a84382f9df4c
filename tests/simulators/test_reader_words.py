"""Simulated readers of Honeywell, Datalogic, Cognex and SICK: what they are told and tell, by the manuals' frames."""

import json
from base64 import b64decode
from pathlib import Path

from hub_config.names import MILLISECOND, Instant
from simulators.devices.reader_device import ReaderDevice
from simulators.devices.reader_words import CognexWords, DatalogicWords, HoneywellWords, SickWords

CODE = ("RB123456785GB", "]C0")
OTHER = ("X", "]Q1")
LATER = Instant(10**12)
VECTORS = Path(__file__).parent.parent / "vectors" / "vectors.jsonl"


def ms(milliseconds: int) -> Instant:
    return Instant(milliseconds * MILLISECOND)


def frame(vector: str) -> bytes:
    """From a manual."""
    rows = map(json.loads, VECTORS.read_text(encoding="utf-8").splitlines())
    return bytes.fromhex(next(row["hex"] for row in rows if row["id"] == vector))


def seen(reader: ReaderDevice, on: bytes, *codes: tuple[str, str]) -> bytes:
    """What it says of these."""
    reader.look(codes, ms(0))
    reader.receive(on, ms(0))
    return reader.take_output(LATER)


def test_honeywell_reads_while_syn_t_is_on_and_says_nr_at_its_end() -> None:
    on, off = frame("honeywell-01"), frame("honeywell-02")

    assert seen(ReaderDevice(HoneywellWords()), on, CODE) == b"RB123456785GB\r"
    assert seen(ReaderDevice(HoneywellWords()), on + off) == frame("honeywell-04")


def test_honeywell_answers_menu_commands_by_their_outcome() -> None:
    reader = ReaderDevice(HoneywellWords(menu={b"232BAD": b"5", b"CBRENA": b"1"}))
    reader.receive(frame("honeywell-03") + b"\x16M\rCBRENA?.\x16M\rCBRENAx!\x16M\rXXXYYY1.", ms(0))

    said = reader.take_output(LATER)
    assert said == b"232BAD9\x06." + frame("honeywell-05") + b"CBRENAx\x15!" + b"XXXYYY1\x05."


def test_datalogic_marks_what_is_missing_and_what_is_too_much() -> None:
    def reader(expects: int | None) -> ReaderDevice:
        return ReaderDevice(DatalogicWords(expects=expects))

    assert seen(reader(None), b"GO\r", CODE, OTHER) == b"\x02RB123456785GB,X\r\n"
    assert seen(reader(3), b"GO\r", CODE) == b"\x02RB123456785GB,?,?\r\n"
    assert seen(reader(1), b"GO\r", CODE, OTHER) == b"\x02MULTIPLE\r\n"
    assert seen(reader(2), b"GO\rEND\r") == frame("datalogic-02")
    assert seen(reader(2), b"HELLO\r", CODE) == b""


def test_cognex_is_silent_or_answers_each_command() -> None:
    on = frame("cognex-dmcc-01")
    extended = ReaderDevice(CognexWords(extended=True))

    assert seen(ReaderDevice(CognexWords()), on, CODE) == b"RB123456785GB\r\n"
    told = seen(extended, on + on + b"||>FLY\r\n", CODE).split(b"\r\n")
    assert told[:3] == [b"||[0]", b"||[104]", b"||[101]"]
    assert b64decode(told[3].removeprefix(b"||[1]")) == b"RB123456785GB"


def test_sick_answers_the_gate_and_puts_results_between_stx_and_etx() -> None:
    on, off = frame("sick-cola-a-01"), frame("sick-cola-a-02")
    reader = ReaderDevice(SickWords(line_end=b"\r\n"))

    assert seen(reader, on, CODE) == b"\x02sAN mTCgateon 1\x03\x02RB123456785GB\r\n\x03"
    reader.look([], ms(5_000))
    reader.receive(on + on + off + b"\x02sRN x\x03", ms(5_000))
    assert reader.take_output(LATER) == (
        b"\x02sAN mTCgateon 1\x03\x02sAN mTCgateon 0\x03\x02sAN mTCgateoff 1\x03"
        + b"\x02NoRead\r\n\x03\x02sFA 3\x03"
    )
