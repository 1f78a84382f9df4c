"""The first table of drivers/SCALE.md, made from what the tests try: `python tests/scale_card.py` writes it anew.

A parser is in it because it is in the tables that the tests go through: `tests/drivers/test_driver_vectors.py` (frames
of the manuals), `test_every_cut.py` (every cut) and `tests/simulators/test_fuzz_campaign.py` (damaged bytes, bounds,
back in step). The simulated device is one that `hub simulated-device` serves or that a simulated hub runs.
"""

from pathlib import Path
from typing import Final

from simulators.fuzz_campaign import vectors_of
from simulators.fuzz_subjects import Subject, subjects
from simulators.one_device import KINDS

SCALE_MD: Final = Path(__file__).parents[1] / "drivers" / "SCALE.md"
BEGIN: Final = "<!-- Made by tests/scale_card.py; do not edit by hand. -->\n"
END: Final = "<!-- End of what is made. -->\n"
IN_A_HUB: Final = (
    "record-scale", "record-dimensioner", "io-board", "plc-wcs", "modbus-tcp", "keyence-sr", "line-crlf", "conveylinx",
    "interroll-multicontrol",
)  # fmt: skip
"""Run by scenarios of `hub simulate`."""
SERVED_AS: Final = {"zpl-status": "zpl-printer", "zpl": "zpl-printer", "scale-text+check": "cas-pd-ii"}
"""Kinds of devices that speak a protocol of another name."""
_BACK: Final = {
    "stream": "the second of two frames",
    "silence": "the next frame",
    "reconnect": "the next connection",
    "none": "exempt",
}


def card() -> str:
    names = (
        "parser",
        "frames of manuals",
        "every cut",
        "damaged bytes, bounds",
        "back in step by",
        "one wrong bit",
        "simulated",
    )
    head = "| " + " | ".join(names) + " |\n"
    rows = [_row(one) for one in subjects() if not one.name.endswith("(session)")]
    return BEGIN + head + "| --- | --- | --- | --- | --- | --- | --- |\n" + "".join(rows) + END


def _row(one: Subject) -> str:
    frames = len(vectors_of(one.vectors))
    names = (one.name.partition("+")[0], SERVED_AS.get(one.name, one.name), *one.vectors)
    simulated = names[0] in IN_A_HUB or any(name in KINDS for name in names)
    cells = (
        f"`{one.name}`", str(frames) if frames else "declared", "whole frames" if one.per_read else "done", "done",
        _BACK[one.back], "refused" if one.checked else "–", "done" if simulated else "–",
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |\n"


def with_card(text: str) -> str:
    """The file's text with the table of now. Raises ValueError where the marks are not there."""
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{SCALE_MD.name} has lost the marks {BEGIN.strip()} and {END.strip()}")
    return before + card() + after


if __name__ == "__main__":
    SCALE_MD.write_text(with_card(SCALE_MD.read_text("utf-8")), "utf-8")
