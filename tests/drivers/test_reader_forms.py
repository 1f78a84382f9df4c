"""Forms of the readers' manuals that no vector has (scanners.md §5), by `hub decode` and by the driver."""

from base64 import b64encode
from typing import Any

import pytest
from driver_configs import READER, ms

from drivers.command import Trigger
from drivers.decode import decode
from drivers.reading import BarcodeRead, DeviceFault, NoRead, Reading
from drivers.scanners.reader import LineReader
from drivers.scanners.registry import EXPLAINED, new_scanner
from hub_config.attach import SerialAttach

AT = ms(2_050)


def reader(kind: str, **config: Any) -> LineReader:
    """Opened, in step."""
    attach = SerialAttach(port="/dev/a")
    model = EXPLAINED[kind].config.model_validate({"kind": kind, "id": READER, "attach": attach, **config})
    session = new_scanner(model)  # type: ignore[arg-type]  # of the closed union, by its table
    assert isinstance(session, LineReader)
    while session.wake_at is not None:
        session.wake(session.wake_at)
    session.take_output()
    return session


def triggered(kind: str, **config: Any) -> LineReader:
    session = reader(kind, **config)
    session.command(Trigger(READER, 1, on=True), ms(2_000))
    return session


def told(readings: list[Reading]) -> list[str | None]:
    """Codes, `no read`, or the code of a fault."""
    found: list[str | None] = []
    for one in readings:
        match one:
            case BarcodeRead(data=data):
                found.append(data)
            case NoRead():
                found.append("no read")
            case DeviceFault(code=code):
                found.append(code)
            case _:
                raise AssertionError(one)
    return found


def xor(body: bytes) -> bytes:
    """With its checksum behind it."""
    total = 0
    for byte in body:
        total ^= byte
    return body + bytes([total])


# Honeywell ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        (b"\x16M\rCBRENA?.", {"kind": "command", "command": "menu", "tag": "CBR", "subtag": "ENA", "query": "query",
                             "data": "?", "storage": "nonvolatile"}),
        (b"\x16M\rCBR*!", {"kind": "command", "command": "menu", "tag": "CBR", "query": "query_range", "data": "*",
                          "storage": "volatile"}),
        (b"\x16M\rPAPHHF!", {"kind": "command", "command": "menu", "tag": "PAP", "subtag": "HHF", "data": "",
                            "storage": "volatile"}),
        (b"\x16U\r", {"kind": "command", "command": "trigger_off"}),
        (b"XXXENA1\x05.", {"kind": "error", "error": "unknown_tag", "command": "menu", "text": "XXXENA1"}),
        (b"CBRENA7\x15!", {"kind": "error", "error": "bad_value", "command": "menu", "text": "CBRENA7"}),
        (b"RB123456785GB\r\n", {"kind": "scan", "data": "RB123456785GB", "symbology": None, "aim": None}),
    ],
)  # fmt: skip
def test_honeywell_menus_and_their_answers(frame: bytes, meaning: dict[str, object]) -> None:
    (said,) = decode("honeywell", [frame], {})
    said.pop("detail", None)

    assert said == meaning


def test_a_menu_of_several_commands_is_answered_command_by_command_and_none_is_a_code() -> None:
    frame = b"CBRENA1\x06;CK2\x05,CCT9\x15.RB123456785GB\r"

    kinds = [(one["kind"], one.get("text", one.get("data"))) for one in decode("honeywell", [frame], {})]
    assert kinds == [("ack", "CBRENA1"), ("error", "CK2"), ("error", "CCT9"), ("scan", "RB123456785GB")]
    assert told(reader("honeywell").receive(frame, AT)) == ["refused", "refused", "RB123456785GB"]


