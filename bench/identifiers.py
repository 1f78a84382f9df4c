"""How often a text that is no identifier is taken for one, and one format for another (docs/identifiers.md).

`… alone`: random texts of the format's own length and alphabet that pass it; `baseline` is what its check promises.
`… as another`: valid numbers of the format that some other format of the gateway passes too, weak ones included.
`n digits`: random numbers that a gateway without weak formats takes for an identifier; `baseline`: with all of them.
"""

import random
import string
from collections.abc import Callable
from typing import Final

from drivers.identifiers.choice import identify
from drivers.identifiers.format import Found
from drivers.identifiers.formats import BY_NAME, RANKED
from hub_config.codes import WEAK_FORMATS
from simulators.label_numbers import VALID

Figures = dict[str, dict[str, float | str | int]]

SEED: Final = 1
PROMISED: Final = {
    "upu-s10": 1 / 11 * 249 / 676, "ups-1z": 1 / 10, "sscc": 1 / 10, "dpd-28": 1 / 36, "fedex-12": 1 / 11,
    "fedex-34": 1 / 11, "fedex-96-34": 1 / 11, "fedex-96-22": 1 / 10, "fedex-ground-15": 1 / 10, "usps-impb": 1 / 10,
    "dhl-express": 1 / 10, "iata-awb": 1 / 10, "iata-label": 1 / 10,
    **dict.fromkeys(("gtin-8", "gtin-12", "gtin-13", "gtin-14"), 1 / 10),
}  # fmt: skip
"""Of those with a check digit, once length and prefix are right; mod 7 says nothing of 7, 8 and 9."""
LENGTHS: Final = (*range(8, 21), 22, 26, 28, 29, 30, 34)


def measure(short: bool) -> Figures:
    runs = 500 if short else 10_000
    rng = random.Random(SEED)  # noqa: S311  (a repeatable draw)
    figures: Figures = {}
    for name, known in BY_NAME.items():
        shaped = [_scrambled(VALID[name](rng), rng) for _ in range(runs)]
        passed = sum(_passes(known.parse, text) for text in shaped)
        figures[f"{name} alone"] = _row(passed, runs, PROMISED.get(name, 1.0))
        numbers = [VALID[name](rng).replace("\x1d", "") for _ in range(runs // 10)]
        doubled = sum(_another(name, number) for number in numbers)
        figures[f"{name} as another"] = _row(doubled, len(numbers), 1.0)
    for length in LENGTHS:
        texts = ["".join(rng.choices(string.digits, k=length)) for _ in range(runs)]
        taken = sum(_is_taken(text, ()) for text in texts)
        with_weak = sum(_is_taken(text, WEAK_FORMATS) for text in texts)
        figures[f"{length} digits"] = _row(taken, runs, with_weak / runs)
    return figures


def _scrambled(number: str, rng: random.Random) -> str:
    """Other digits and letters in the same places, behind the format's own prefix if it has one."""
    kept = next(
        (len(one) for one in ("1Z", "YT", "GFUS", "TBA", "100", "96", "420") if number.startswith(one)), 0
    )
    return number[:kept] + "".join(
        rng.choice(string.digits if sign in string.digits else string.ascii_uppercase)
        if sign != "\x1d"
        else sign
        for sign in number[kept:]
    )


def _passes(parse: Callable[[str], object], text: str) -> bool:
    found = parse(text)
    return isinstance(found, Found) and found.fault is None


def _another(name: str, number: str) -> bool:
    return any(one.name != name and one.type != "unknown" and _passes(one.parse, number) for one in RANKED)


def _is_taken(text: str, weak: tuple[str, ...]) -> bool:
    found = identify(text, "]C0", weak)
    return found.type != "unknown" and found.check_ok


def _row(count: int, runs: int, baseline: float) -> dict[str, float | str | int]:
    ratio = round(count / runs / baseline, 2) if baseline else 0.0
    return {
        "ours": round(count / runs, 5),
        "baseline": round(baseline, 5),
        "ratio": ratio,
        "unit": "of 1",
        "runs": runs,
    }
