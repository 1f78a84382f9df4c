"""Topic and payload of journalled events, as the uplink publishes them by the thousand (clearance contract §2, §6).

The same bytes as `envelope.event_payload`, which reads the whole body for what the attributes repeat. Of one gateway
and epoch only the time is not known beforehand; in canonical bytes it stands at one place from the end.
"""

from typing import Final, Protocol

from edge.wire.canonical import MESSAGE_BYTES_MAX, WireError
from edge.wire.envelope import event_payload, sequence_text
from edge.wire.topics import Topics
from hub_config.names import LineId

TOPICS_KEPT: Final = 256
"""Lines whose topic is kept; past it all are made anew. A gateway has some dozen."""
_TIME: Final = b',"t":"'
_TIME_CHARS: Final = 27
"""Of `2026-11-22T00:15:02.123456Z`."""
_AFTER_TIME: Final = b'","t_src":"'


class Row(Protocol):
    """An event of the journal."""

    @property
    def seq(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def sig(self) -> str | None: ...
    @property
    def kid(self) -> str | None: ...
    @property
    def line(self) -> str: ...
    @property
    def visit(self) -> str | None: ...
    @property
    def kind(self) -> str: ...


class Publications:
    """Of one gateway's epoch."""

    def __init__(self, topics: Topics, epoch: int) -> None:
        self._of = topics
        self._source = f"urn:ehub:{topics.hub}:{topics.gateway}:e{epoch}"
        self._topics: dict[str, str] = {}

    def topic(self, row: Row) -> str:
        found = self._topics.get(row.line)
        if found is None:
            if len(self._topics) >= TOPICS_KEPT:
                self._topics.clear()
            found = self._topics[row.line] = self._of.event(LineId(row.line))
        return found

    def payload(self, row: Row) -> bytes:
        """Raises WireError for an event that makes too long a message."""
        time = _time_of(row)
        if time is None or row.sig is None or row.kid is None:
            return event_payload(row.body, row.id, row.sig, row.kid)
        subject = self._of.gateway if row.visit is None else row.visit
        others = (
            f',"datacontenttype":"application/json","ehubkid":"{row.kid}","ehubsig":"{row.sig}","id":"{row.id}",'
            f'"partitionkey":"{subject}","sequence":"{sequence_text(row.seq)}","source":"{self._source}",'
            f'"specversion":"1.0","subject":"{subject}","time":"{time}","type":"org.ehub.{row.kind}.v1"}}'
        )
        payload = b'{"data":' + row.body + others.encode()
        if len(payload) > MESSAGE_BYTES_MAX:
            raise WireError(
                "too_large",
                f"the event makes a message of {len(payload)} bytes; {MESSAGE_BYTES_MAX} are allowed",
            )
        return payload


def _time_of(row: Row) -> str | None:
    """The body's own `t`; None where it must be looked for: behind it stand short fields alone, but for a voucher."""
    body = row.body
    end = b'"visit":null}' if row.visit is None else f'"visit":"{row.visit}"}}'.encode()
    if not body.endswith(end):
        return None
    begin = body.rfind(_TIME) + len(_TIME)
    after = begin + _TIME_CHARS
    if begin < len(_TIME) or body[after : after + len(_AFTER_TIME)] != _AFTER_TIME:
        return None
    return body[begin:after].decode("ascii", "replace")