def test_honeywell_prefix_and_suffix_are_configuration() -> None:
    session = reader("honeywell", prefix="\x02", suffix="\x03")

    assert told(session.receive(b"\x02AB\x03CD\x03\x02\x02EF\x03CBRENA1\x06.", AT)) == [
        "AB",
        "garbled",
        "garbled",
        "EF",
    ]
    (said,) = decode("honeywell", [b"\x02AB\x03"], {"prefix": "\\x02", "suffix": "\\u0003"})
    assert said["data"] == "AB"


def test_honeywell_tells_no_read_only_where_it_is_set_to() -> None:
    session = triggered("honeywell", trigger="host", no_read=["MISSED"])

    assert told(session.receive(b"MISSED\r", AT)) == ["no read"]
    assert told(reader("honeywell", no_read=["MISSED"]).receive(b"NR\r", AT)) == ["NR"]


# Datalogic ------------------------------------------------------------------------------------------------


def test_datalogic_framing_is_all_free_text() -> None:
    options = {"header": "<", "terminator": "\\x03", "separator": "|", "no_read": "NIX,NADA"}

    assert decode("datalogic", [b"<A,B|NIX|C\x03", b"<NADA\x03", b"<X\x03"], options) == [
        {"kind": "multi_scan", "codes": ["A,B", None, "C"], "scope": "local"},
        {"kind": "no_read", "data": "NADA", "scope": "global"},
        {"kind": "scan", "data": "X", "symbology": None, "aim": None},
    ]


def test_datalogic_codes_of_one_message_are_all_told_and_the_missing_one_is_not() -> None:
    session = triggered("datalogic", trigger_on="T\r", trigger_off="U\r")

    readings = session.receive(b"\x02A,?,C\r\n", AT)
    assert [(one.data, one.trigger) for one in readings if isinstance(one, BarcodeRead)] == [
        ("A", 1),
        ("C", 1),
    ]
    assert len(readings) == 2


def test_datalogic_without_any_code_is_a_no_read_of_its_trigger() -> None:
    session = triggered("datalogic", trigger_on="T\r")

    assert session.receive(b"\x02?,?,?\r\n", AT) == [NoRead(READER, AT, 1)]
    (said,) = decode("datalogic", [b"\x02?,?\r\n"], {})
    assert (said["kind"], said["scope"]) == ("no_read", "local")


def test_datalogic_that_read_too_many_has_answered_its_trigger_without_a_code() -> None:
    session = triggered("datalogic", trigger_on="T\r", trigger_off="U\r", multiple_read=["MULTIPLE"])

    assert told(session.receive(b"\x02MULTIPLE\r\n", AT)) == ["refused"]
    session.command(Trigger(READER, 1, on=False), ms(2_100))
    assert session.wake_at is None
    (said,) = decode("datalogic", [b"\x02MULTIPLE\r\n"], {"multiple_read": "MULTIPLE"})
    assert (said["kind"], said["error"]) == ("error", "multiple_read")


def test_datalogic_host_mode_replies_are_never_codes() -> None:
    frames = [b"\x1bK\r\n", b"\x1bW1\r\n", b"\x1b W 12\r\n", b"\x1bQQ\r\n"]

    assert [(one["kind"], one.get("code")) for one in decode("datalogic", frames, {})] == [
        ("ack", None),
        ("error", "1"),
        ("error", "12"),
        ("command", None),
    ]
    assert told(reader("datalogic").receive(b"".join(frames), AT)) == ["refused"] * 3
    assert decode("datalogic", [b"\x1bIA#"], {}) == [{"kind": "command", "command": "commit", "text": "IA#"}]
    assert decode("datalogic", [b"\x1b I A #\r\n"], {})[0]["command"] == "commit"


def test_datalogic_without_a_header_takes_whole_lines() -> None:
    assert told(reader("datalogic", header="").receive(b"A,B\r\n", AT)) == ["A", "B"]


