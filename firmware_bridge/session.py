"""A session with the I/O board: greet, configure, synchronise, arm, and keep it so (`PROTOCOL.md`, Session).

    opening ─► configuring ─► syncing ─► ready ◄─► safe          bootloader, incompatible: greeted on
       ▲________________________________ lost                    a restart of the board: opening again

Bytes and instants in, `Told` values and bytes out. What the board was before a restart is void; what it was before
the port was gone goes on, if it is the same boot.
"""

from typing import Final

from firmware_bridge.events import EventStream, Outcome
from firmware_bridge.frames import Body, FrameBuffer, Spoilt
from firmware_bridge.known_board import KnownBoard
from firmware_bridge.link import RESEND_NS, Answer, GivenUp, Requests
from firmware_bridge.messages import (
    PROTO,
    PROTO_MIN,
    SAFE_CAUSES,
    STATUS_BAD_ARGUMENT,
    STATUS_NOT_CONFIGURED,
    STATUS_SAFE,
    Boot,
    Event,
    GetEvents,
    Hello,
    HelloReply,
    OutAt,
    Refused,
    Reply,
    Request,
    Safe,
    Sync,
    SyncReply,
    decode,
)
from firmware_bridge.orders import Order, OrderQueue
from firmware_bridge.setup import Armed, Going, Latched, Pace, Refusal, Setup, take_sample
from firmware_bridge.told import BootTold, FaultTold, LostTold, State, Telling, Told, UpTold
from firmware_bridge.wanted import encoder_input, identity, misfit, missing_input, reset_words
from hub_config.boards import IoBoardConfig
from hub_config.names import MICROSECOND, MILLISECOND, SECOND, Instant

HELLO_NS: Final = 250 * MILLISECOND
"""Between two HELLO until the board answers."""
SILENT_NS: Final = 3 * SECOND
"""Past any bootloader. Without an answer for so long the board counts as silent; HELLO goes on."""
RETRY_NS: Final = 5 * SECOND
"""After a refusal, or with a board that does not fit."""
REARM_NS: Final = 2 * SECOND
"""After the board would not leave its safe state."""


