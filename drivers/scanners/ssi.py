"""A Symbol or Zebra scanner that speaks SSI: at a bench by its own trigger, beside a belt by the host's sessions.

Follows scanner protocols §4 (packets: `ssi_packets.py`). Each packet of a code is acknowledged, a damaged one asked for
again, one that comes again is told once. A code may come in several packets. What the scanner is told goes out one
command at a time, since an ACK does not say which it answers: sent again where no ACK comes, and given up after
`TRIES_MAX`. A scanner that was not set to packets sends text lines; they are read too.
"""

from collections import deque
from typing import Final, assert_never

from drivers.command import Command, Sign, Signal
from drivers.reading import DeviceFault, DeviceUp, FaultCode, Reading
from drivers.scanners.answers import Answer, Codes, Damaged, Noted, NothingRead, Refused, parse_codes
from drivers.scanners.code_text import RAW_BYTES, Code, bad_control, is_no_read, text_of
from drivers.scanners.reader import readings_of
from drivers.scanners.ssi_codes import type_of
from drivers.scanners.ssi_packets import (
    ACK,
    BEEP,
    CMD_ACK,
    CMD_NAK,
    DECODE_DATA,
    DECODER,
    FORMAT_PACKETS,
    LED_OFF,
    LED_ON,
    NAK,
    NAK_NAMES,
    NAK_RESEND,
    NAMES,
    PARAM_DATA_FORMAT,
    PARAM_SEND,
    PARAM_TRIGGER_MODE,
    RETRANSMITTED,
    SCAN_ENABLE,
    START_SESSION,
    STOP_SESSION,
    TRIGGER_HOST,
    BadPacket,
    Noise,
    Packet,
    PacketBuffer,
    Piece,
    TextLine,
    packet,
)
from drivers.scanners.ssi_parts import CodeParts
from drivers.scanners.trigger_steps import TriggerSteps
from hub_config.names import MILLISECOND, SECOND, Instant
from hub_config.readers import SsiConfig

BYTE_GAP_NS: Final = 200 * MILLISECOND
"""Without a byte for so long, a packet or text that has no end will have none (the host character time-out)."""
ACK_NS: Final = 500 * MILLISECOND
"""A command is acknowledged within this, or sent again."""
TRIES_MAX: Final = 3
COMMANDS_MAX: Final = 8
"""Waiting to be sent; the oldest is dropped."""
SETUP_AGAIN_NS: Final = 5 * SECOND
"""A scanner that did not answer is told again after this."""

_LAMP: Final = b"\x01"
"""Of LED_ON and LED_OFF: the one that shines when it has read."""
_ORDERS: Final = {"on": START_SESSION, "off": STOP_SESSION}
_TRIGGERS: Final = {START_SESSION: "on", STOP_SESSION: "off"}


