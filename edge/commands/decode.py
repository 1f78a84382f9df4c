"""`hub decode --protocol NAME --hex "…" [--hex "…"] [--json]`: feeds bytes to one driver and shows its readings.

Every frame is shown cut: which bytes are which field, or where in it the values stand that were understood.
`--text "…"` gives what can be typed instead; `--protocol label` tells which identifiers a text may be.
`--grammar FILE` instead of a protocol: of a scale whose frame is declared there (docs/unknown-scale.md); shows for each
frame which bytes are which field.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from drivers.decode import DECODERS, OPTIONS, decode
from drivers.decode_cuts import cut
from drivers.decode_refused import with_reasons
from drivers.decode_text import decode_grammar
from drivers.scales.amount import unit_of
from edge.commands import EXIT_BAD_CONFIG, EXIT_OK, EXIT_WRONG_USE
from edge.commands.typed_bytes import bytes_of_hex, bytes_of_text
from hub_config.load import ConfigFaults, read_model
from hub_config.scale_text import ScaleGrammar


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub decode", description=__doc__)
    protocol = parser.add_mutually_exclusive_group(required=True)
    protocol.add_argument(
        "--protocol", help="protocol name, for example mt-sics, line-crlf, upu-s10; ? lists them"
    )
    protocol.add_argument(
        "--grammar", metavar="FILE", help="TOML that declares the frame of an unknown scale"
    )
    parser.add_argument(
        "--hex", action="append", default=[], help='bytes: "53 20 0D", 0x53,0x20,0x0D, 53:20:0d'
    )
    parser.add_argument(
        "--text",
        action="append",
        default=[],
        help=r"the same as text, \r \n \x1d for those bytes; after all --hex",
    )
    parser.add_argument("--config", action="append", default=[], metavar="KEY=VALUE", help="driver option")
    parser.add_argument("--unit", help="of weights that are sent without one; short for --config unit=…")
    parser.add_argument("--json", action="store_true", help="one JSON array")
    args = parser.parse_args(argv)
    if args.protocol == "?":
        return _list()
    try:
        frames = [*map(bytes_of_hex, args.hex), *map(bytes_of_text, args.text)]
        if not any(frames) and (args.grammar is not None or args.protocol in DECODERS):
            raise ValueError('no bytes; give --hex "53 20 0D 0A" or --text "RB123456785GB"')
        units = [] if args.unit is None else [f"unit={unit_of(args.unit)}"]
        options = dict(_option(text) for text in (*args.config, *units))
        if args.grammar is None:
            meanings = decode(args.protocol, frames, options)
            if len(meanings) == len(frames):
                meanings = with_reasons(
                    args.protocol, frames, meanings, lambda tried: decode(args.protocol, [tried], options)
                )
                if not args.json and args.protocol != "label":
                    told = zip(frames, meanings, strict=True)
                    meanings = [
                        {**meaning, "cut": cut(args.protocol, frame, meaning)} for frame, meaning in told
                    ]
        else:
            meanings = decode_grammar(_grammar(args.grammar, options), frames)
    except ConfigFaults as refused:
        print(refused, file=sys.stderr)
        return EXIT_BAD_CONFIG
    except ValueError as refused:
        print(f"hub decode: {refused}", file=sys.stderr)
        return EXIT_WRONG_USE
    if args.json:
        print(json.dumps(meanings, indent=1))
    else:
        for meaning in meanings:
            for line in _cut(meaning.get("cut", [])):
                print(line)
            _print({key: value for key, value in meaning.items() if key != "cut"})
    return EXIT_OK


def _list() -> int:
    """Every protocol, with what --config takes for it."""
    for name in DECODERS:
        keys = ", ".join(f"{key}=…" for key in OPTIONS.get(name, ()))
        print(f"{name:<24}  {keys}".rstrip())
    return EXIT_OK


def _grammar(path: str, options: Mapping[str, str]) -> ScaleGrammar:
    if options:
        raise ValueError("--config goes with --protocol; a grammar says all in its file")
    return read_model(path, ScaleGrammar, lambda _: ())


def _cut(spans: object) -> Iterator[str]:
    """The fields of a frame that a grammar cut."""
    for span in cast(list[dict[str, str]], spans):
        shown = f"{span['columns']:>7}  {span['field']:<9}  {span['hex']}  |{span['text']}|"
        yield f"{shown}  {span['means']}".rstrip()


def _print(meaning: Mapping[str, object], indent: str = "") -> None:
    """A line of keys; lists of meanings below it, one a line."""
    lists = {key: value for key, value in meaning.items() if _is_table(value)}
    print(indent + "  ".join(f"{key}={value!r}" for key, value in meaning.items() if key not in lists))
    for key, rows in lists.items():
        print(f"{indent}{key}:")
        for row in cast(list[dict[str, object]], rows):
            _print(row, indent + "  ")


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _option(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise ValueError(f"--config {text!r}: KEY=VALUE is wanted, for example aim=yes")
    return key, value
