"""How much work a long input makes, counted and not timed: ten times the bytes are ten times the work, not a hundred.

Calls of Python and built-in functions are counted for every protocol; what one call copies they do not show, so the
text that GS1 element strings are cut from counts what is taken out of it.
"""

import sys
from types import FrameType
from typing import Any, SupportsIndex

import pytest

from drivers.decode import DECODERS, decode
from drivers.identifiers.gs1 import Gs1Fault, parse_elements

REPEATED = (0x00, 0x02, 0x06, 0x0D, 0x31, 0x41, 0xFF)
SHORT, LONG = 2_000, 20_000


def calls_of(protocol: str, data: bytes) -> int:
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        decode(protocol, [data], {})
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("protocol", DECODERS)
def test_ten_times_the_bytes_are_ten_times_the_calls(protocol: str) -> None:
    if protocol in ("record-scale", "plc-wcs"):
        decode(protocol, [b"1"], {})  # what is made once is made before

    for byte in REPEATED:
        calls_of(protocol, bytes((byte,)) * 10)
        short, long = (calls_of(protocol, bytes((byte,)) * count) for count in (SHORT, LONG))

        assert long <= 11 * (short + 200), f"{byte:02X}: {short} calls for {SHORT} bytes, {long} for {LONG}"


class CountedText(str):
    """Counts the characters that are copied out of it, and out of what was."""

    copied: list[int] = [0]  # noqa: RUF012  # one count for all pieces of one test, set anew by it

    def _piece(self, text: str) -> "CountedText":
        self.copied[0] += len(text)
        return CountedText(text)

    def __getitem__(self, place: SupportsIndex | slice) -> "CountedText":
        return self._piece(super().__getitem__(place))

    def removeprefix(self, prefix: str, /) -> "CountedText":
        return self._piece(super().removeprefix(prefix))

    def removesuffix(self, suffix: str, /) -> "CountedText":
        return self._piece(super().removesuffix(suffix))

    def partition(self, mark: str, /) -> tuple[str, str, str]:
        before, found, after = super().partition(mark)
        return self._piece(before), found, self._piece(after)


TEXTS = {
    "one digit": "1" * 30_000,
    "fields of one length": "11260101" * 4_000,
    "fields with a separator": "21AB\x1d" * 6_000,
    "separators where none is wanted": "11260101\x1d" * 3_000,
}


@pytest.mark.parametrize("name", TEXTS)
def test_of_element_strings_no_character_is_copied_again_and_again(name: str) -> None:
    text = TEXTS[name]
    CountedText.copied[0] = 0

    elements = parse_elements(CountedText(text))

    assert isinstance(elements, dict | Gs1Fault)
    assert CountedText.copied[0] <= 4 * len(text)
