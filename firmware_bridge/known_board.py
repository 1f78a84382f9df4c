"""What is known of the board at the other end: how it answered HELLO, its boot, and that boot's clock."""

from typing import Final

from firmware_bridge.clocksync import BoardClock
from firmware_bridge.messages import HelloReply
from hub_config.names import SECOND, Instant

RESUME_NS: Final = 60 * SECOND
"""A board not heard of for longer is taken as restarted: its event numbers (16 bits) could have gone round unseen."""


class KnownBoard:
    def __init__(self) -> None:
        self._reply: HelloReply | None = None
        self._clock: BoardClock | None = None
        self._heard_at = Instant(0)
        self.live = False
        """It has been ready in this boot."""
        self.cut_short = False
        """It was, and has restarted since. What it told in the same bytes before that is still handed on."""

    @property
    def reply(self) -> HelloReply:
        assert self._reply is not None, "only of a board that has answered HELLO"
        return self._reply

    @property
    def clock(self) -> BoardClock:
        assert self._clock is not None, "each boot that has answered HELLO has its clock"
        return self._clock

    def is_boot(self, boot_id: int) -> bool:
        return self._reply is not None and self._reply.boot_id == boot_id

    def heard(self, at: Instant) -> None:
        self._heard_at = at

    def meet(self, reply: HelloReply, at: Instant) -> bool:
        """It has answered HELLO. False if that is another boot than before: then all of before is void."""
        same = (
            self.is_boot(reply.boot_id)
            and self.reply.clock_hz == reply.clock_hz
            and at - self._heard_at <= RESUME_NS
        )
        if not same:
            self._clock = BoardClock(reply.clock_hz)
            self.live = False
        self._reply, self._heard_at = reply, at
        self.cut_short = False
        return same

    def forget(self) -> None:
        """It has restarted. The clock of before stays for what it told until then; `meet` makes another."""
        self.cut_short = self.live
        self._reply = None
        self.live = False
