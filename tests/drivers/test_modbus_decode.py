"""Modbus as conveyor-io §3 has it: every function code both ways, exceptions, CRC, split and merged frames."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors_file import vectors

from drivers.conveyors.modbus_frames import TcpFrame, TcpFrames, crc16, rtu_frame, tcp_frame
from drivers.conveyors.modbus_pdu import (
    BITS_MAX,
    EXCEPTIONS,
    PDU_MAX_BYTES,
    WORDS_MAX,
    Read,
    Refused,
    Write,
    is_answer_to,
    parse_answer,
    parse_request,
    request_bytes,
)
from drivers.decode import decode


def told(protocol: str, *frames: str, **options: str) -> list[dict[str, Any]]:
    return [dict(one) for one in decode(protocol, [bytes.fromhex(frame) for frame in frames], options)]


REQUESTS = [
    ("01 00 13 00 13", {"kind": "request", "fc": 1, "address": 19, "count": 19}),
    ("02 00 C4 00 16", {"kind": "request", "fc": 2, "address": 196, "count": 22}),
    ("03 00 6B 00 03", {"kind": "request", "fc": 3, "address": 107, "count": 3}),
    ("04 00 30 00 01", {"kind": "request", "fc": 4, "address": 48, "count": 1}),
    ("05 00 AC FF 00", {"kind": "request", "fc": 5, "coil": 172, "value": True}),
    ("06 07 19 00 05", {"kind": "request", "fc": 6, "register": 1817, "value": 5}),
    ("0F 00 13 00 0A 02 CD 01", {"kind": "request", "fc": 15, "address": 19, "count": 10}),
    ("10 00 01 00 02 04 00 0A 01 02", {"kind": "request", "fc": 16, "address": 1, "values": [10, 258]}),
]
ANSWERS = [
    ("01 03 CD 6B 05", {"kind": "coils", "fc": 1, "count": 24}),
    ("02 02 05 00", {"kind": "inputs", "fc": 2, "bits_on": [0, 2], "count": 16}),
    ("03 02 02 2B", {"kind": "registers", "fc": 3, "values": [555]}),
    ("04 04 00 01 00 02", {"kind": "registers", "fc": 4, "values": [1, 2]}),
    ("05 00 AC FF 00", {"kind": "ack", "command": "write_coil", "coil": 172, "value": True}),
    ("06 07 19 00 05", {"kind": "ack", "command": "write_register", "register": 1817, "value": 5}),
    ("0F 00 13 00 0A", {"kind": "ack", "command": "write_coils", "address": 19, "count": 10}),
    ("10 00 01 00 02", {"kind": "ack", "command": "write_registers", "address": 1, "count": 2}),
]


@pytest.mark.parametrize(("pdu", "wanted"), REQUESTS)
def test_a_request_of_every_function_code_is_understood_on_every_transport(
    pdu: str, wanted: dict[str, object]
) -> None:
    data = bytes.fromhex(pdu)
    over = {"modbus-pdu": data, "modbus-tcp": tcp_frame(7, 3, data), "modbus-rtu": rtu_frame(3, data)}

    for protocol, frame in over.items():
        (meaning,) = told(protocol, frame.hex())
        assert {key: meaning.get(key) for key in wanted} == wanted, protocol


@pytest.mark.parametrize(("pdu", "wanted"), ANSWERS)
def test_an_answer_of_every_function_code_is_understood(pdu: str, wanted: dict[str, object]) -> None:
    (meaning,) = told("modbus-pdu", pdu, direction="response")

    assert {key: meaning.get(key) for key in wanted} == wanted


@pytest.mark.parametrize(("code", "name"), EXCEPTIONS.items())
def test_every_exception_has_its_name(code: int, name: str) -> None:
    (meaning,) = told("modbus-rtu", rtu_frame(9, bytes((0x90, code))).hex())

    assert meaning == {"kind": "error", "error": name, "fc": 16, "code": code, "unit": 9}


def test_an_unknown_exception_keeps_its_number() -> None:
    (meaning,) = told("modbus-pdu", "83 63")

    assert (meaning["error"], meaning["code"]) == ("unknown_exception", 99)


def test_with_its_request_an_answer_has_address_and_exact_count() -> None:
    _, answer = told("modbus-pdu", "02 00 C4 00 16", "02 03 AC DB 35")

    assert (answer["address"], answer["count"], len(answer["bits"])) == (196, 22, 22)


def test_without_its_request_only_the_bits_that_are_surely_there_are_told() -> None:
    (answer,) = told("modbus-pdu", "02 02 05 00")

    assert (answer["bits"], answer["count"]) == ([1, 0, 1, 0, 0, 0, 0, 0, 0], 16)
    assert "address" not in answer


def test_over_tcp_answers_find_their_requests_by_transaction() -> None:
    frames = [
        tcp_frame(1, 1, bytes.fromhex("01 00 00 00 03")), tcp_frame(2, 1, bytes.fromhex("02 00 08 00 04")),
        tcp_frame(2, 1, bytes.fromhex("02 01 01")), tcp_frame(1, 1, bytes.fromhex("01 01 07")),
    ]  # fmt: skip

    meanings = told("modbus-tcp", *(one.hex() for one in frames))

    assert [(one["kind"], one["tid"], one["address"], one["count"]) for one in meanings] == [
        ("request", 1, 0, 3), ("request", 2, 8, 4), ("inputs", 2, 8, 4), ("coils", 1, 0, 3),
    ]  # fmt: skip


def test_the_second_of_two_equal_frames_of_a_write_is_its_echo() -> None:
    frame = "00 03 00 00 00 06 01 05 00 00 FF 00"

    assert [one["kind"] for one in told("modbus-tcp", frame, frame)] == ["request", "ack"]


def test_an_answer_of_another_size_than_was_asked_for_says_so() -> None:
    _, answer = told("modbus-pdu", "03 00 00 00 01", "03 04 00 01 00 02")

    assert answer["not_as_asked"] is True
    assert "address" not in answer


STREAM = b"".join(vector.frame for vector in vectors("modbus-tcp", "conveylinx"))


def test_merged_and_split_tcp_frames_are_the_same_frames() -> None:
    whole = TcpFrames().feed(STREAM)

    assert len(whole) == 15
    for cut in range(len(STREAM) + 1):
        frames = TcpFrames()
        assert frames.feed(STREAM[:cut]) + frames.feed(STREAM[cut:]) == whole
    bytewise = TcpFrames()
    assert [one for byte in STREAM for one in bytewise.feed(bytes((byte,)))] == whole
    assert bytewise.held_bytes == 0


@pytest.mark.parametrize("header", ["00 01 00 01 00 06", "00 01 00 00 00 01", "00 01 00 00 00 FF"])
def test_a_header_that_can_not_be_is_an_error_and_ends_the_connection(header: str) -> None:
    meanings = told("modbus-tcp", header, tcp_frame(1, 1, b"\x83\x02").hex())

    assert [one["error"] for one in meanings] == ["garbled"]


def test_the_length_of_the_delta_manual_is_not_believed() -> None:
    """It prints length 6 for an answer that has 5 bytes (conveyor-io §3): the frame has not ended."""
    (meaning,) = told("modbus-tcp", "00 01 00 00 00 06 01 02 02 05 00")

    assert meaning["error"] == "incomplete"


def test_serial_frames_back_to_back_are_told_apart_by_length_and_crc() -> None:
    frames = [vector.frame for vector in vectors("modbus-rtu")[:3]]
    stream = b"".join(frames)

    assert told("modbus-rtu", stream.hex()) == told("modbus-rtu", *(one.hex() for one in frames))
    assert told("modbus-rtu", *(f"{byte:02x}" for byte in stream)) == told("modbus-rtu", stream.hex())


@given(st.binary(max_size=40), st.sampled_from([one.frame for one in vectors("modbus-rtu")[:3]]))
def test_after_any_garbage_the_second_repetition_of_a_serial_frame_is_read(noise: bytes, good: bytes) -> None:
    last = told("modbus-rtu", (noise + good + good).hex())[-1]

    assert last["kind"] != "error"


@given(st.binary(min_size=4, max_size=30), st.integers(0, 7))
def test_a_single_wrong_bit_never_passes_the_crc(body: bytes, bit: int) -> None:
    wrong = bytes((body[0] ^ 1 << bit,)) + body[1:]

    assert crc16(wrong) != crc16(body)


def test_a_serial_frame_that_has_not_ended_is_incomplete() -> None:
    assert told("modbus-rtu", "01 03 00 8C")[0]["error"] == "incomplete"


def test_a_function_code_that_is_not_in_the_manual_is_said() -> None:
    (meaning,) = told("modbus-rtu", rtu_frame(1, b"\x2b\x0e\x01\x00").hex())

    assert (meaning["kind"], meaning["error"], meaning["fc"]) == ("error", "unknown_function", 0x2B)


@pytest.mark.parametrize(
    "pdu",
    [
        "05 00 00 12 34",  # a coil is FF00 or 0000
        "03 00 00 00 7E",  # 126 registers
        "01 00 00 07 D1",  # 2001 bits
        "10 00 00 00 02 03 00 01 02",  # its byte count is not twice its count
        "0F 00 00 00 09 01 FF",  # nine bits do not fit in one byte
        "03 03 00 01 02",  # half a register
        "04 04 00 01",  # fewer bytes than it says
        "83",
    ],
)
def test_a_pdu_without_the_shape_of_its_function_code_is_an_error(pdu: str) -> None:
    assert told("modbus-pdu", pdu)[0]["error"] == "length_or_value"


def test_counts_are_bounded_as_the_manual_has_them() -> None:
    assert parse_request(request_bytes(Read(1, 0, BITS_MAX))) == Read(1, 0, BITS_MAX)
    assert parse_request(request_bytes(Read(3, 0, WORDS_MAX))) == Read(3, 0, WORDS_MAX)
    with pytest.raises(ValueError, match="1 to 125 are possible"):
        request_bytes(Read(4, 0, WORDS_MAX + 1))
    assert len(request_bytes(Write(0x10, 0, tuple(range(123))))) <= PDU_MAX_BYTES


@given(st.sampled_from([1, 2, 3, 4, 5, 6, 15, 16]), st.integers(0, 0xFFFF), st.integers(1, 100))
def test_what_is_asked_is_understood_as_it_was_meant(fc: int, address: int, count: int) -> None:
    values = tuple(place % 2 for place in range(1 if fc in (5, 6) else count))
    request = Read(fc, address, count) if fc < 5 else Write(fc, address, values)

    assert parse_request(request_bytes(request)) == request
    assert is_answer_to(Refused(fc, 2), request)


@given(st.binary(max_size=300), st.sampled_from(["modbus-tcp", "modbus-pdu", "modbus-rtu", "conveylinx"]))
def test_bytes_of_any_kind_raise_nothing(data: bytes, protocol: str) -> None:
    decode(protocol, [data[:100], data[100:]], {})
    parse_answer(data)
    frames = TcpFrames()
    frames.feed(data)
    assert frames.held_bytes <= 6 + 254


# Makers' images -----------------------------------------------------------------------------------------


def test_a_counter_of_a_moxa_is_named_by_its_address() -> None:
    _, answer = told(
        "modbus-tcp", "00 05 00 00 00 06 01 04 00 14 00 02", "00 05 00 00 00 07 01 04 04 00 01 00 02"
    )

    assert (answer["kind"], answer["channel"], answer["value"]) == ("counter", 2, 65_538)


def test_registers_elsewhere_are_only_registers() -> None:
    answers = [
        told("modbus-tcp", "00 02 00 00 00 05 01 04 02 00 05", address="100")[0],
        told("modbus-tcp", "00 02 00 00 00 05 01 04 02 00 05", map="none")[0],
    ]

    assert [(one["kind"], one["values"]) for one in answers] == [("registers", [5])] * 2


def test_a_conveylinx_says_why_it_stands_and_what_its_motors_do() -> None:
    words = [0b0000_0100_0110_0000, 0, 1, 24_000, 850, 60]
    pdu = bytes((3, 12)) + b"".join(word.to_bytes(2, "big") for word in words)

    (said,) = told("conveylinx", tcp_frame(9, 1, pdu).hex())

    assert said["stopped_by"] == ["other_module", "lost_communication", "plc"]
    assert (said["heartbeat"], said["devices_connected"]) == (False, ["right"])
    assert (said["module_mV"], said["left_motor_mA"], said["left_Hz"]) == (24_000, 850, 60)


def test_an_ai2_has_its_own_registers() -> None:
    pdu = bytes.fromhex("03 02 80 40")

    (said,) = told("conveylinx", tcp_frame(1, 1, pdu).hex(), register="1518")
    (stop,) = told("conveylinx", tcp_frame(1, 1, bytes.fromhex("03 02 04 00")).hex(), register="1520")

    assert (said["right_sensor_pin4"], said["left_sensor_pin4"], said["heartbeat"]) == (True, False, True)
    assert stop["stopped_by"] == ["plc"]


@pytest.mark.parametrize("address", [36, 1802])
def test_what_is_written_to_the_control_ports_is_understood(address: int) -> None:
    (said,) = told("conveylinx", tcp_frame(1, 1, request_bytes(Write(6, address, (0b1000,)))).hex())

    assert said["register"] == f"4:{address + 1:04}"
    assert said["says"] == {"left_control_port_on": False, "right_control_port_on": True}


def test_holding_a_zone_is_understood_as_such() -> None:
    pdu = request_bytes(Write(6, 1817, (5,)))

    (said,) = told("conveylinx", tcp_frame(1, 1, pdu).hex())

    assert said["register"] == "4:1818"
    assert said["says"] == {"to_upstream": 5, "to_upstream_is": "blocked_stopped"}


IMAGE = vectors("interroll-multicontrol")[0].frame


def test_a_longer_image_has_supply_temperature_and_uptime() -> None:
    more = (
        IMAGE
        + (24_000).to_bytes(2, "little") * 2
        + (315).to_bytes(2, "little")
        + (3_600).to_bytes(4, "little")
    )

    (said,) = told("interroll-multicontrol", more.hex())

    assert (said["voltage_1_mV"], said["temperature_dC"], said["uptime_s"]) == (24_000, 315, 3_600)


def test_the_words_of_an_image_come_in_the_order_that_is_configured() -> None:
    swapped = IMAGE[:8] + b"".join(IMAGE[at + 1 : at + 2] + IMAGE[at : at + 1] for at in range(8, 16, 2))

    (said,) = told("interroll-multicontrol", swapped.hex(), byte_order="big")

    assert said["currents_mA"] == [850, 0, 410, 0]


def test_what_is_sent_to_it_is_understood_too_and_half_an_image_is_not() -> None:
    (sent,) = told("interroll-multicontrol", "03 3C 00 E2 00", direction="request")
    (half,) = told("interroll-multicontrol", IMAGE[:9].hex())

    assert sent == {"kind": "process_image", "io_on": [1, 2], "speeds": [60, 0, -30, 0]}
    assert (half["kind"], half["error"]) == ("error", "length")


@pytest.mark.parametrize(
    ("protocol", "options"),
    [
        ("modbus-tcp", {"direction": "both"}),
        ("modbus-tcp", {"map": "wago"}),
        ("conveylinx", {"register": "many"}),
        ("interroll-multicontrol", {"byte_order": "middle"}),
    ],
)
def test_an_option_that_can_not_be_is_refused(protocol: str, options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f"option {next(iter(options))}="):
        decode(protocol, [b""], options)


def test_every_frame_of_a_stream_is_a_frame() -> None:
    assert all(isinstance(one, TcpFrame) for one in TcpFrames().feed(STREAM))