# Cognex ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        (b"||0:7>TRIGGER OFF\r\n", {"kind": "command", "command": "trigger_off", "command_id": 7}),
        (b"||>BEEP 3 1\r\n", {"kind": "command", "command": "beep", "parameter": "3", "value": "1"}),
        (xor(b"||1:9>get device.type") + b"\r\n",
         {"kind": "command", "command": "get", "parameter": "device.type", "command_id": 9}),
        (b"||1:9>get device.type!\r\n", {"kind": "error", "error": "checksum", "command_id": 9}),
        (b"||:5[0]ON\r\n", {"kind": "ack", "command": "get", "status": 0, "value": "ON", "command_id": 5}),
        (b"||[102]\r\n", {"kind": "error", "error": "parameter_invalid", "code": 102}),
        (b"||0:4[104]\r\n", {"kind": "error", "error": "rejected_by_state", "code": 104, "command_id": 4}),
        (b"||[105]\r\n", {"kind": "error", "error": "unavailable", "code": 105}),
        (b"||[100]\r\n", {"kind": "error", "error": "unidentified", "code": 100}),
        (b"||[103]\r\n", {"kind": "error", "error": "checksum", "code": 103}),
        (b"||[777]\r\n", {"kind": "error", "error": "unknown", "code": 777}),
        (xor(b"||1:4[0]ON") + b"\r\n",
         {"kind": "ack", "command": "get", "status": 0, "value": "ON", "command_id": 4}),
        (b"||1:4[0]ON!\r\n", {"kind": "error", "error": "checksum"}),
    ],
)  # fmt: skip
def test_dmcc_headers_statuses_and_checksums(frame: bytes, meaning: dict[str, object]) -> None:
    (said,) = decode("cognex-dmcc", [frame], {})
    said.pop("detail", None)

    assert said == meaning


def test_an_extended_result_is_in_base64_and_may_hold_its_footer_and_several_codes() -> None:
    frame = b"||[1]" + b64encode(b"]C0RB123456785GB;]Q1http://a\r\n") + b"\r\n"
    session = reader("cognex-dmcc", separator=";", aim=True)

    codes = [one for one in session.receive(frame, AT) if isinstance(one, BarcodeRead)]
    assert [(one.data, one.symbology) for one in codes] == [("RB123456785GB", "code128"), ("http://a", "qr")]
    (said,) = decode("cognex-dmcc", [b"||0:12[1]" + b64encode(b"NOREAD") + b"\r\n"], {})
    assert (said["kind"], said["data"]) == ("no_read", "NOREAD")


def test_a_result_that_is_no_base64_is_a_fault_and_never_a_code() -> None:
    assert told(reader("cognex-dmcc").receive(b"||[1]UkIxM*\r\n||[1]Uk\r\n", AT)) == ["garbled", "garbled"]


def test_what_telnet_negotiates_is_no_part_of_a_code() -> None:
    assert told(reader("cognex-dmcc").receive(b"\xff\xfb\x01\xff\xfd\x03RB123456785GB\r\n", AT)) == [
        "RB123456785GB"
    ]


def test_a_footer_of_its_own_ends_a_result_and_replies_still_end_in_cr_lf() -> None:
    session = triggered("cognex-dmcc", trigger="host", footer=";")

    assert told(session.receive(b"||[0]\r\nRB123456785GB;", AT)) == ["RB123456785GB"]


def test_a_trigger_that_dmcc_refuses_is_ended_and_told() -> None:
    session = triggered("cognex-dmcc", trigger="host")
    session.take_output()

    assert told(session.receive(b"||[104]\r\n", AT)) == ["refused"]
    assert session.take_output() == b"||>TRIGGER OFF\r\n"


