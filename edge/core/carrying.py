"""Parcels going over from belt to belt of one line, in series or at a merge: `transfer` says which and when, here it is
done.

What leaves the belt on which it is read and weighed is measured by then, or held.
"""

from itertools import pairwise

from edge.core.item import Item
from edge.core.leaving import Leaving
from edge.core.ledger import Ledger
from edge.core.measuring import Measuring
from edge.core.transfer import Section, Transfer
from hub_config.lines import Line as LineConfig
from hub_config.names import Instant


class Carrying:
    def __init__(
        self, line: LineConfig, sections: tuple[Section, ...], measuring: Measuring, leaving: Leaving, ledger: Ledger
    ) -> None:  # fmt: skip
        series, sides = sections[: len(line.belts)], sections[len(line.belts) :]
        joined = ((side, series[line.joined_place(one)]) for side, one in zip(sides, line.sides, strict=True))
        self._transfers = tuple(Transfer(line, *pair) for pair in (*pairwise(series), *joined))
        self._touching = [
            tuple(one for one in self._transfers if section in (one.before, one.behind))
            for section in sections
        ]
        """By belt."""
        self._reading_place = line.reading_place
        self._measuring = measuring
        self._leaving = leaving
        self._ledger = ledger

    def carry(self, section: Section, by: Instant, at: Instant) -> None:
        """What has surely gone over from this belt or onto it. `by`: of the edge or report that showed how far it has
        come."""
        for transfer in self._touching[section.place]:
            for item in transfer.due(by):
                self._hand_over(transfer, item, by, at)

    def meet(self, section: Section, offset_um: int, by: Instant, at: Instant) -> None:
        """Something has come to this belt's hand-over beam: what it may be has gone over."""
        self.carry(section, by, at)
        onto = self._onto(section)
        for transfer in onto:
            for item in transfer.may_be(offset_um, by):
                self._hand_over(transfer, item, by, at)
        if len(onto) > 1 and any(one.is_blind(by) for one in onto):
            for item in section.track.items:
                if item.transit is not None and abs(item.front_um - offset_um) <= section.track.reach_um:
                    item.doubt(
                        "swap_suspected"
                    )  # it may as well be one of which nobody knows how far it has come

    def died_before(self, section: Section, at: Instant) -> list[Section]:
        """Belts that bring parcels to this one, whose encoders have died, as a stranger at the hand-over beam shows."""
        return [one.before for one in self._onto(section) if one.shows_dead(at)]

    def turn_back(self, section: Section) -> None:
        """This belt runs back."""
        for transfer in self._onto(section):
            transfer.turn_back()

    def _onto(self, section: Section) -> tuple[Transfer, ...]:
        """From the belts that bring it parcels."""
        return tuple(one for one in self._transfers if one.behind is section)

    def forget(self, section: Section) -> None:
        """All that lay on this belt is given up."""
        for transfer in self._transfers:
            if transfer.before is section:
                transfer.forget()

    def _hand_over(self, transfer: Transfer, item: Item, by: Instant, at: Instant) -> None:
        if transfer.before.place == self._reading_place:
            self._measuring.leave(item, at)
        if transfer.behind.jams.beams:
            item.doubt("not_isolated")  # whether it stops behind the others nobody knows
        if not transfer.hand_over(item, by):
            self._ledger.count_rejected("too_many_items")
            self._leaving.lose(item, at)
        elif transfer.behind.belt.silent:  # it comes on as a stray, once that belt is heard of again
            transfer.behind.track.remove(item)
            self._leaving.lose(item, at)
