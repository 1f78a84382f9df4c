"""A trace of bytes as text: written, read back, filled with readings, and refused when it is none."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import pytest
from driver_configs import scale_config, scanner_config
from played_device import played

from drivers.bytes_trace import (
    TraceFault,
    header,
    is_bytes_trace,
    lines,
    outcome,
    read,
    replay,
    told,
    with_readings,
)
from hub_config.devices import Device
from hub_config.names import Instant


def text_of(device: Device, seed: int = 3) -> list[bytes]:
    attached, _ = played(device, seed)
    head = header(device, "0.1.0", Instant(5_000), 1_795_000_000_000_000)
    return [json.dumps(line).encode() + b"\n" for line in lines(head, attached.tap.kept())]


@pytest.mark.parametrize("device", [scale_config(), scanner_config()], ids=["scale", "scanner"])
def test_a_trace_is_read_back_as_it_was_written(device: Device) -> None:
    attached, _ = played(device, 3)

    trace = read(text_of(device))

    assert trace.device == device
    (part,) = trace.parts
    expected = [asdict(record) | {"position": None} for record in attached.tap.kept().calls]
    assert [asdict(record) | {"position": None} for record in part] == expected


def test_a_replay_of_the_text_gives_the_same_and_the_readings_stand_beside_their_bytes() -> None:
    device = scale_config()
    _, readings = played(device, 3)

    filled, came = with_readings(text_of(device))

    assert came.same
    assert came.catching_up == 0
    assert [one for line in filled for one in json.loads(line).get("readings", ())] == [
        told(one) for one in readings
    ]
    again = read(filled)
    assert outcome(again, replay(again)) == came


def test_what_differs_after_a_gap_is_no_fault_until_the_driver_is_in_step() -> None:
    text = [*text_of(scanner_config())]
    text.insert(2, b'{"gap":true}\n')
    text[3] = json.dumps(json.loads(text[3]) | {"told": "ff" * 16}).encode() + b"\n"

    trace = read(text)
    came = outcome(trace, replay(trace))

    assert len(trace.parts) == 2
    assert (came.differing, came.catching_up, came.same) == (1, 1, True)


def test_what_differs_later_is_a_fault() -> None:
    text = [*text_of(scanner_config())]
    text.insert(2, b'{"gap":true}\n')
    text[-1] = json.dumps(json.loads(text[-1]) | {"told": "ff" * 16}).encode() + b"\n"

    trace = read(text)

    assert not outcome(trace, replay(trace)).same


def test_a_trace_that_was_cut_while_it_was_written_ends_with_its_last_whole_line() -> None:
    text = text_of(scanner_config())

    assert len(read([*text[:10], text[10][:-5]]).parts[0]) == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ([], "1: no line of a trace"),
        ([b"{}\n"], "1: this is no trace of bytes"),
        ([b'{"trace":"inputs","v":1}\n'], "1: this is no trace of bytes"),
        ([b'{"trace":"bytes","v":9}\n'], "1: a trace of version 9; this program reads 1"),
        ([b'{"trace":"bytes","v":1}\n'], "1: 'device'"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(text: Sequence[bytes], words: str) -> None:
    with pytest.raises(TraceFault, match=words):
        read(text)


@pytest.mark.parametrize(
    "line", [b"[]\n", b"{\n", b'{"at":1}\n', b'{"at":1,"call":"jump"}\n', b'{"at":1,"call":"in","in":"x"}\n']
)
def test_a_line_that_is_no_call_is_refused_with_its_number(line: bytes) -> None:
    with pytest.raises(TraceFault, match=r"^2: no (call|line) of a trace"):
        read([text_of(scanner_config())[0], line])


@pytest.mark.parametrize("line", [b"", b"{", b"[1]", b'{"trace":"inputs"}'])
def test_another_kind_of_trace_is_told_apart(line: bytes) -> None:
    assert not is_bytes_trace(line)
    assert is_bytes_trace(b'{"trace":"bytes","v":1}')
