"""`hub decode --protocol plc-wcs`: telegrams of a controller, in the usual layout or one that options declare."""

import pytest

from drivers.decode import decode
from drivers.decode_cuts import cut


def test_every_telegram_is_explained() -> None:
    frames = [
        b"\x02LF0001\x03", b"\x02IN0002000017\x03", b"\x02RD0003000017RB123456785GB                 \x03",
        b"\x02RD0004000017NOREAD                        \x03", b"\x02WT0005000017     500\x03",
        b"\x02WT0006000017        \x03", b"\x02DS0007000017GREEN \x03", b"\x02DC0008000017HOLD  MISS\x03",
    ]  # fmt: skip

    assert decode("plc-wcs", [b"".join(frames)], {}) == [
        {"kind": "life", "sequence": 1},
        {"kind": "inducted", "sequence": 2, "track_no": 17},
        {"kind": "read", "sequence": 3, "track_no": 17, "code": "RB123456785GB"},
        {"kind": "read", "sequence": 4, "track_no": 17, "no_read": True},
        {"kind": "weighed", "sequence": 5, "track_no": 17, "value": "500", "unit": "g", "mass_mg": 500_000},
        {"kind": "weighed", "sequence": 6, "track_no": 17, "unit": "g", "invalid": True, "mass_mg": None},
        {"kind": "destination", "sequence": 7, "track_no": 17, "lane": "GREEN"},
        {"kind": "discharged", "sequence": 8, "track_no": 17, "lane": "HOLD", "result": "MISS", "confirmed": False},
    ]  # fmt: skip
    assert decode("plc-wcs", frames, {}) == decode("plc-wcs", [b"".join(frames)], {})


def test_a_layout_of_ones_own_is_declared_by_options() -> None:
    layout = {
        "start": "<", "end": ">", "life": "L", "inducted": "I track_no:3 skip:2", "read": "R track_no:3 code:13",
        "weighed": "W track_no:3 mass:5", "destination": "D lane:2 track_no:3",
        "discharged": "X track_no:3 lane:2 result:1", "confirmed": "K", "unit": "kg",
    }  # fmt: skip

    told = decode("plc-wcs", [b"<I007  >", b"<W0071.250><X007G1K>"], layout)

    assert told == [
        {"kind": "inducted", "track_no": 7},
        {"kind": "weighed", "track_no": 7, "value": "1.250", "unit": "kg", "mass_mg": 1_250_000},
        {"kind": "discharged", "track_no": 7, "lane": "G1", "result": "K", "confirmed": True},
    ]


def test_the_bytes_of_a_telegram_are_shown_by_its_fields() -> None:
    (shown,) = decode("plc-wcs", [b"\x02IN0002000017\x03"], {})

    assert [(one["columns"], one["field"]) for one in cut("plc-wcs", b"\x02IN0002000017\x03", shown)] == [
        ("1", "start"), ("2-3", "code"), ("4-7", "sequence"), ("8-13", "track_no"), ("14", "end"),
    ]  # fmt: skip


def test_garbage_is_said_and_what_has_not_ended_too() -> None:
    assert [one["kind"] for one in decode("plc-wcs", [b"xx\x02LF0001\x03"], {})] == ["error", "life"]
    (rest,) = decode("plc-wcs", [b"\x02IN0002"], {})

    assert (rest["error"], rest["detail"]) == (
        "incomplete",
        "7 bytes in which no telegram of this layout ends",
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"inducted": "IN track:6"}, "0 fields are track_no"),
        ({"inducted": "INN track_no:6"}, "all have 2"),
        ({"speed": "9"}, "option speed=9 is unknown for plc-wcs"),
    ],
)
def test_a_layout_that_can_not_be_is_refused(options: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        decode("plc-wcs", [b""], options)
