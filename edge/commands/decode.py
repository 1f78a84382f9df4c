"""`hub decode --protocol NAME --hex "…" [--hex "…"] [--json]`: feeds bytes to one driver and shows its readings.

`--text "…"` gives what can be typed instead; `--protocol label` tells which identifiers a text may be.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import cast

from drivers.decode import decode
from edge.commands import EXIT_OK, EXIT_WRONG_USE


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub decode", description=__doc__)
    parser.add_argument(
        "--protocol", required=True, help="protocol name, for example mt-sics, line-crlf, upu-s10"
    )
    parser.add_argument("--hex", action="append", default=[], help='bytes, for example "53 20 53 …"')
    parser.add_argument("--text", action="append", default=[], help="the same as text; after all --hex")
    parser.add_argument("--config", action="append", default=[], metavar="KEY=VALUE", help="driver option")
    parser.add_argument("--json", action="store_true", help="one JSON array")
    args = parser.parse_args(argv)
    try:
        frames = [*(_bytes(text) for text in args.hex), *(text.encode() for text in args.text)]
        if not any(frames):
            raise ValueError('no bytes; give --hex "53 20 0D 0A" or --text "RB123456785GB"')
        options = dict(_option(text) for text in args.config)
        meanings = decode(args.protocol, frames, options)
    except ValueError as refused:
        print(f"hub decode: {refused}", file=sys.stderr)
        return EXIT_WRONG_USE
    if args.json:
        print(json.dumps(meanings, indent=1, ensure_ascii=False))
    else:
        for meaning in meanings:
            _print(meaning)
    return EXIT_OK


def _print(meaning: Mapping[str, object], indent: str = "") -> None:
    """A line of keys; lists of meanings below it, one a line."""
    lists = {key: value for key, value in meaning.items() if _is_table(value)}
    print(indent + "  ".join(f"{key}={value!r}" for key, value in meaning.items() if key not in lists))
    for key, rows in lists.items():
        print(f"{indent}{key}:")
        for row in cast(list[dict[str, object]], rows):
            _print(row, indent + "  ")


def _is_table(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _bytes(text: str) -> bytes:
    try:
        frame = bytes.fromhex(text.replace(",", " "))
    except ValueError as refused:
        raise ValueError(
            f"--hex {text!r}: two hex digits a byte are wanted, like 53 20 0D 0A ({refused})"
        ) from None
    if not frame:
        raise ValueError(f"--hex {text!r}: no bytes; two hex digits a byte are wanted, like 53 20 0D 0A")
    return frame


def _option(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise ValueError(f"--config {text!r}: KEY=VALUE is wanted, for example aim=yes")
    return key, value
