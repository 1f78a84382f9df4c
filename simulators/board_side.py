"""What one I/O board has of a conveyor: the encoder of its belt, its beams, its outputs, and what happens to it."""

from collections import deque
from collections.abc import Callable
from typing import Final

from hub_config.names import Instant
from simulators.bodies import BoardTrouble
from simulators.devices.io_board_inputs import Encoder

EDGES_MAX: Final = 10_000
"""Not taken yet; more of them push out the oldest."""


class BoardSide:
    def __init__(self, encoder: Encoder, switch: Callable[[int, bool, Instant], None]) -> None:
        """`switch`: an output of the board has changed."""
        self.encoder = encoder
        self.switch = switch
        self.edges: deque[tuple[Instant, int, bool]] = deque(maxlen=EDGES_MAX)
        """Of its beams: instant, channel and whether it is covered, in order."""
        self.troubles: deque[BoardTrouble] = deque()

    def take_edges(self) -> list[tuple[Instant, int, bool]]:
        edges = list(self.edges)
        self.edges.clear()
        return edges

    def take_trouble(self) -> BoardTrouble | None:
        return self.troubles.popleft() if self.troubles else None
