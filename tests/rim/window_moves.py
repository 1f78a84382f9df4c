"""What the tests of the outbox window do with it, under simulated instants."""

from edge.rim.outbox_window import IN_FLIGHT_MAX, OutboxWindow
from hub_config.names import SECOND, Instant


def sec(seconds: float) -> Instant:
    return Instant(int(seconds * SECOND))


def opened(acknowledged: int = 0, in_flight_max: int = IN_FLIGHT_MAX) -> OutboxWindow:
    window = OutboxWindow(acknowledged)
    window.opened(in_flight_max)
    return window


def send(window: OutboxWindow, at: Instant, last: int) -> list[int]:
    """Sends all that the window lets out, from a journal that ends at `last`."""
    seqs = []
    while (seq := window.candidate(at)) is not None and seq <= last:
        window.sent(seq, at)
        seqs.append(seq)
    return seqs


def confirm(window: OutboxWindow, at: Instant, seqs: list[int]) -> None:
    for seq in seqs:
        assert window.delivered(seq, at)


def behind(backlog: int, in_flight_max: int = 5) -> OutboxWindow:
    """A window that finds events 1 to `backlog` waiting when the link opens."""
    window = OutboxWindow(0)
    window.extended(backlog)
    window.opened(in_flight_max)
    return window


def turn(window: OutboxWindow, at: Instant, last: int) -> list[int]:
    """Fills the window once and confirms it all, from a journal that ends at `last`."""
    window.extended(last)
    seqs = send(window, at, last)
    confirm(window, at, seqs)
    return seqs
