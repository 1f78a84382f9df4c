"""The wire of a simulated scale, whatever it speaks: acts come out of what it hears, frames out of what it shows.

What a scale does is in `scale.py`, and when it says what is here; how it says it is its `Tongue`, one file a protocol
(`*_tongue.py`), written from the manual alone. It answers, sends by itself again and again, or sends when somebody
presses its print key; after power-up it may say a banner and hear nothing while it warms up.
Faults of the line (a spoilt, cut or missing frame, silence) are asked for by `spoil` and `silence`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.scale import Scale, ZeroOutcome
from simulators.devices.scale_text import Display, Unit, mass_from, places_of

Spoil = Literal["garble", "cut", "lose"]
Key = Literal["zero", "tare", "tare_clear"]
Outcome = ZeroOutcome | Literal["refused"]
Sends = Literal["answers", "continuous", "print"]

MAX_REPLIES: Final = 64
"""Frames waiting to be sent. A host that asks faster than the line carries loses the newest."""
MAX_TOLD: Final = 4_096
REPLY_NS: Final = 8 * MILLISECOND
"""From the end of a command to the first byte of its answer."""
REPEAT_NS: Final = 100 * MILLISECOND
LOOK_AGAIN_NS: Final = 20 * MILLISECOND
STABLE_WITHIN_NS: Final = 5 * SECOND
"""How long it waits for stability where a command does."""


@dataclass(frozen=True, slots=True)
class Told:
    """A stable weight or an overload that went out whole, and what lay on the pan by itself."""

    at: Instant
    on_pan: int
    mass_mg: int | None
    """None: overload."""


@dataclass(frozen=True, slots=True)
class Say:
    """These bytes, now."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Tell:
    """A frame that is no weighing, now. `form`: what the tongue names it, as `tare` or `status`."""

    form: str


@dataclass(frozen=True, slots=True)
class Show:
    """A weighing: what the display shows. `form`: what the tongue names it, as `weight` or `high_res`."""

    form: str = "weight"
    when_stable: bool = False
    """Waits for it; over or under it is told at once."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same frame again and again, until `Stop`."""

    form: str = "weight"


@dataclass(frozen=True, slots=True)
class Stop:
    """Repeats no more and waits for nothing."""


@dataclass(frozen=True, slots=True)
class Reset:
    """`Stop`, and the tare is gone; it is not answered."""


@dataclass(frozen=True, slots=True)
class Press:
    """A key: zero, tare, clear tare. `when_stable`: waits for it; else a moving load is tared or zeroed as it is."""

    key: Key
    when_stable: bool = True


@dataclass(frozen=True, slots=True)
class Preset:
    """A tare from the host, as it was sent. `in_steps`: without its point, in steps of the display."""

    text: str
    unit: Unit
    in_steps: bool = False


Act = Say | Tell | Show | Repeat | Stop | Reset | Press | Preset
"""What a command makes a scale do."""


class Tongue(Protocol):
    """One protocol, from the scale's side. What it keeps of an unfinished command is bounded."""

    def power_up(self) -> bytes:
        """Forgets an unfinished command; returns what it says unasked, mostly nothing."""

    def hear(self, data: bytes) -> Sequence[Act]:
        """What the host sent, in any cut."""

    def frame(self, form: str, shown: Display, /) -> bytes:
        """Also of an overload, an underload, a moving load."""

    def answer(self, act: Show | Press | Preset, outcome: Outcome, shown: Display, /) -> bytes:
        """After a key or a preset tare, and for a `Show` when stability did not come (`unstable`)."""


