"""The simulated board of a line in real time, whose thread may be late."""

from pathlib import Path

import pytest
from byte_line import one_line

from hub_config.names import Instant
from simulators.conveyor import Conveyor
from simulators.devices.io_board import CAUSE_PIN
from simulators.practice import Ports
from simulators.served_line import ServedLine
from simulators.world import World

HUB = one_line()
CHANNEL = HUB.lines[0].belt_beams[0].channel


@pytest.fixture
def served() -> ServedLine:
    conveyor = Conveyor(World(Instant(0)), HUB.lines[0], (), 1, {})
    return ServedLine(conveyor, HUB, HUB.lines[0], Ports(Path("/nowhere")))


def test_a_board_answers_for_no_time_of_which_it_has_an_edge_to_tell(
    served: ServedLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bool] = []
    monkeypatch.setattr(served.board, "receive", lambda *_: heard.append(served.board._levels[CHANNEL]))
    served.conveyor.board_sides[0].edges.append((Instant(5), CHANNEL, True))
    served.board_receive(b"\0", Instant(10))

    assert heard == [True]


def test_a_board_that_restarts_is_another_boot_and_has_seen_what_came_before(served: ServedLine) -> None:
    boot = served.board.boot_id
    served.conveyor.board_sides[0].edges.append((Instant(0), CHANNEL, True))
    served.restart_board(CAUSE_PIN)

    assert served.board.boot_id == boot + 1
    assert served.board._levels[CHANNEL]
    assert served.conveyor.board_sides[0].take_edges() == []
