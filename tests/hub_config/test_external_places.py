"""Dimensioners and boards with drivers from outside, in the configuration: where they stand, what they have to say."""

from pathlib import Path

import pytest

from hub_config.load import ConfigFaults, load

DWS = Path(__file__).parents[2] / "simulators" / "scenarios" / "layouts" / "dws.toml"
TEXT = DWS.read_text(encoding="utf-8")
ATTACH = 'attach = { kind = "serial", port = "/dev/hub/theirs" }\n'


def with_device(name: str, keys: str) -> str:
    """The layout with this device's entry replaced."""
    before, found, rest = TEXT.partition(f'[[devices]]\nid = "{name}"')
    assert found, name
    after = rest[rest.index("\n\n[[") :]
    driver = 'driver = "their_package:TheirSession"\n'
    return f'{before}[[devices]]\nid = "{name}"\nkind = "external"\n{driver}{ATTACH}{keys}{after}'


def faults(folder: Path, text: str) -> list[str]:
    """But for the driver, which nobody has installed here."""
    file = folder / "hub.toml"
    file.write_text(text, encoding="utf-8")
    try:
        load(file)
    except ConfigFaults as refused:
        return [str(fault) for fault in refused.faults if "no installed package" not in str(fault)]
    return []


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("dim-1", 'gives = "sizes"\nvalid_until = 2027-02-01\ncal = "d-7"\n'),
        ("dim-1", 'gives = "sizes"\n'),
        ("io-1", 'gives = "beams"\nlingers = "500 ms"\n'),
    ],
)
def test_it_stands_where_what_it_gives_is_wanted(tmp_path: Path, name: str, keys: str) -> None:
    assert faults(tmp_path, with_device(name, keys)) == []


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("dim-1", 'gives = "codes"\n', "a dimensioner of a belt is wanted"),
        ("dim-1", 'gives = "sizes"\nlingers = "1 s"\n', "has no lingers"),
        ("io-1", 'gives = "beams"\n', "it is missing"),
        ("io-1", 'gives = "beams"\nlingers = "1 s"\ncal = "d-7"\n', "has no cal"),
        ("io-1", 'gives = "sizes"\n', "an I/O board is wanted"),
    ],
)
def test_what_it_lacks_or_has_too_much_is_said(tmp_path: Path, name: str, keys: str, said: str) -> None:
    told = faults(tmp_path, with_device(name, keys))

    assert any(said in one for one in told), told