class ScaleWire:
    def __init__(
        self,
        scale: Scale,
        tongue: Tongue,
        *,
        sends: Sends = "answers",
        every_ns: int = REPEAT_NS,
        stable_within_ns: int = STABLE_WITHIN_NS,
        reply_ns: int = REPLY_NS,
        warm_up_ns: int = 0,
    ) -> None:
        """`every_ns`: between two frames of one that repeats."""
        self._scale = scale
        self._tongue = tongue
        self._sends = sends
        self._every_ns = every_ns
        self._stable_within_ns = stable_within_ns
        self._reply_ns = reply_ns
        self._warm_up_ns = warm_up_ns
        self._replies: deque[tuple[Instant, bytes]] = deque()
        self._waiting: tuple[Show | Press, Instant] | None = None
        """What waits for stability, and until when."""
        self._look_at: Instant | None = None
        self._repeats: tuple[str, Instant] | None = None
        """Which form is sent again and again, and when next."""
        self._spoils: deque[Spoil] = deque(maxlen=MAX_REPLIES)
        self._silent_until = Instant(-1)
        self._warm_at = Instant(-1)
        self._told: deque[Told] = deque(maxlen=MAX_TOLD)

    @property
    def wake_at(self) -> Instant | None:
        """When `take_output` may have something."""
        due = [self._replies[0][0]] if self._replies else []
        due += [self._look_at] if self._look_at is not None else []
        due += [self._repeats[1]] if self._repeats is not None else []
        return min(due, default=None)

    @property
    def prints(self) -> bool:
        """Only when somebody presses its key."""
        return self._sends == "print"

    # The world ----------------------------------------------------------------------------------------

    def power_up(self, now: Instant) -> None:
        """Switched on: forgets all, says its banner, warms up; then sends by itself if it is set to."""
        self._replies.clear()
        self._stop()
        self._scale.tare(0)
        self._warm_at = Instant(now + self._warm_up_ns)
        self._say(self._tongue.power_up(), now)
        if self._sends == "continuous":
            self._repeats = ("weight", self._warm_at)

    def press_print(self, now: Instant) -> None:
        """The operator's key: the weight as soon as it is stable."""
        if now >= self._warm_at:
            self._act(Show("weight", when_stable=True), now)

    def spoil(self, fault: Spoil) -> None:
        """The next weight goes wrong on the line."""
        self._spoils.append(fault)

    def silence(self, until: Instant) -> None:
        """Hears and says nothing before `until`."""
        self._silent_until = until

    def take_told(self) -> list[Told]:
        told = list(self._told)
        self._told.clear()
        return told

    # The wire -----------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: Instant) -> None:
        if now < self._silent_until or now < self._warm_at:
            return
        for act in self._tongue.hear(data):
            self._act(act, now)

    def take_output(self, now: Instant) -> bytes:
        self._repeat(now)
        self._look(now)
        out = bytearray()
        while self._replies and self._replies[0][0] <= now:
            out += self._replies.popleft()[1]
        return b"" if now < self._silent_until else bytes(out)

    def _act(self, act: Act, now: Instant) -> None:
        match act:
            case Say(data):
                self._say(data, now)
            case Tell(form):
                self._say(self._tongue.frame(form, self._display(now)), now)
            case Show(when_stable=True) | Press("zero" | "tare", when_stable=True):
                self._waiting = (act, Instant(now + self._stable_within_ns))
                self._look_at = now
                self._look(now)
            case Show(form):
                self._show(form, now)
            case Repeat(form):
                self._repeats = (form, now)
                self._repeat(now)
            case Stop():
                self._stop()
            case Reset():
                self._stop()
                self._scale.tare(0)
            case Press():
                self._press(act, now)
            case Preset():
                self._say(self._tongue.answer(act, self._preset(act), self._display(now)), now)

    def _repeat(self, now: Instant) -> None:
        if self._repeats is not None and self._repeats[1] <= now:
            form = self._repeats[0]
            self._show(form, now)
            self._repeats = (form, Instant(now + self._every_ns))

    def _look(self, now: Instant) -> None:
        """Whether what waits for stability may go on."""
        if self._waiting is None:
            return
        act, until = self._waiting
        shown = self._scale.shown(now)
        if shown.stable or shown.overload or shown.underload:
            self._waiting = self._look_at = None
            if isinstance(act, Show):
                self._show(act.form, now)
            else:
                self._press(act, now)
        elif now >= until:
            self._waiting = self._look_at = None
            self._say(self._tongue.answer(act, "unstable", self._display(now)), now)
        else:
            self._look_at = Instant(now + LOOK_AGAIN_NS)

    def _press(self, act: Press, now: Instant) -> None:
        outcome: Outcome = "done"
        before = self._display(now)
        match act.key:
            case "zero":
                outcome = self._scale.zero(now, wait_for_stable=act.when_stable)
            case "tare":
                outcome = self._tare(before)
            case "tare_clear":
                self._scale.tare(0)
        # Whether the load moved when it was pressed; after a new zero everything seems to.
        after = replace(self._display(now), stable=before.stable)
        self._say(self._tongue.answer(act, outcome, after), now)

    def _tare(self, shown: Display) -> Outcome:
        if shown.gross_mg is None or shown.gross_mg < 0:
            return "above" if shown.overload else "below"
        self._scale.tare(shown.gross_mg)
        return "done"

    def _preset(self, act: Preset) -> Outcome:
        traits = self._scale.traits
        mass_mg = mass_from(act.text, act.unit, places_of(traits.e_mg, act.unit) if act.in_steps else None)
        if mass_mg is None or mass_mg > traits.max_mg:
            return "refused"
        self._scale.tare(mass_mg)
        return "done"

    def _show(self, form: str, now: Instant) -> None:
        shown = self._display(now)
        frame = self._tongue.frame(form, shown)
        if self._spoils:
            self._say(spoilt(frame, self._spoils.popleft()), now)
            return
        self._say(frame, now)
        if self._scale.on_pan is not None and (shown.overload or shown.stable) and now >= self._silent_until:
            self._told.append(Told(now, self._scale.on_pan, shown.mass_mg))

    def _display(self, now: Instant) -> Display:
        return Display.of(self._scale, now)

    def _stop(self) -> None:
        self._waiting = self._look_at = self._repeats = None

    def _say(self, data: bytes, now: Instant) -> None:
        if data and len(self._replies) < MAX_REPLIES:
            self._replies.append((Instant(now + self._reply_ns), data))


def spoilt(frame: bytes, fault: Spoil) -> bytes:
    """`garble` never makes another number: most protocols have no checksum, so that could not be noticed."""
    match fault:
        case "garble":
            middle = len(frame) // 2
            return frame[:middle] + b"\xff" + frame[middle + 1 :]
        case "cut":
            return frame[: len(frame) // 2]
        case "lose":
            return b""
