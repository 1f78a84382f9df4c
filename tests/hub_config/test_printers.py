"""A label printer in the configuration: at a bench, and only there."""

from pathlib import Path

import pytest

from hub_config.load import check, load
from hub_config.printers import ZplPrinterConfig

EXAMPLE = Path(__file__).parents[2] / "examples/bench.toml"
DEVICE = """
[[devices]]
id = "print-1"
kind = "zpl-printer"
attach = { kind = "tcp", host = "10.1.2.9", port = 9100 }
width = "100 mm"

# The bench."""
PLACE = 'scale = "scale-1"\n'


def changed(**more: str) -> str:
    text = EXAMPLE.read_text(encoding="utf-8").replace("\n# The bench.", DEVICE, 1)
    return text.replace(PLACE, more.get("place", f'{PLACE}printer = "print-1"\n'), 1).replace(
        "100 mm", more.get("width", "100 mm")
    )


def said_of(folder: Path, text: str) -> list[str]:
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    return [str(fault).removeprefix(f"{folder}/") for fault in check(file)]


def test_a_bench_may_have_a_printer(tmp_path: Path) -> None:
    assert said_of(tmp_path, changed()) == []
    config = load(tmp_path / "hub.toml")
    (bench,) = config.benches
    assert bench.printer == "print-1"
    printer = config.device(bench.printer)
    assert isinstance(printer, ZplPrinterConfig)
    assert (printer.width_um, printer.dots_per_mm, printer.valid_ms) == (100_000, 8, 20_000)


def test_a_bench_without_one_keeps_its_digest() -> None:
    assert b"printer" not in load(EXAMPLE).model_dump_json().encode()


@pytest.mark.parametrize(
    ("place", "width", "said"),
    [
        (PLACE, "100 mm", '"print-1" stands at no bench or line'),
        (f'{PLACE}printer = "scan-1"\n', "100 mm", "a label printer is wanted (zpl-printer)"),
        (f'{PLACE}printer = "print-9"\n', "100 mm", 'there is no device "print-9"'),
        ('scale = "print-1"\n', "100 mm", "a scale is wanted"),
        (f'{PLACE}printer = "print-1"\n', "20 mm", '"20 mm" is too low'),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, place: str, width: str, said: str) -> None:
    told = said_of(tmp_path, changed(place=place, width=width))

    assert any(said in one for one in told), told


def test_no_bay_has_the_barcode_that_prints_again(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("HUBXGREEN", "HUBXPRINT", 1)

    (told,) = said_of(tmp_path, text)
    assert "prints a label again" in told
