"""docs/unknown-scale.md does what it says, and a scale that is declared weighs like any other."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from drivers.decode_config import METROLOGY
from drivers.decode_text import decode_grammar
from drivers.reading import DeviceFault, DeviceUp, WeightRead
from drivers.registry import new_session
from edge.cli import main
from hub_config.load import read_model
from hub_config.names import MILLISECOND, Instant
from hub_config.scale_text import ScaleGrammar, ScaleTextConfig
from simulators.devices.cas_tongue import Pd2Tongue
from simulators.devices.scale_text import Display

PAGE = (Path(__file__).parents[2] / "docs" / "unknown-scale.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(toml)?\n(.*?)```", PAGE, re.DOTALL)
TOMLS = [text for kind, text in BLOCKS if kind == "toml"]
TEXTS = [text for kind, text in BLOCKS if not kind]
COMMANDS = [place for place, text in enumerate(TEXTS) if text.startswith("hub decode")]
AT_REST = Display(1_250_000, 1_250_000, 0, True, False, False, 1_000, 150_200_000)
FRAME = b"\x02S+  1,250kg G\r\n"


@pytest.mark.parametrize("place", COMMANDS)
def test_what_the_page_types_gives_what_it_shows(
    place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "scale.toml").write_text(TOMLS[0])
    monkeypatch.chdir(tmp_path)

    assert main(shlex.split(TEXTS[place])[1:]) == 0

    assert capsys.readouterr().out == TEXTS[place + 1]


def test_the_captured_frames_are_those_that_the_page_explains() -> None:
    frames = [bytes.fromhex(line) for line in TEXTS[1].splitlines()]

    assert frames == [FRAME, b"\x02M+  0,815kg G\r\n", b"\x02O+-------kg G\r\n"]


def test_a_whole_capture_stands_in_one_argument(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "scale.toml").write_text(TOMLS[0])

    assert main(["decode", "--grammar", str(tmp_path / "scale.toml"), "--hex", TEXTS[1]]) == 0

    assert capsys.readouterr().out.count("kind=") == 3


def device() -> ScaleTextConfig:
    (table,) = tomllib.loads(TOMLS[1].replace("usb-…", "usb-1"))["devices"]
    return ScaleTextConfig.model_validate(table)


def test_the_device_of_the_page_weighs() -> None:
    session = new_session(device())
    session.wake(Instant(0))

    up, weight = session.receive(FRAME, Instant(50 * MILLISECOND))
    (moving,) = session.receive(FRAME.replace(b"S", b"M"), Instant(100 * MILLISECOND))
    (over,) = session.receive(b"\x02O+-------kg G\r\n", Instant(150 * MILLISECOND))
    (net,) = session.receive(FRAME.replace(b"G", b"N"), Instant(200 * MILLISECOND))
    (unknown,) = session.receive(FRAME.replace(b"S", b"X"), Instant(250 * MILLISECOND))

    assert isinstance(up, DeviceUp)
    assert isinstance(weight, WeightRead)
    assert (weight.mass_mg, weight.stable, weight.counts) == (1_250_000, True, True)
    assert isinstance(moving, WeightRead)
    assert moving.stable is False
    assert isinstance(over, WeightRead)
    assert (over.mass_mg, over.overload, over.counts) == (None, True, False)
    assert isinstance(net, WeightRead)
    assert not net.counts
    assert isinstance(unknown, DeviceFault)
    assert "no frame of scale-text" in unknown.detail


def test_a_separated_frame_without_a_start_is_not_believed_at_first() -> None:
    grammar = {"fields": ["mass", "unit"], "separator": ";"}
    table = {
        "kind": "scale-text",
        "id": "scale-1",
        "attach": {"kind": "serial", "port": "/dev/ttyS0"},
        **grammar,
    }
    session = new_session(ScaleTextConfig.model_validate({**table, "metrology": METROLOGY}))
    session.wake(Instant(0))

    (up,) = session.receive(b"50;kg\r\n", Instant(1))  # of 1.250;kg
    (weight,) = session.receive(b"1.250;kg\r\n", Instant(2))

    assert isinstance(up, DeviceUp)
    assert isinstance(weight, WeightRead)
    assert weight.text == "1.250"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('fields = ["mas 2-9"]', 'fields[0]: "mas 2-9" is no field; fields are status, sign'),
        ('unitt = "kg"\nfields = ["mass 2-9"]', 'unitt: unknown key "unitt"'),
        ('words = { S = "still" }\nfields = ["mass 2-9"]', "words.S"),
        ('fields = ["mass 1-9"]', 'fields[0]: "mass 1-9" can\'t stand there; columns 2 to 96'),
    ],
)
def test_a_faulty_grammar_is_told_with_its_line(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scale.toml"
    file.write_text('start = "\\u0002"\n' + text)

    assert main(["decode", "--grammar", str(file), "--hex", "31"]) == 78

    assert capsys.readouterr().err.startswith(f"{file}:2: {said}")


def test_a_grammar_and_options_do_not_go_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "scale.toml"
    file.write_text(TOMLS[0])
    assert read_model(file, ScaleGrammar, lambda _: ()).start == "\x02"

    assert main(["decode", "--grammar", str(file), "--hex", "31", "--config", "unit=kg"]) == 2

    assert "a grammar says all in its file" in capsys.readouterr().err


def test_pd_ii_as_the_page_declares_it_has_a_mass_and_is_never_called_stable() -> None:
    grammar = ScaleGrammar.model_validate(tomllib.loads(TOMLS[2]))

    (meaning,) = decode_grammar(grammar, [Pd2Tongue().frame("weight", AT_REST)])
    (other,) = decode_grammar(grammar, [Pd2Tongue(b"1").frame("weight", AT_REST)])

    assert (meaning["mass_mg"], meaning["stable"]) == (1_250_000, None)
    assert other["kind"] == "error"
