"""How devices are attached: selectors instead of paths, HID scales, typing scanners, identities."""

from pathlib import Path

import pytest

from hub_config.attach import HidAttach, SerialAttach
from hub_config.hub import HubConfig
from hub_config.load import ConfigFaults, load

EXAMPLE = Path(__file__).parents[2] / "examples" / "bench.toml"
SCALE = next(line for line in EXAMPLE.read_text().splitlines() if "/dev/ttyUSB1" in line)


def loaded(tmp_path: Path, *changes: tuple[str, str]) -> HubConfig:
    text = EXAMPLE.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = tmp_path / "hub.toml"
    file.write_text(text)
    return load(file)


@pytest.mark.parametrize(
    "port", ["usb:0403:6001:A5XK3RJT", "usb:1a86:7523@pci-0000:00:14.0-usb-0:1.2", "usb:0403:6011:FT4X#2"]
)
def test_a_port_may_be_named_by_what_is_plugged_in(tmp_path: Path, port: str) -> None:
    config = loaded(tmp_path, ('"/dev/ttyUSB1"', f'"{port}"'))

    assert config.devices[1].attach.place == port


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (
            "usb:0403:6001",
            'attach.port: "usb:0403:6001" names no USB device; usb:VID:PID:SERIAL or usb:VID:PID@HUB-PORT',
        ),
        ("ttyUSB1", 'attach.port: "ttyUSB1" is no path of a port; a path from the root is wanted'),
    ],
)
def test_what_names_no_port_is_refused_with_the_form_that_does(tmp_path: Path, port: str, words: str) -> None:
    with pytest.raises(ConfigFaults) as refused:
        loaded(tmp_path, ('"/dev/ttyUSB1"', f'"{port}"'))
    assert words in str(refused.value)


def test_one_device_for_two_entries_is_refused_however_it_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigFaults, match="is already devices"):
        loaded(
            tmp_path,
            ('"/dev/ttyUSB0"', '"usb:0C2E:0AAF:X1"'),
            ('"/dev/ttyUSB1"', '"usb:0c2e:0aaf:X1"'),
        )


def test_a_hid_scale_is_attached_as_what_it_is(tmp_path: Path) -> None:
    attach = 'attach = { kind = "hid", port = "usb:0922:8003@pci-0000:00:14.0-usb-0:1" }'
    config = loaded(
        tmp_path,
        (SCALE, attach),
        ('kind = "mt-sics"         #', 'kind = "hid-scale"       #'),
        ('poll = "100 ms"          # how often it is asked\n', ""),
        ('answer_timeout = "500 ms"\n\n[devices', "\n[devices"),
    )

    assert isinstance(config.devices[1].attach, HidAttach)


def test_what_is_left_out_of_an_attachment_leaves_the_digest_of_a_config_as_it_was(tmp_path: Path) -> None:
    """Flow control, lines and identity came later."""
    dumped = SerialAttach(port="/dev/ttyUSB0").model_dump()

    assert set(dumped) == {"kind", "port", "baud", "data_bits", "parity", "stop_bits"}
    assert (
        loaded(tmp_path).digest()
        == loaded(tmp_path, (SCALE, SCALE.replace(" }", ", dtr = true, rts = true }"))).digest()
    )
    assert (
        loaded(tmp_path, (SCALE, SCALE.replace(" }", ", dtr = false }"))).digest()
        != loaded(tmp_path).digest()
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [('flow = "both"', "rts-cts"), ('parity = "maybe"', "mark"), ("identity = 7", "identity")],
)
def test_a_wrong_setting_is_refused_with_what_there_is(tmp_path: Path, more: str, words: str) -> None:
    attach = 'attach = { port = "/dev/ttyUSB1", ' + more + " }"
    with pytest.raises(ConfigFaults, match=words):
        loaded(tmp_path, (SCALE, attach))
