"""What the bridge wants of a board: versions it can speak with, and the set-up of every input."""

from typing import Final

from firmware_bridge.messages import (
    DICT_HASH,
    MODE_EDGES,
    MODE_ENCODER,
    MODE_OFF,
    PROTO,
    PROTO_MIN,
    STATUS_OK,
    ConfigIn,
    HelloReply,
)
from hub_config.attach import SerialAttach
from hub_config.boards import BoardInput, IoBoardConfig

RESET_CAUSES: Final = ((1, "power on"), (2, "reset pin or port opened"), (4, "brown-out"), (8, "watchdog"))


def misfit(board: HelloReply) -> str | None:
    """Why this board can't be spoken with, and what to do; None if it can."""
    ours, theirs = version(PROTO), version(board.proto)
    if board.status != STATUS_OK or board.clock_hz == 0:
        return f"the board greets with status {board.status} and a clock of {board.clock_hz} Hz; update it"
    if board.proto >> 8 != PROTO >> 8 or board.proto < PROTO_MIN:
        return f"the board speaks protocol {theirs}, this gateway {ours}; update the older of the two"
    if board.min_proto > PROTO:
        wanted = version(board.min_proto)
        return f"the board wants protocol {wanted} or newer, this gateway speaks {ours}; update the gateway"
    return None


def identity(board: HelloReply) -> str:
    other = "" if board.dict_hash == DICT_HASH else f", other message table {board.dict_hash:08x}"
    return f"boot {board.boot_id}, proto {version(board.proto)}{other}"


def version(proto: int) -> str:
    return f"{proto >> 8}.{proto & 0xFF}"


def reset_words(cause: int) -> str:
    return " and ".join(word for bit, word in RESET_CAUSES if cause & bit) or "unknown cause"


def wanted_inputs(config: IoBoardConfig, n_in: int) -> tuple[ConfigIn, ...]:
    """One for each input that the board has, those that are not used switched off."""
    used = {one.channel: one for one in config.inputs}
    return tuple(_wanted(channel, used.get(channel), config.report_ms) for channel in range(n_in))


def encoder_input(config: IoBoardConfig) -> ConfigIn:
    """Sent again it changes nothing, and makes the board say the count."""
    return ConfigIn(0, config.encoder, MODE_ENCODER, 0, config.report_ms)


def missing_input(config: IoBoardConfig, n_in: int) -> str | None:
    top = max(one.channel for one in config.inputs)
    if top < n_in:
        return None
    return f"channel {top} is not on this board, which has 0 to {n_in - 1}; correct the inputs"


def bits_per_byte(attach: SerialAttach) -> int:
    """Start bit, data, parity, stop."""
    return 1 + attach.data_bits + (attach.parity != "none") + attach.stop_bits


def _wanted(channel: int, used: BoardInput | None, report_ms: int) -> ConfigIn:
    if used is None:
        return ConfigIn(0, channel, MODE_OFF, 0, 0)
    if used.use == "encoder":
        return ConfigIn(0, channel, MODE_ENCODER, 0, report_ms)
    return ConfigIn(0, channel, MODE_EDGES, used.debounce_us, 0)
