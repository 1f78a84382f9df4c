"""A system test without its broker: skipped on a developer's machine, failed in CI."""

import brokers
import pytest


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_broker_never_passes_ci(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers, "mosquitto_path", lambda: None)
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match="mosquitto is not installed"):
        brokers.need("mosquitto")