class SsiScanner:
    def __init__(self, config: SsiConfig) -> None:
        self._config = config
        self._packets = PacketBuffer()
        self._steps = TriggerSteps(config) if config.triggered else None
        self._output = bytearray()
        self._commands: deque[tuple[int, bytes]] = deque(maxlen=COMMANDS_MAX)
        """Opcode and data; the first is in flight where `_tries` says so."""
        self._tries = 0
        self._again_at: Instant | None = None
        self._setup_at: Instant | None = Instant(0)
        self._gap_at: Instant | None = None
        self._parts = CodeParts()
        self._packeted = False
        """It has sent a code in a packet."""
        self._shines = False
        self._up = False
        self._said_silent = False

    @property
    def held_bytes(self) -> int:
        return self._packets.held_bytes

    @property
    def wake_at(self) -> Instant | None:
        steps_at = None if self._steps is None else self._steps.wake_at
        due = [at for at in (self._again_at, self._setup_at, self._gap_at, steps_at) if at is not None]
        return min(due, default=None)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        if self._steps is not None and data:
            self._steps.hear(at)
        readings = [reading for piece in self._packets.feed(data) for reading in self._piece(piece, at)]
        self._gap_at = Instant(at + BYTE_GAP_NS) if self._packets.held_bytes else None
        self._send_orders(at)
        return readings

    def wake(self, at: Instant) -> list[Reading]:
        said: list[Reading] = []
        if self._setup_at is not None and at >= self._setup_at:
            self._setup_at = None
            said += self._set_up(at)
        if self._gap_at is not None and at >= self._gap_at:
            self._gap_at = None
            self._packets.reset()
            said += self._told(Damaged("garbled", "a packet or text without an end", b""), b"", at)
        if self._again_at is not None and at >= self._again_at:
            said += self._send_again(at)
        if self._steps is not None:
            said += self._steps.wake(at)
            self._send_orders(at)
        return said

    def command(self, command: Command, at: Instant) -> list[Reading]:
        if isinstance(command, Signal):
            self._signal(command.sign, at)
            return []
        if self._steps is None:
            raise TypeError(f"{self._config.id} reads by itself and takes no {type(command).__name__}")
        readings = self._steps.command(command, at)
        self._send_orders(at)
        return readings

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    # What the scanner is told -----------------------------------------------------------------------

    def _set_up(self, at: Instant) -> list[Reading]:
        if not self._config.setup:
            return self._be_up(at)
        self._tell(PARAM_SEND, bytes([0, PARAM_DATA_FORMAT, FORMAT_PACKETS]), at)
        if self._steps is not None:
            self._tell(PARAM_SEND, bytes([0, PARAM_TRIGGER_MODE, TRIGGER_HOST]), at)
        self._tell(SCAN_ENABLE, b"", at)
        return []

    def _signal(self, sign: Sign, at: Instant) -> None:
        """The lamp stays on while a release stands."""
        if sign == "release":
            self._tell(LED_ON, _LAMP, at)
        elif self._shines:
            self._tell(LED_OFF, _LAMP, at)
        self._shines = sign == "release"
        if sign != "off":
            config = self._config
            beeps = {"release": config.beep_release, "hold": config.beep_hold, "refused": config.beep_refused}
            self._tell(BEEP, bytes([beeps[sign]]), at)

    def _send_orders(self, at: Instant) -> None:
        for order in [] if self._steps is None else self._steps.take_orders():
            self._tell(_ORDERS[order], b"", at)

    def _tell(self, opcode: int, data: bytes, at: Instant) -> None:
        if len(self._commands) == COMMANDS_MAX:  # the one in flight stays
            del self._commands[1]
        self._commands.append((opcode, data))
        if len(self._commands) == 1:
            self._send(at)

    def _send(self, at: Instant) -> None:
        """The first that waits; a repetition says so."""
        opcode, data = self._commands[0]
        self._output += packet(opcode, data, status=RETRANSMITTED if self._tries else 0)
        self._tries += 1
        self._again_at = Instant(at + ACK_NS)

    def _send_next(self, at: Instant) -> None:
        """The first is settled."""
        self._commands.popleft()
        self._tries, self._again_at = 0, None
        if self._commands:
            self._send(at)

    def _send_again(self, at: Instant) -> list[Reading]:
        if self._tries < TRIES_MAX:
            self._send(at)
            return []
        name = NAMES[self._commands[0][0]]
        self._commands.clear()  # a late ACK would be taken for that of the next one
        self._tries, self._again_at = 0, None
        self._setup_at = Instant(at + SETUP_AGAIN_NS) if self._config.setup else None
        if self._said_silent:
            return []
        self._said_silent = True
        detail = (
            f"no answer to {name} in {TRIES_MAX} tries, told again every {SETUP_AGAIN_NS // SECOND} s; "
            "check that the scanner's host interface is SSI, its baud rate and handshake"
        )
        return [self._fault("silent", detail, at)]

    # What it says -----------------------------------------------------------------------------------

    def _piece(self, piece: Piece, at: Instant) -> list[Reading]:
        match piece:
            case Packet(source=source):
                return self._packet(piece, at) if source == DECODER else []  # our own, echoed
            case BadPacket(raw):
                if raw[2] != DECODER:
                    return []
                self._output += NAK
                self._parts.damage(raw[3])
                # If it was an answer it is still due: it comes again.
                return [self._fault("garbled", "wrong checksum; asked for it again", at, raw)]
            case TextLine(data):
                return [*self._be_up(at), *self._told(self._text(data, at), data, at)]
            case Noise(raw):
                self._parts.damage(None)
                detail = "bytes that are neither packet nor text; check the baud rate"
                return self._told(Damaged("garbled", detail, raw), raw, at)
            case _ as never:
                assert_never(never)

    def _packet(self, one: Packet, at: Instant) -> list[Reading]:
        up = self._be_up(at)
        if one.opcode == CMD_ACK:
            if self._tries:
                self._send_next(at)
        elif one.opcode == CMD_NAK:
            return up + self._refused(one.data[0] if one.data else 0, one.raw, at)
        elif one.opcode == DECODE_DATA:
            self._output += ACK
            self._packeted = True
            answers = [self._code(taken, one.raw) for taken in self._parts.take(one, at)]
            return up + [reading for answer in answers for reading in self._told(answer, one.raw, at)]
        return up

    def _refused(self, reason: int, raw: bytes, at: Instant) -> list[Reading]:
        if not self._tries:
            return []
        if reason == NAK_RESEND and self._tries < TRIES_MAX:
            self._send(at)
            return []
        opcode = self._commands[0][0]
        why = NAK_NAMES.get(reason, f"nak_{reason:02x}").removeprefix("nak_").replace("_", " ")
        self._send_next(at)
        order = _TRIGGERS.get(opcode)
        if order == "on" and self._config.setup:
            self._setup_at = Instant(at)  # it was restarted, and is not set to wait for the host any more
        refusal = Refused(
            "on" if order == "on" else "off" if order == "off" else "other",
            f"refused {NAMES[opcode]}: {why}", raw, {},
        )  # fmt: skip
        return self._told(refusal, raw, at)

    def _code(self, taken: tuple[int, bytes] | str, raw: bytes) -> Answer:
        """Of what the packets so far came to."""
        if isinstance(taken, str):
            return Damaged("garbled", f"{taken} dropped", raw)
        number, data = taken
        data = data.rstrip(b"\r\n")
        text = text_of(data)
        bad = bad_control(text)
        if bad is not None:
            detail = f"control character 0x{ord(bad):02X} in a code; check its prefix and suffix"
            return Damaged("bad_text", detail, raw)
        if is_no_read(text, self._config.no_read):
            return NothingRead(text)
        if not text.strip(" "):
            return Noted({})
        said = type_of(number)
        return Codes((Code(text, data, said.slug, said.aim),))

    def _text(self, data: bytes, at: Instant) -> Answer:
        """A scanner that sent packets before has been restarted, and is set up anew; or it is what is left of one."""
        if self._packeted:
            if not data.isascii():
                detail = "bytes that are no packet, of a scanner that sends packets; check the line"
                return Damaged("garbled", detail, data)
            if self._config.setup:
                self._setup_at = at
        return parse_codes(data, self._config.no_read, b"")

    def _told(self, answer: Answer, raw: bytes, at: Instant) -> list[Reading]:
        if self._steps is not None:
            return self._steps.answer(answer, raw, at)
        return readings_of(answer, self._config, at)

    def _be_up(self, at: Instant) -> list[Reading]:
        """What came is SSI, or a text: it is a scanner."""
        self._said_silent = False
        if self._up:
            return []
        self._up = True
        return [DeviceUp(self._config.id, at, identity=None)]

    def _fault(self, code: FaultCode, detail: str, at: Instant, raw: bytes = b"") -> DeviceFault:
        return DeviceFault(self._config.id, at, code, detail, raw[:RAW_BYTES])
