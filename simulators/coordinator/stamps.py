"""Times and ids as the contract writes them: UTC to the microsecond with a Z, UUIDv7 of a moment (contract §4, §5)."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

SECONDS_KEPT: Final = 64
"""Seconds once written: many times are of the same one."""
_CHARS: Final = 27
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def utc_text(us: int) -> str:
    seconds, micros = divmod(us, 1_000_000)
    return f"{_to_the_second(seconds)}.{micros:06}Z"


@lru_cache(maxsize=SECONDS_KEPT)
def _to_the_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:-6]


def parse_utc(text: str) -> int:
    """Microseconds since 1970 of a time as the contract writes it. Raises ValueError for a day that there is not."""
    micros = text[20:26]
    if len(text) == _CHARS and text[-1] == "Z" and micros.isascii() and micros.isdigit():
        return _of_the_second(text[:20]) + int(micros)
    return _us(text)


@lru_cache(maxsize=SECONDS_KEPT)
def _of_the_second(beginning: str) -> int:
    """`beginning`: up to the point before its microseconds."""
    return _us(beginning + "000000Z")


def _us(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def uuid7(now_us: int, noise: bytes) -> str:
    """RFC 9562 §5.7 from a time and 10 bytes of noise."""
    number = (now_us // 1000 & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(noise[:10], "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