class BoardSession:
    def __init__(self, config: IoBoardConfig) -> None:
        self._config = config
        self._frames = FrameBuffer()
        self.counts = self._frames.counts
        self._pace = Pace(config.watchdog_ms)
        self._requests = Requests(min(RESEND_NS, self._pace.feed_ns))
        self._events = EventStream()
        self._orders = OrderQueue()
        self._output = bytearray()
        self._telling = Telling()
        self.state: State = "opening"
        self.known = KnownBoard()
        self._begun = False
        self._open = True
        self.hears = False
        """It has answered HELLO since the port opened, since it was lost or has restarted, and it fits."""
        self._up = False
        """`UpTold` was said, and since then it was neither lost nor restarted."""
        self._hello_at: Instant | None = Instant(0)
        """When to greet; None while there is no need."""
        self._setup: Setup | None = None
        self._doubted = False
        self._recount = False
        """Reports of the encoder may be lost: setting it up again, as it is, makes the board say its count."""
        self._opened_at = Instant(0)
        self._armed_at = Instant(0)

    @property
    def gap(self) -> bool:
        """Events are missing, or may be, and are asked for; those behind them wait."""
        return self._events.gap or self._doubted

    @property
    def proved_at(self) -> Instant:
        """All that the board had to say until then has been told, but for what is missing (`gap`)."""
        return self._requests.proved_at

    @property
    def wake_at(self) -> Instant | None:
        if not self._open:
            return None
        asked = self._requests.outstanding
        if asked is not None and not (isinstance(asked.request, Hello) and not self.hears):
            return self._requests.due
        dues = [self._next_due()]
        if self.hears and self._events.due is not None:
            dues.append(self._events.due)
        return min(dues)

    def receive(self, data: bytes, at: Instant) -> list[Told]:
        if not self._begin(at):
            return []
        for piece in self._frames.feed(data):
            match piece:
                case Body(body) if body[0] >= 0x80:
                    self._message(body, at)
                case Body() if not self.hears:
                    self._tell_state("bootloader", "its bootloader answers: no valid firmware, or an update")
                case Spoilt() as spoilt:
                    self._spoilt(spoilt, at)
        self._step(at)
        return self._telling.take()

    def wake(self, at: Instant) -> list[Told]:
        if not self._begin(at):
            return []
        asked = self._requests.outstanding
        if asked is not None and isinstance(asked.request, Hello) and not self.hears:
            if self._hello_at is not None and at >= self._hello_at:
                self._requests.forget()
        else:
            outcome = self._requests.wake(at)
            if isinstance(outcome, GivenUp):
                why = f"no answer to {type(outcome.asked.request).__name__}; check power and cable"
                self._lose(at, why)
                self._telling.fault_once("silent", why)
            elif outcome:
                self._output += outcome
                self._events.suspect(at)  # where a reply was lost, events may be too
        if self.state in ("opening", "lost") and at - self._opened_at >= SILENT_NS:
            self._telling.fault_once("silent", "no answer to HELLO, asking on; check power, cable, baud rate")
        self._step(at)
        return self._telling.take()

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    def order(self, order: Order, at: Instant) -> list[Told]:
        self._telling.add(*self._orders.add(order))
        if self.state != "ready":
            self._telling.add(*self._orders.drop_waiting("not_ready"))
        self._step(at)
        return self._telling.take()

    def prove(self, at: Instant) -> list[Told]:
        """Asks the board something, so that its silence is not taken for news."""
        self._pace.next_at = min(self._pace.next_at, at)
        self._step(at)
        return self._telling.take()

    def closed(self, at: Instant) -> list[Told]:
        """The port is gone; the board may go on by itself."""
        self._lose(at, "its port is gone")
        self._open = False
        self._output.clear()
        return self._telling.take()

    def reopened(self, at: Instant) -> None:
        self._begun = self._open = True
        self._frames.clear()
        self._output[:] = b"\x00"  # ends whatever the board has of a frame
        self._opened_at = self._hello_at = at
        self._telling.forgive(["not_proven"])

    def _begin(self, at: Instant) -> bool:
        if not self._begun:
            self.reopened(at)
            self._tell_state("opening", "waiting for the board to answer")
        return self._open

    # What to ask next -------------------------------------------------------------------------------

    def _next_due(self) -> Instant:
        if self._hello_at is not None:
            return self._hello_at
        return self._setup.next_at if self._setup is not None else self._pace.next_at

    def _step(self, at: Instant) -> None:
        while self._open and self._requests.outstanding is None:
            request = self._next_request(at)
            if request is None:
                return
            self._output += self._requests.ask(request, at)
            if isinstance(request, GetEvents):
                self._events.asked(request, at)

    def _next_request(self, at: Instant) -> Request | None:
        if self.state == "ready":
            order, hopeless = self._orders.next(self.known.clock, at)
            self._telling.add(*hopeless)
            if order is not None:
                return order
        if self.hears:
            missing, freed = self._events.missing(at)
            self._heed(freed, at)
            if missing is not None:
                return missing
            if self._recount:
                self._recount = False
                return encoder_input(self._config)
        if at < self._next_due():
            return None
        if self._hello_at is not None:
            return self._hello(at)
        if self._setup is not None:
            return self._setup.next(at)
        return self._pace.next(at)

    def _hello(self, at: Instant) -> Hello:
        pause_ns = RETRY_NS if self.state == "incompatible" else HELLO_NS
        # A board that is heard is asked again like for anything else.
        self._hello_at = None if self.hears else Instant(at + pause_ns)
        return Hello(0, PROTO, PROTO_MIN, 0)

    # What the board says ----------------------------------------------------------------------------

    def _message(self, body: bytes, at: Instant) -> None:
        message = decode(body)
        if self.hears:
            self.known.heard(at)
        if isinstance(message, Boot):
            self._restarted(message, at)
        elif isinstance(message, Event):
            self._take_event(message, at)
        elif isinstance(message, Reply | Refused):
            answer = self._requests.reply(message, at)
            if isinstance(answer, Answer):
                self._answer(answer, at)
            elif answer == "late":
                self._telling.add(FaultTold("late_answer", "a reply that nothing waits for, ignored", body))
        else:
            self._telling.fault_once("garbled", "requests come back from the board: its line is looped", body)

    def _answer(self, answer: Answer, at: Instant) -> None:
        match answer.asked.request, answer.reply:
            case Hello(), HelloReply() as board:
                self._greet(board, at)
            case GetEvents() as asked, reply:
                self._heed(self._events.answered(asked, reply, at), at)
            case OutAt(), reply:
                self._order_answered(reply.status if reply is not None else STATUS_BAD_ARGUMENT, at)
            case Sync(), SyncReply() as stamps if self._setup is None:
                self._sample(answer, stamps, at)
                self._check_clock(at)
            case _, reply:
                if isinstance(reply, SyncReply):
                    self._sample(answer, reply, at)
                if self._setup is not None:
                    self._set_up(self._setup, answer, at)

    def _take_event(self, event: Event, at: Instant) -> None:
        if not self.hears or self._doubted:
            return  # what matters is asked for once it has answered HELLO
        self._heed(self._events.take(event, at), at)
        if self._events.restarted_unseen and self._setup is None:
            self._doubt(at)

    def _heed(self, outcomes: list[Outcome], at: Instant) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Safe):
                self._safe(outcome, at)
            else:
                self._telling.add(outcome)
                self._recount = self._recount or isinstance(outcome, LostTold)

    def _safe(self, event: Safe, at: Instant) -> None:
        if (
            self.state != "ready"
            or self.known.clock.bound(self.known.clock.extend(event.t, at)).high < self._armed_at
        ):
            return  # of before the outputs were armed again
        cause = SAFE_CAUSES.get(event.cause, f"cause {event.cause}")
        self._enter_safe(f"the board put its outputs to safe: {cause}", at)

    def _order_answered(self, status: int, at: Instant) -> None:
        self._telling.add(*self._orders.answered(status))
        if self.state == "ready" and status in (STATUS_SAFE, STATUS_NOT_CONFIGURED):
            self._enter_safe("the board takes no orders: its outputs are safe", at)

    def _sample(self, answer: Answer, stamps: SyncReply, at: Instant) -> None:
        if take_sample(self.known.clock, answer, stamps, self._config.attach, at):
            return
        self._telling.add(FaultTold("garbled", "the board's clock does not fit what it said before"))
        if self._setup is None:
            self._doubt(at)
        self.known.clock.distrust()

    def _doubt(self, at: Instant) -> None:
        """Has it restarted unseen? Until it has answered HELLO again nothing that it tells is believed."""
        if not self._doubted:
            self._doubted, self._hello_at = True, at

    def _check_clock(self, at: Instant) -> None:
        limit_ns = self._config.clock_bound_us * MICROSECOND
        if not self._doubted and not self.known.clock.within(limit_ns, at):
            self._setup = Setup(self._config, self.known.reply, self.known.clock, at, fresh=False)
            self._telling.add(*self._orders.drop_waiting("not_ready"))
            self._tell_state("syncing", "its clock is no longer known well enough")

    # From state to state ----------------------------------------------------------------------------

    def _greet(self, board: HelloReply, at: Instant) -> None:
        trouble = misfit(board)
        if trouble is not None:
            self._give_up()
            self._hello_at = Instant(at + RETRY_NS)
            self._tell_state("incompatible", trouble)
            return
        if not self.known.meet(board, at):
            self._up = False
            self._events.restart(self.known.clock)
            self._orders.forget_sent()
            self._telling.add(BootTold(board.boot_id), *self._orders.drop_waiting("not_ready"))
        first, self.hears = not self.hears, True
        self._hello_at, self._doubted = None, False
        self._telling.forgive(["silent", "not_proven"])
        self._events.resume(board.event_ring, at)
        if self.state == "ready" and not first and self.known.live:
            return  # it was only asked whether it has restarted
        self._setup = Setup(self._config, board, self.known.clock, at, fresh=not self.known.live)
        self._tell_state("configuring", identity(board))
        if (missing := missing_input(self._config, board.n_in)) is not None:
            self._refuse(missing, at)

    def _restarted(self, boot: Boot, at: Instant) -> None:
        if self.hears and self.known.is_boot(boot.boot_id):
            return  # of the boot that has answered already
        if not self.hears:  # whatever answers the HELLO that is on its way is the new boot
            self._hello_at = at if self._requests.outstanding is None else self._hello_at
            return
        self._give_up()
        self.known.forget()
        self._opened_at = self._hello_at = at
        self._tell_state("opening", f"the board has restarted: {reset_words(boot.reset_cause)}")

    def _set_up(self, setup: Setup, answer: Answer, at: Instant) -> None:
        match setup.answered(answer, at):
            case Going(detail):
                if detail or (setup.phase == "syncing" and self.state != "syncing"):
                    self._tell_state("syncing", detail or "learning its clock")
            case Armed():
                self._armed_at = answer.asked.at
                self._become_ready(at)
            case Latched():
                self._enter_safe("the board stays in its safe state; is an emergency stop pressed?", at)
                self._hello_at = Instant(at + REARM_NS)
            case Refusal(detail):
                self._refuse(detail, at)

    def _become_ready(self, at: Instant) -> None:
        self._setup = None
        self._pace.next_at = at
        self._telling.forgive(["refused"])
        if not self._up:
            self._up = True
            self._telling.add(UpTold(identity(self.known.reply)))
        self._tell_state("ready", identity(self.known.reply))
        self.known.live = True

    def _enter_safe(self, detail: str, at: Instant) -> None:
        self._setup = None
        self._hello_at = at
        self._telling.add(*self._orders.drop_waiting("safe"))
        self._tell_state("safe", detail)

    def _refuse(self, detail: str, at: Instant) -> None:
        self._setup = None
        self._hello_at = Instant(at + RETRY_NS)
        self._telling.fault_once("refused", detail)

    def _lose(self, at: Instant, reason: str) -> None:
        self._give_up()
        self._opened_at = self._hello_at = at
        self._tell_state("lost", reason)

    def _give_up(self) -> None:
        """Whatever was asked or ordered gets no answer any more."""
        self._requests.forget()
        self._telling.add(*self._orders.give_up_current())
        self._telling.add(*self._orders.drop_waiting("not_ready"))
        self.hears = self._up = self._recount = self._doubted = False
        self._setup = None

    def _spoilt(self, spoilt: Spoilt, at: Instant) -> None:
        if self.hears:
            self._events.suspect(at)
            self._telling.add(FaultTold(spoilt.code, spoilt.why, spoilt.head))
        else:
            why = f"{spoilt.why}, before the board has answered HELLO; check the baud rate"
            self._telling.fault_once("not_proven", why, spoilt.head)

    def _tell_state(self, state: State, detail: str) -> None:
        self.state = state
        self._telling.state(state, detail, continued=self.known.live)
