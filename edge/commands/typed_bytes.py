"""Bytes as people type them: hex as manuals, programs and traces write it, or text with escapes."""

import re
from collections.abc import Mapping
from typing import Final

SHOWN_CHARS: Final = 120
"""Of what is refused."""

_PREFIX: Final = re.compile(r"(?:0[xX]|\\[xX])(?:([0-9A-Fa-f])(?![0-9A-Fa-f])|(?=[0-9A-Fa-f]))")
"""Of one byte or of a row of them. `0x2` is a byte, as in the source of a program."""
_BETWEEN: Final = re.compile(r"[\s,:;-]")
_NO_DIGIT: Final = re.compile(r"[^0-9A-Fa-f\s,:;-]")
_OFFSET: Final = re.compile(r"[0-9A-Fa-f]{4,}:\s")
"""As a dump begins its lines: no bytes of the device."""
_WANTED: Final = "two hex digits a byte are wanted, like 53 20 0D 0A"

_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([rnt\\]))")
_LETTERS: Final[Mapping[bytes, bytes]] = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"\\": b"\\"}


def bytes_of_hex(text: str) -> bytes:
    """`53 20`, `5320`, `53:20`, `53-20`, `0x53, 0x20`, `0x5320` and `\\x53\\x20` are the same. Raises ValueError."""
    # Every place of the text stays where it is, for what is said of it.
    plain = _PREFIX.sub(lambda found: " 0" + found[1] if found[1] else "  ", text)
    shown = text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"
    if (wrong := _NO_DIGIT.search(plain)) is not None:
        place = f"{wrong.group()!r} at place {wrong.start() + 1} is no hex digit"
        raise ValueError(f"--hex {shown!r}: {place}; {_WANTED}")
    if (offset := _OFFSET.search(plain)) is not None:
        place = f"{offset.group().strip()!r} at place {offset.start() + 1} is the offset of a dump"
        raise ValueError(f"--hex {shown!r}: {place}; {_WANTED}")
    digits = _BETWEEN.sub("", plain)
    if not digits:
        raise ValueError(f"--hex {shown!r}: no bytes; {_WANTED}")
    try:
        return bytes.fromhex(_BETWEEN.sub(" ", plain))
    except ValueError:
        odd = len(digits) % 2
        half = f"an odd number of hex digits ({len(digits)})" if odd else "a blank inside a byte"
        raise ValueError(f"--hex {shown!r}: {half}; {_WANTED}") from None


def bytes_of_text(text: str) -> bytes:
    """In UTF-8. `\\r`, `\\n`, `\\t` and `\\x1d` are those bytes, as a shell hands them on; `\\\\` is one backslash."""
    data = text.encode(errors="surrogateescape")
    return _ESCAPE.sub(
        lambda found: _LETTERS[found[2]] if found[1] is None else bytes.fromhex(found[1].decode("ascii")),
        data,
    )
