"""GS1 application identifiers: the format of each, after the GS1 Syntax Dictionary.

A row is an AI (a dash gives a range, both ends included) and the parts of its value: `N6` six digits, `N..8` one to
eight digits, `X..20` one to twenty characters of CSET 82, brackets for a part that may be missing.
"""

import re
from typing import Final

_ROWS: Final = """
00 N18
01-03 N14
10 X..20
11-13 N6
15-17 N6
20 N2
21-22 X..20
235 X..28
240-241 X..30
242 N..6
243 X..20
250-251 X..30
253 N13 [X..17]
254 X..20
255 N13 [N..12]
30 N..8
3100-3169 N6
3200-3299 N6
3300-3379 N6
3400-3499 N6
3500-3579 N6
3600-3699 N6
37 N..8
3900-3909 N..15
3910-3919 N3 N..15
3920-3929 N..15
3930-3939 N3 N..15
3940-3943 N4
3950-3955 N6
400-401 X..30
402 N17
403 X..30
410-417 N13
420 X..20
421 N3 X..9
422 N3
423 N3 [N..12]
424 N3
425 N3 [N..12]
426 N3
427 X..3
4300-4301 X..35
4302-4306 X..70
4307 X2
4308 X..30
4309 N20
4310-4311 X..35
4312-4316 X..70
4317 X2
4318 X..20
4319 X..30
4320 X..35
4321-4323 N1
4324-4325 N10
4326 N6
4330-4333 N6 [X1]
7001 N13
7002 X..30
7003 N10
7004 N..4
7005 X..12
7006 N6
7007 N6 [N6]
7008 X..3
7009 X..10
7010 X..2
7011 N6 [N4]
7020-7022 X..20
7023 X..30
7030-7039 N3 X..27
7040 N1 X3
7041 X..4
710-717 X..20
7230-7239 X2 X..28
7240 X..20
7241 N2
7242 X..25
7250 N8
7251 N12
7252 N1
7253-7254 X..40
7255 X..10
7256 X..90
7257 X..70
7258 X3
7259 X..40
8001 N14
8002 X..20
8003 N14 [X..16]
8004 X..30
8005 N6
8006 N18
8007 X..34
8008 N8 [N..4]
8009 X..50
8010 X..30
8011 N..12
8012 X..20
8013 X..25
8014 X..25
8017-8018 N18
8019 N..10
8020 X..25
8026 N18
8030 X..90
8110 X..70
8111 N4
8112 X..70
8200 X..70
90 X..30
91-99 X..90
"""

_CHARACTERS: Final = {"N": "[0-9]", "X": r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]"""}

_MEASURES: Final = ("31", "32", "33", "34", "35", "36")
"""Their fourth digit says how many of the six digits of the value are decimals."""
DECIMALS_MAX: Final = 5

PREDEFINED_LENGTH: Final[dict[str, int]] = {
    "00": 20,
    "01": 16,
    "02": 16,
    "03": 16,
    "04": 18,
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 8),
    "20": 4,
    **dict.fromkeys(_MEASURES, 10),
    "41": 16,
}
"""By the first two digits of the AI: characters of AI and value together. No separator follows these."""

KEYS_WITH_MOD10: Final[dict[str, int]] = {
    "00": 18, "01": 14, "02": 14, "03": 14, "253": 13, "255": 13, "402": 17, **{str(ai): 13 for ai in range(410, 418)},
    "8003": 14, "8006": 14, "8017": 18, "8018": 18, "8026": 14,
}  # fmt: skip
"""How many digits their value begins with, the last of them a check digit."""

LINK_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "00": (),
    "01": ("22", "10", "21", "235"),
    "253": (),
    "255": (),
    "401": (),
    "402": (),
    "414": ("254", "7040"),
    "415": ("8020",),
    "417": ("7040",),
    "8003": (),
    "8004": ("7040",),
    "8006": ("22", "10", "21"),
    "8010": ("8011",),
    "8013": (),
    "8017": ("8019",),
    "8018": ("8019",),
}
"""Primary keys of a Digital Link and the qualifiers that may follow in its path, in this order."""


def _part(part: str) -> str:
    optional = part.startswith("[")
    kind, length = part.strip("[]")[0], part.strip("[]")[1:]
    repeat = f"{{1,{length[2:]}}}" if length.startswith("..") else f"{{{length}}}"
    return f"(?:{_CHARACTERS[kind]}{repeat}){'?' if optional else ''}"


def _table() -> dict[str, re.Pattern[str]]:
    table: dict[str, re.Pattern[str]] = {}
    for row in _ROWS.split("\n"):
        if not row:
            continue
        span, *parts = row.split()
        first, _, last = span.partition("-")
        pattern = re.compile("".join(map(_part, parts)))
        for number in range(int(first), int(last or first) + 1):
            ai = f"{number:0{len(first)}}"
            if ai[:2] not in _MEASURES or int(ai[3]) <= DECIMALS_MAX:
                table[ai] = pattern
    return table


AI_FORMATS: Final[dict[str, re.Pattern[str]]] = _table()
