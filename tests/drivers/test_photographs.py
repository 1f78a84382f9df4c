"""Real photographs of barcodes through a real worker process: how many are read, and that no code is ever wrong."""

import os
import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from pictures import Photograph, need_camera_packages, photographs
from worker_process import working

from drivers.cameras.folder_watch import KEPT_MAX, WAITING_MAX
from simulators.labels import put

pytestmark = pytest.mark.system

KNOWN: Final = 825
"""Photographs of the development half whose codes are known, or known to be none."""
READ_MIN: Final = 595
"""Of the 780 with a code; 614 with zxing-cpp 3.1.1 alone. Newer engines may differ by a few."""
OTHER_CODES: Final = {
    "ean13-2": re.compile("9784872348880|1920081045006"),
    "code39-3": re.compile("[0-9A-F]{12}"),
    "qrcode-2/16": re.compile(r"\[(外側|内側)QRコード\].*", re.DOTALL),
}
"""Pictures with a second real code (README of the photographs; the third is a code inside a code)."""


def plain(text: str) -> str:
    """As the README of the photographs compares: no brackets, no FNC1; line ends and zeros in front alike."""
    return re.sub(r"\r\n?", "\n", re.sub(r"[()\x1d]", "", text)).strip().lstrip("0")


def expanded(upce: str) -> str:
    """UPC-E as the UPC-A it stands for (GS1 General Specifications §5.2.2.4)."""
    system, digits, check = upce[0], upce[1:7], upce[7]
    match digits[5]:
        case "0" | "1" | "2":
            body = digits[:2] + digits[5] + "0000" + digits[2:5]
        case "3":
            body = digits[:3] + "00000" + digits[3:5]
        case "4":
            body = digits[:4] + "00000" + digits[4]
        case _:
            body = digits[:5] + "0000" + digits[5]
    return system + body + check


def is_right(photograph: Photograph, read: str) -> bool:
    if any(part in photograph.name and code.fullmatch(read) for part, code in OTHER_CODES.items()):
        return True
    if photograph.text is None:
        return False
    wanted, got = plain(photograph.text), plain(read)
    match photograph.symbology:
        case "UPCE":
            return got in (wanted, plain(expanded(photograph.text)))
        case "Codabar":
            return read[1:-1] == photograph.text or got == wanted
        case "Code39" if "code_39_vin" in photograph.name:
            return got in (wanted, "I" + wanted)
        case "EAN13+ext" | "UPCA+ext":
            return wanted.startswith(got)
        case _:
            return got == wanted


def test_photographs_are_read_and_no_wrong_code_is_ever_given(tmp_path: Path) -> None:
    need_camera_packages()
    known = [one for one in photographs() if one.text is not None or one.symbology == "none"]
    right, of, wrong = Counter[str](), Counter[str](), []
    with working(tmp_path) as worker:
        worker.next()
        for start in range(0, len(known), WAITING_MAX // 2):
            batch = {one.name.replace("/", "-"): one for one in known[start : start + WAITING_MAX // 2]}
            for name, one in batch.items():
                put(one.path.read_bytes(), tmp_path, name)
            for _ in batch:
                told = worker.next()
                one = batch[told["file"]]
                reads = [code["data"] for code in told["codes"]]
                wrong += [(one.name, read) for read in reads if not is_right(one, read)]
                of[one.symbology] += 1
                right[one.symbology] += bool(reads)

    print(", ".join(f"{name} {right[name]} of {of[name]}" for name in of))  # noqa: T201  # seen with pytest -s
    assert (wrong, of.total(), right["none"]) == ([], KNOWN, 0)
    assert right.total() >= READ_MIN
    assert len(os.listdir(tmp_path)) in (KEPT_MAX, KEPT_MAX + 1), "it tidies after each line"