# SICK -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        (b"\x02sAN mTCgateon 1\x03", {"kind": "ack", "command": "gate_on", "value": "1"}),
        (b"\x02sAN mTCgateon 0\x03", {"kind": "error", "error": "refused", "command": "gate_on"}),
        (b"\x02sRA SCdevicestate 1\x03",
         {"kind": "ack", "command": "read", "variable": "SCdevicestate", "value": "1"}),
        (b"\x02sFA 5\x03", {"kind": "error", "error": "cola_fault", "code": "5"}),
        (b"\x02sRN SCdevicestate\x03", {"kind": "command", "command": "read", "variable": "SCdevicestate"}),
        (b"\x02sMN SetAccessMode 3 F4724744\x03",
         {"kind": "command", "command": "method", "method": "SetAccessMode", "value": "3 F4724744"}),
        (b"\x02sAN SetAccessMode 1\x03",
         {"kind": "ack", "command": "method", "method": "SetAccessMode", "value": "1"}),
        (b"\x02sSN IOstate 3\x03", {"kind": "event", "variable": "IOstate", "value": "3"}),
        (b"\x02RB123456785GB\r\n\x03",
         {"kind": "scan", "data": "RB123456785GB", "symbology": None, "aim": None}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("protocol", ["sick-cola-a", "sick-read"])
def test_cola_telegrams_and_results_in_one_frame(
    protocol: str, frame: bytes, meaning: dict[str, object]
) -> None:
    (said,) = decode(protocol, [frame], {})
    said.pop("detail", None)

    assert said == meaning


def test_sick_telegrams_and_the_heart_beat_are_never_codes() -> None:
    frames = b"\x02sAN mTCgateon 1\x03\r\n\x02HELLO\x03\x02sRA x 1\x03\x02sEA y 1\x03\x02A;B\x03"

    assert told(reader("sick-read", heartbeat="HELLO", separator=";").receive(frames, AT)) == ["A", "B"]
    assert decode("sick-read", [b"\x02HELLO\x03"], {"heartbeat": "HELLO"}) == [
        {"kind": "heartbeat", "data": "HELLO"}
    ]


def test_the_gate_is_opened_and_closed_and_its_refusal_ends_the_trigger() -> None:
    session = reader("sick-cola-a")
    session.command(Trigger(READER, 1, on=True), ms(2_000))
    assert session.take_output() == b"\x02sMN mTCgateon\x03"

    assert told(session.receive(b"\x02sAN mTCgateon 0\x03", AT)) == ["refused"]
    assert session.take_output() == b"\x02sMN mTCgateoff\x03"


def test_a_cola_fault_after_the_gate_command_is_its_refusal() -> None:
    session = triggered("sick-cola-a")
    session.take_output()

    assert told(session.receive(b"\x02sFA 4\x03", AT)) == ["refused"]
    assert session.take_output() == b"\x02sMN mTCgateoff\x03"


def test_what_stands_before_stx_is_noise_and_the_result_behind_it_is_read() -> None:
    assert told(reader("sick-read").receive(b"xx\x02AB\x03CD\x03", AT)) == ["garbled", "AB", "garbled"]


# All ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "frame"),
    [
        ("keyence-sr", b"[)>\x1e06\x1dPABC\x1dQ5\x1e\x04\r"),
        ("honeywell", b"[)>\x1e06\x1dPABC\x1dQ5\x1e\x04\r"),
        ("sick-read", b"\x02[)>\x1e06\x1dPABC\x1dQ5\x1e\x04\x03"),
    ],
)
def test_an_envelope_of_iso_15434_is_one_code_with_its_separators(kind: str, frame: bytes) -> None:
    session = triggered(kind) if kind == "keyence-sr" else reader(kind)

    assert told(session.receive(frame, AT)) == ["[)>\x1e06\x1dPABC\x1dQ5\x1e\x04"]


def test_the_two_messages_of_an_ean_composite_are_two_codes() -> None:
    session = reader("honeywell", aim=True)

    readings = session.receive(b"]E02112345678900|]e010ABC123\r", AT)
    assert [(one.data, one.aim) for one in readings if isinstance(one, BarcodeRead)] == [
        ("2112345678900", "]E0"),
        ("10ABC123", "]e0"),
    ]


@pytest.mark.parametrize("kind", EXPLAINED)
def test_an_option_that_a_protocol_does_not_have_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=r"option colour=red is unknown for .*; known: "):
        decode(kind, [b""], {"colour": "red"})
