"""How far a run is, as its progress bar tells it."""

from byte_line import one_line

from simulators.parcels import stream
from simulators.progress import gone, shown, whole
from simulators.simulate import prepare


def test_a_bar_counts_the_parcels_that_have_left_of_all() -> None:
    hub = prepare(one_line(), stream(1, 5), 1, "one line").hub

    assert (gone(hub), whole(hub)) == (0, 5)
    with shown(hub):  # no terminal: nothing is drawn
        hub.run()
    assert (gone(hub), whole(hub)) == (5, 5)
