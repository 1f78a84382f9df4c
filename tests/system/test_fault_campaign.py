"""The short form of `hub campaign faults`: six kills under load, and nothing lost, doubled or wrong."""

import json
from pathlib import Path

import pytest
from brokers import need

from simulators.campaign import main

pytestmark = pytest.mark.system


def test_after_six_kills_nothing_is_lost_doubled_or_wrong(tmp_path: Path) -> None:
    need("mosquitto")
    told = tmp_path / "faults.json"
    code = main(["faults", "--kills", "6", "--seed", "3", "--json", str(told)])
    outcome = json.loads(told.read_text())

    assert code == 0, outcome
    assert (outcome["lost"], outcome["doubled"], outcome["wrong_release"], outcome["faults"]) == (0, 0, 0, [])
    assert outcome["kills"]["gateway"] == outcome["kills"]["broker"] == outcome["kills"]["coordinator"] == 2
    assert outcome["events"] > 50


@pytest.mark.parametrize("kills", ["0", "many", "10001"])
def test_a_number_of_kills_that_makes_no_sense_is_wrong_use(kills: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["faults", "--kills", kills])

    assert ended.value.code == 2
