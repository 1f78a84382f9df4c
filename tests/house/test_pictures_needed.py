"""A test of decoding without its packages or photographs: skipped on a developer's machine, failed in CI."""

from pathlib import Path

import pictures
import pytest


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_absent_packages_fail_in_ci_and_skip_elsewhere(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(pictures, "PACKAGES", ("no_such_decoder",))

    with pytest.raises(outcome, match="no_such_decoder"):
        pictures.need_camera_packages()


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_absent_photographs_fail_in_ci_and_skip_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(pictures, "PHOTOGRAPHS", tmp_path)

    with pytest.raises(outcome, match="photographs"):
        pictures.photographs()
