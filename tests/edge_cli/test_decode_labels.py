"""`hub decode` of what stands on a label: typed as text, of a format that is named or of none."""

import json

import pytest

from edge.commands.decode import main


def test_a_text_can_be_typed_instead_of_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--protocol", "ups-1z", "--text", "1z 5r8 939 03 5756 712 7", "--json"]) == 0

    (told,) = json.loads(capsys.readouterr().out)
    assert (told["valid"], told["value"]) == (True, "1Z5R89390357567127")


def test_an_unknown_label_is_told_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--protocol", "label", "--text", "986578788855"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("kind='label'")
    fits, rejected = lines.index("fits:"), lines.index("rejected:")
    assert lines[fits + 1].startswith("  format='fedex-12'  event_type='carrier'  weak=True")
    assert any("upu-s10" in line and "12 characters" in line for line in lines[rejected:])


def test_bytes_and_texts_are_taken_in_that_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["--protocol", "gtin-8", "--text", "02345674", "--hex", "30 32 33 34 35 36 37 33", "--json"])
        == 0
    )

    assert [told["valid"] for told in json.loads(capsys.readouterr().out)] == [True, False]


def test_nothing_to_decode_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--protocol", "label"]) == 2

    assert 'give --hex "53 20 0D 0A" or --text' in capsys.readouterr().err
