"""The log's word about messages that are not believed (contract §2, §5): what is wrong with them, and what to do.

Once a reason and kind of message: whoever sends them may send them without end. All are counted (`rejected_messages`).
"""

import logging
from typing import Final

from edge.core.inputs import MessageRejected

SIGNER: Final = frozenset(
    ("unknown_key", "wrong_role", "bad_signature", "wrong_hub", "wrong_gateway", "wrong_mode")
)
"""Reasons that are about who speaks to whom; every other one is about the words."""
SCHEMAS: Final = {"dec": "decision", "pre": "manifest"}
"""Where the topic's word is not the name of the schema."""
KINDS: Final = frozenset(("ack", "nak", "dec", "cfg", "cmd", "pre", "state"))

log = logging.getLogger("hub.trouble")


class RefusedLog:
    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()
        """As many as there are reasons (`edge/wire/canonical.py`) and kinds."""

    def tell(self, given: MessageRejected) -> None:
        kind = kind_of(given.topic)
        if (given.reason, kind) in self._said:
            return
        self._said.add((given.reason, kind))
        log.warning(
            "a message on %s is not believed: %s, %s; %s (further ones of this reason are counted in /figures.json)",
            given.topic, given.reason, given.detail, next_step(given.reason, kind),
        )  # fmt: skip


def kind_of(topic: str) -> str:
    """The contract's word for it (§6), in `ehub/v1/{hub}/{word}/…`; empty for any other topic."""
    parts = topic.split("/")
    return parts[3] if len(parts) > 3 and parts[3] in KINDS else ""


def next_step(reason: str, kind: str) -> str:
    if reason in SIGNER or not kind:
        return "compare [[trust]], [hub] and [coordinator] with its sender"
    return f"compare what its sender writes with hub contract schema {SCHEMAS.get(kind, kind)}"
