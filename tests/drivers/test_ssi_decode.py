"""`hub decode` and the session make the same of every code that an SSI scanner can send, and of those that are none."""

import pytest
from driver_configs import ms

from drivers.decode import decode
from drivers.reading import BarcodeRead, DeviceFault, NoRead
from drivers.registry import new_session
from hub_config.attach import SerialAttach
from hub_config.names import DeviceId
from hub_config.readers import SsiConfig
from simulators.devices.ssi_scanner import frame

KINDS = {BarcodeRead: "scan", NoRead: "no_read", DeviceFault: "error"}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"RB123456785GB", "scan"),
        (b"]C0RB123456785GB", "scan"),
        (b"a\x1db", "scan"),
        (b"NR", "no_read"),
        (b"", "info"),
        (b"  \r\n", "info"),
        (b"]C0", "error"),
        (b"a\x02b", "error"),
    ],
)
def test_a_code_means_the_same_to_both(data: bytes, kind: str) -> None:
    packet = frame(0xF3, b"\x03" + data)
    config = SsiConfig(
        kind="ssi", id=DeviceId("scan-1"), attach=SerialAttach(port="/dev/a"), aim=True, setup=False
    )
    session = new_session(config)
    session.wake(ms(0))

    readings = session.receive(packet, ms(1))
    (meaning,) = decode("ssi", [packet], {"aim": "yes"})

    assert meaning["kind"] == kind
    assert [KINDS[type(one)] for one in readings] == ([] if kind == "info" else [kind])
    if kind == "scan":
        assert meaning["data"] == getattr(readings[0], "data", None)


def test_an_empty_code_is_said_to_be_empty() -> None:
    assert decode("ssi", [frame(0xF3, b"\x0b")], {}) == [
        {"kind": "info", "command": "decode_data", "code_type": 11, "empty": True}
    ]
