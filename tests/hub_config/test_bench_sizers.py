"""A CubiScan at a bench, in the configuration."""

from pathlib import Path

import pytest

from hub_config.load import check

EXAMPLE = Path(__file__).parents[2] / "examples/bench.toml"
DEVICE = """
[[devices]]
id = "cubi-1"
kind = "cubiscan"
attach = { kind = "tcp", host = "10.1.2.9", port = 1050 }
u = "5 mm"
MORE
# The bench."""
METROLOGY = '[devices.metrology]\nregime = "none"\nmax = "30 kg"\nmin = "20 g"\ne = "10 g"\nmpe = "20 g"\n'
PLACE = 'scale = "scale-1"\n'


@pytest.mark.parametrize(
    ("place", "more", "said"),
    [
        (f'{PLACE}dimensioner = "cubi-1"\n', "", None),
        (PLACE, "", '"cubi-1" stands at no bench or line'),
        (
            f'{PLACE}dimensioner = "cubi-1"\n',
            METROLOGY,
            '"cubi-1" weighs, and is not the scale of this bench',
        ),
        (f'{PLACE}dimensioner = "scan-1"\n', "", "a dimensioner of a bench is wanted (cubiscan)"),
    ],
)
def test_it_stands_beside_the_scale_and_weighs_nothing(
    tmp_path: Path, place: str, more: str, said: str | None
) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("\n# The bench.", DEVICE.replace("MORE", more), 1)
    file = tmp_path / "hub.toml"
    file.write_text(text.replace(PLACE, place, 1), encoding="utf-8")

    told = [str(fault) for fault in check(file)]

    assert told == [] if said is None else any(said in one for one in told), told
