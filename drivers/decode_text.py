"""Frames of a scale whose grammar is declared, for `hub decode --grammar`: what they mean, and how each was cut.

The keys of a meaning are those of every scale; besides them `cut` lists the fields with their columns and bytes, and of
a frame that is none, `detail` says why and what to do.
"""

from collections.abc import Sequence
from typing import Final

from drivers.declared_check import held_by
from drivers.meanings import Meaning
from drivers.scales.scale_text import Cutting, Span, grammar_wire, take_apart
from drivers.scales.told import Garbled, meaning_of
from hub_config.scale_text import ScaleGrammar

_LOST: Final = "bytes outside a frame; check start, end and the columns"


def decode_grammar(grammar: ScaleGrammar, frames: Sequence[bytes]) -> list[Meaning]:
    wire = grammar_wire(grammar)
    meanings: list[Meaning] = []
    for frame in frames:
        for piece in wire.feed(frame):
            raw = piece.head if isinstance(piece, Garbled) else piece.raw
            cutting = take_apart(grammar, raw)
            # Lost bytes may look like a frame: what counts is how the wire cut them.
            same = isinstance(cutting.piece, Garbled) == isinstance(piece, Garbled)
            meaning = meaning_of(piece, grammar.unit)
            if isinstance(piece, Garbled):
                why = cutting.why if same and cutting.why else _LOST
                meaning["detail"] = why + (_held(grammar, raw) if grammar.check is not None else "")
            meanings.append({**meaning, "cut": _cut(cutting)})
    if rest := wire.held_bytes:
        detail = f"{rest} bytes of a frame that has not ended, or outside one; check start and end"
        meanings.append({"kind": "error", "error": "incomplete", "detail": detail, "cut": []})
    return meanings


def _held(grammar: ScaleGrammar, frame: bytes) -> str:
    """Which checks the frame would keep."""
    start = grammar.start.encode("latin-1")
    end = next((end for end in (one.encode("latin-1") for one in grammar.end) if frame.endswith(end)), b"")
    body = frame[len(start) : len(frame) - len(end)]
    held = held_by(start, body, raw=not grammar.separator) if frame.startswith(start) else []
    return f"; as it is, it keeps: {', '.join(held)}" if held else ""


def _cut(cutting: Cutting) -> list[Meaning]:
    return [_shown(span) for span in cutting.spans]


def _shown(span: Span) -> Meaning:
    last = span.first + len(span.data) - 1
    return {
        "columns": str(span.first) if last == span.first else f"{span.first}-{last}",
        "field": span.name,
        "hex": span.data.hex(" "),
        "text": "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in span.data),
        "means": span.said,
    }
