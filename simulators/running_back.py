"""What the beams of a belt tell while it runs back a little and then on again: every edge of that stretch, twice.

What lies on the belt goes with it, and nothing else is done again: readers and scale have seen what they saw.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from hub_config.lines import Beam
from hub_config.names import Instant
from simulators.bodies import Body
from simulators.feeding import Feeding


def edges_between(
    bodies: Sequence[Body], feeding: Feeding, since: Instant, until: Instant
) -> Iterator[tuple[Instant, Beam, bool]]:
    """Edges of the belt's beams in this time of the belt (later than `since`): when, which, and whether it was covered
    then."""
    for beam in feeding.beams(0):
        spans = sorted(
            (body.front_at(beam.position_um), body.rear_at(beam.position_um))
            for body in bodies
            if _passes(body, beam, feeding)
        )
        for first, last in _joined(spans):
            if since < first <= until:
                yield first, beam, True
            if since < last <= until:
                yield last, beam, False


def _passes(body: Body, beam: Beam, feeding: Feeding) -> bool:
    gone = body.taken or (body.path is not None and body.path.position_um < beam.position_um)
    return not gone and beam.position_um > body.appears_um and beam in feeding.beams(body.fed)


def _joined(spans: Sequence[tuple[Instant, Instant]]) -> Iterator[tuple[Instant, Instant]]:
    """Those that overlap as one."""
    if not spans:
        return
    first, last = spans[0]
    for (_, _), (after_first, after_last) in pairwise(spans):
        if after_first > last:
            yield first, last
            first = after_first
        last = max(last, after_last)
    yield first, last
