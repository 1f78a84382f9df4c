"""The MT-SICS wire of a simulated scale, levels 0 and 1, written from the command list alone.

Commands and answers are ASCII lines ended by CR LF; a weight is `ID SP status SP field SP unit` with a field
of 10 characters, right-aligned. `S` waits for stability and says `S I` when it does not come; an unknown command
is `ES`. Faults of the line (a spoilt, cut or missing reply, silence) are asked for by `spoil` and `silence`.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, Literal

from hub_config.names import MILLISECOND, SECOND, Instant
from simulators.devices.scale import Scale, Shown

Unit = Literal["g", "kg"]
Spoil = Literal["garble", "cut", "lose"]

FIELD: Final = 10
MAX_COMMAND: Final = 64
"""Characters in one command line; a longer one is answered `ES` at its end."""
MAX_REPLIES: Final = 64
"""Replies waiting to be sent. A host that asks faster than the line carries loses the newest."""
MAX_TOLD: Final = 4_096
REPLY_NS: Final = 8 * MILLISECOND
"""From the end of a command to the first byte of its answer."""
REPEAT_NS: Final = 100 * MILLISECOND
LOOK_AGAIN_NS: Final = 20 * MILLISECOND
STABLE_WITHIN_NS: Final = 5 * SECOND
"""How long `S` waits for stability before `S I`."""
MG_PER_UNIT: Final[dict[str, int]] = {"g": 1_000, "kg": 1_000_000}
COMMANDS: Final = (
    ("0", ("I0", "I1", "I2", "I3", "I4", "S", "SI", "SIR", "Z", "ZI", "@")),
    ("1", ("T", "TA", "TAC")),
)  # fmt: skip
"""Level and commands, as `I0` lists them."""


@dataclass(frozen=True, slots=True)
class Told:
    """A stable weight or an overload that went out whole, and what lay on the pan by itself."""

    at: Instant
    on_pan: int
    mass_mg: int | None
    """None: overload."""


class SicsWire:
    def __init__(
        self,
        scale: Scale,
        serial: str = "1126493049",
        unit: Unit = "kg",
        stable_within_ns: int = STABLE_WITHIN_NS,
    ) -> None:
        self._scale = scale
        self._serial = serial
        self._unit: Unit = unit
        self._stable_within_ns = stable_within_ns
        self._line = bytearray()
        self._too_long = False
        self._replies: deque[tuple[Instant, bytes]] = deque()
        self._waiting: tuple[str, Instant] | None = None
        """`S`, `Z` or `T` that waits for stability, and until when."""
        self._look_at: Instant | None = None
        self._repeat_at: Instant | None = None
        self._spoils: deque[Spoil] = deque(maxlen=MAX_REPLIES)
        self._silent_until = Instant(-1)
        self._told: deque[Told] = deque(maxlen=MAX_TOLD)

    @property
    def wake_at(self) -> Instant | None:
        """When `take_output` may have something."""
        due = [self._replies[0][0]] if self._replies else []
        due += [at for at in (self._look_at, self._repeat_at) if at is not None]
        return min(due, default=None)

    def power_up(self, now: Instant) -> None:
        """Switched on: forgets all, and says its serial number unasked."""
        self._line.clear()
        self._replies.clear()
        self._forget_waiting()
        self._scale.tare(0)
        self._reply(f'I4 A "{self._serial}"', now)

    def spoil(self, fault: Spoil) -> None:
        """The next weight reply goes wrong on the line."""
        self._spoils.append(fault)

    def silence(self, until: Instant) -> None:
        """Hears and says nothing before `until`."""
        self._silent_until = until

    def take_told(self) -> list[Told]:
        told = list(self._told)
        self._told.clear()
        return told

    def receive(self, data: bytes, now: Instant) -> None:
        if now < self._silent_until:
            return
        for byte in data:
            if byte == 0x0A:
                self._end_of_line(now)
            elif len(self._line) < MAX_COMMAND:
                self._line.append(byte)
            else:
                self._too_long = True

    def take_output(self, now: Instant) -> bytes:
        self._look_at_pan(now)
        out = bytearray()
        while self._replies and self._replies[0][0] <= now:
            out += self._replies.popleft()[1]
        return b"" if now < self._silent_until else bytes(out)

    def _end_of_line(self, now: Instant) -> None:
        line = bytes(self._line).removesuffix(b"\r")
        too_long, self._too_long = self._too_long, False
        self._line.clear()
        if too_long or not line.isascii():
            self._reply("ES", now)
        elif line:
            self._obey(line.decode("ascii"), now)

    def _obey(self, command: str, now: Instant) -> None:
        if command in ("S", "SI", "SIR", "@"):
            self._forget_waiting()
        match command:
            case "S" | "Z" | "T":
                self._waiting = (command, Instant(now + self._stable_within_ns))
                self._look_at = now
                self._look_at_pan(now)
            case "SI":
                self._weight_now(now)
            case "SIR":
                self._repeat_at = now
                self._look_at_pan(now)
            case "ZI":
                stable = self._scale.stable_at(now)
                outcome = self._scale.zero(now, wait_for_stable=False)
                self._reply(f"ZI {_zero_word(outcome, 'S' if stable else 'D')}", now)
            case "@":
                self._scale.tare(0)
                self._reply(f'I4 A "{self._serial}"', now)
            case "TAC":
                self._scale.tare(0)
                self._reply("TAC A", now)
            case "I0" | "I1" | "I2" | "I3" | "I4":
                self._info(command, now)
            case _:
                self._obey_tare(command, now)

    def _obey_tare(self, command: str, now: Instant) -> None:
        words = command.split(" ")
        if words[0] != "TA":
            self._reply("ES", now)
            return
        if len(words) > 1:
            preset = _preset_mg(words[1:], self._scale.traits.max_mg)
            if preset is None:
                self._reply("TA L", now)
                return
            self._scale.tare(preset)
        self._reply(f"TA A {self._text(self._scale.tare_mg)}", now)

    def _info(self, command: str, now: Instant) -> None:
        traits = self._scale.traits
        match command:
            case "I0":
                listed = [(level, name) for level, names in COMMANDS for name in names]
                for place, (level, name) in enumerate(listed, start=1):
                    self._reply(f'I0 {"A" if place == len(listed) else "B"} {level} "{name}"', now)
            case "I1":
                self._reply('I1 A "01" "2.00" "2.00" "2.00" "1.0"', now)
            case "I2":
                capacity = f"{mass_text(traits.max_mg, self._unit, traits.e_mg)} {self._unit}"
                self._reply(f'I2 A "Simulated bench scale {capacity}"', now)
            case "I3":
                self._reply('I3 A "1.00"', now)
            case _:
                self._reply(f'I4 A "{self._serial}"', now)

    def _look_at_pan(self, now: Instant) -> None:
        """What waits for stability, and what repeats."""
        if self._repeat_at is not None and self._repeat_at <= now:
            self._weight_now(now)
            self._repeat_at = Instant(now + REPEAT_NS)
        if self._waiting is None:
            return
        command, until = self._waiting
        shown = self._scale.shown(now)
        if shown.stable or shown.overload or shown.underload:
            self._forget_waiting()
            self._when_stable(command, shown, now)
        elif now >= until:
            self._forget_waiting()
            self._reply(f"{command} I", now)
        else:
            self._look_at = Instant(now + LOOK_AGAIN_NS)

    def _when_stable(self, command: str, shown: Shown, now: Instant) -> None:
        if command == "S":
            self._weight_now(now)
        elif command == "Z":
            self._reply(f"Z {_zero_word(self._scale.zero(now), 'A')}", now)
        elif shown.mass_mg is None or shown.mass_mg + self._scale.tare_mg < 0:
            self._reply("T +" if shown.overload else "T -", now)
        else:
            gross = shown.mass_mg + self._scale.tare_mg
            self._scale.tare(gross)
            self._reply(f"T S {self._field(gross)}", now)

    def _weight_now(self, now: Instant) -> None:
        shown = self._scale.shown(now)
        if shown.mass_mg is None:
            text = "S +" if shown.overload else "S -"
        else:
            text = f"S {'S' if shown.stable else 'D'} {self._field(shown.mass_mg)}"
        if self._spoils:
            self._say(_spoilt(f"{text}\r\n".encode("ascii"), self._spoils.popleft()), now)
            return
        self._reply(text, now)
        if self._scale.on_pan is not None and (shown.overload or shown.stable) and now >= self._silent_until:
            self._told.append(Told(now, self._scale.on_pan, shown.mass_mg))

    def _forget_waiting(self) -> None:
        self._waiting = self._look_at = self._repeat_at = None

    def _field(self, mass_mg: int) -> str:
        return f"{mass_text(mass_mg, self._unit, self._scale.traits.e_mg):>{FIELD}} {self._unit}"

    def _text(self, mass_mg: int) -> str:
        return f"{mass_text(mass_mg, self._unit, self._scale.traits.e_mg)} {self._unit}"

    def _reply(self, text: str, now: Instant) -> None:
        self._say(f"{text}\r\n".encode("ascii"), now)

    def _say(self, data: bytes, now: Instant) -> None:
        if len(self._replies) < MAX_REPLIES:
            self._replies.append((Instant(now + REPLY_NS), data))


def mass_text(mass_mg: int, unit: Unit, e_mg: int) -> str:
    """Decimal text with as many places as the step needs: 5 g in kg → 3 places."""
    per_unit = MG_PER_UNIT[unit]
    places = len(str(per_unit)) - 1
    step = e_mg
    while places and step % 10 == 0:
        places -= 1
        step //= 10
    sign = "-" if mass_mg < 0 else ""
    scaled = abs(mass_mg) * 10**places // per_unit
    whole, rest = divmod(scaled, 10**places)
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


def _preset_mg(words: list[str], max_mg: int) -> int | None:
    """`2.486 g` → mg; None where it is no weight within range."""
    if len(words) != 2 or words[1] not in MG_PER_UNIT:
        return None
    whole, _, rest = words[0].partition(".")
    per_unit = MG_PER_UNIT[words[1]]
    if not (whole.isdecimal() and (rest.isdecimal() or not rest)) or 10 ** len(rest) > per_unit:
        return None
    mass_mg = int(whole + rest) * per_unit // 10 ** len(rest)
    return mass_mg if mass_mg <= max_mg else None


def _zero_word(outcome: str, done: str) -> str:
    return {"done": done, "unstable": "I", "above": "+", "below": "-"}[outcome]


def _spoilt(reply: bytes, fault: Spoil) -> bytes:
    """`garble` never makes another number: MT-SICS has no checksum, so that could not be noticed."""
    match fault:
        case "garble":
            middle = len(reply) // 2
            return reply[:middle] + b"\xff" + reply[middle + 1 :]
        case "cut":
            return reply[: len(reply) // 2]
        case "lose":
            return b""
