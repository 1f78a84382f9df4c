"""What the coordinator publishes, and where: decisions, acks, naks and its state (clearance contract §2 rule 7, §6).

Written from the contract once more: canonical bytes and ids come from the independent verifier, and nothing of the
gateway's own message code is used, so that a mistake there can't hide here.
"""

import base64
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson
from nacl.signing import SigningKey

from edge.rim.whole_file import write_whole
from edge.wire.verifier import canonical, identity
from simulators.coordinator.checkpoints import countersignature
from simulators.coordinator.data_folder import is_kept
from simulators.coordinator.stamps import utc_text

Data = dict[str, Any]
TOPICS_MAX: Final = 4_096
"""Topics kept with what they are; past it they are looked at anew."""
Mode = Literal["practice", "live"]
ROOTS: Final[Mapping[Mode, str]] = {"practice": "ehub-practice", "live": "ehub"}
KEY_FILE: Final = "coordinator-practice.key"
KEY_RIGHTS: Final = 0o077
"""Rights on a live key that nobody but its owner may have."""


class Origin(NamedTuple):
    """What a topic says of its messages."""

    kind: Literal["event", "state", "checkpoint", "none"]
    gateway: str
    line: str = ""


class KeyFault(Exception):  # noqa: N818 - of a file, in one sentence
    """A key file that must not be used."""


class Letters:
    """Writes and signs in the name of one coordinator. Each mode has its own root, so that practice never reaches
    live (contract §6)."""

    def __init__(self, hub: str, coordinator: str, private: SigningKey, mode: Mode = "practice") -> None:
        self.hub = hub
        self._coordinator = coordinator
        self._private = private
        self._origins: dict[str, Origin] = {}
        public = bytes(private.verify_key)
        self.public = _b64(public)
        self.kid = _b64(sha256(public).digest())[:16]
        self.mode: Mode = mode
        self.root = f"{ROOTS[mode]}/v1/{hub}"
        self.events = f"{self.root}/evt/+/+"
        self.gateway_states = f"{self.root}/state/gateway/+"
        self.checkpoints = f"{self.root}/ckpt/+"
        self.state_topic = f"{self.root}/state/coordinator/{coordinator}"

    def origin(self, topic: str) -> Origin:
        """Whose topic it is; there are few, and each has thousands of messages."""
        known = self._origins.get(topic)
        if known is None:
            if len(self._origins) >= TOPICS_MAX:
                self._origins.clear()
            known = self._origins[topic] = self._origin(topic)
        return known

    def _origin(self, topic: str) -> Origin:
        match topic.removeprefix(self.root + "/").split("/"):
            case ["evt", line, gateway]:
                return Origin("event", gateway, line)
            case ["state", "gateway", gateway]:
                return Origin("state", gateway)
            case ["ckpt", gateway]:
                return Origin("checkpoint", gateway)
            case _:
                return Origin("none", "")

    def ack_topic(self, gateway: str) -> str:
        return f"{self.root}/ack/{gateway}"

    def nak_topic(self, gateway: str) -> str:
        return f"{self.root}/nak/{gateway}"

    def decision_topic(self, gateway: str) -> str:
        return f"{self.root}/dec/{gateway}"

    def alert_topic(self, kind: str) -> str:
        return f"{self.root}/alert/{kind}/{self._coordinator}"

    def alert(self, about: Data) -> bytes:
        return self._signed({"v": 1, "hub": self.hub, "mode": self.mode} | about)

    @property
    def manifest_topic(self) -> str:
        return f"{self.root}/pre/manifest"

    def shard_topic(self, number: int) -> str:
        return f"{self.root}/pre/shard/{number}"

    def manifest(self, data: Data) -> bytes:
        return self._signed(data)

    def signed_by(self, body: bytes) -> tuple[str, str]:
        """kid and signature."""
        return self.kid, self._sign(body)

    def decision(self, data: Data, body: bytes | None = None) -> bytes:
        """A CloudEvent; the same data give the same bytes, signature included. `body`: canonical bytes of `data`,
        where they are at hand."""
        if body is None:
            body = canonical(data)
        others = {
            "specversion": "1.0",
            "id": identity(body),
            "source": f"urn:ehub:{self.hub}:{self._coordinator}",
            "type": "org.ehub.decision.v1",
            "subject": data["visit"],
            "time": data["valid_from"],
            "sequence": f"{data['dec_seq']:016}",
            "partitionkey": data["visit"],
            "datacontenttype": "application/json",
            "ehubkid": self.kid,
            "ehubsig": self._sign(body),
        }
        # `data` sorts before every other attribute. Those are texts of our own, which any encoder writes alike.
        return b'{"data":' + body + b"," + orjson.dumps(others, option=orjson.OPT_SORT_KEYS)[1:]

    def ack(
        self, gateway: str, epoch: int, through_seq: int, through_id: str, ckpt: Data | None = None
    ) -> bytes:
        """`ckpt`: the newest countersignature of this gateway's checkpoints."""
        told: Data = {"through_seq": through_seq, "through_id": through_id}
        return self._signed(self._address(gateway, epoch) | (told if ckpt is None else told | {"ckpt": ckpt}))

    def countersignature(self, body: str, at_s: int) -> str:
        return countersignature(f"{self.root}/{self._coordinator}", self._private, body, at_s)

    def nak(self, gateway: str, epoch: int, from_seq: int) -> bytes:
        return self._signed(self._address(gateway, epoch) | {"from_seq": from_seq})

    def birth(self, session: str, now_us: int) -> bytes:
        return canonical({"online": True, "session": session, "t": utc_text(now_us)})

    def will(self, session: str) -> bytes:
        return canonical({"online": False, "session": session})

    def _address(self, gateway: str, epoch: int) -> Data:
        return {"v": 1, "hub": self.hub, "gw": gateway, "mode": self.mode, "epoch": epoch}

    def _signed(self, data: Data) -> bytes:
        return canonical({"data": data, "ehubkid": self.kid, "ehubsig": self._sign(canonical(data))})

    def _sign(self, body: bytes) -> str:
        return _b64(self._private.sign(body).signature)


def practice_key(folder: Path) -> SigningKey:
    """The coordinator's practice key, made at its first start (0600). Raises KeyFault, OSError."""
    path = folder / KEY_FILE
    if not is_kept(path):
        write_whole(path, bytes(SigningKey.generate()).hex() + "\n")
    try:
        return SigningKey(bytes.fromhex(path.read_text("ascii").strip()))
    except ValueError:
        raise KeyFault(
            f"the key {path} is not 32 bytes in hex; restore it, or move it away for a new one"
        ) from None


def pilot_key(path: Path) -> SigningKey:
    """A key of a hub in earnest: made elsewhere, 32 bytes in hex, readable by its owner alone. Raises KeyFault."""
    try:
        rights = path.stat().st_mode
        text = path.read_text("ascii").strip()
    except (OSError, ValueError) as fault:
        raise KeyFault(f"can't read the key {path}: {fault}; make one and name it with --key") from None
    if rights & KEY_RIGHTS:
        raise KeyFault(f"the key {path} has rights {rights & 0o777:04o}; 0600 is wanted: chmod 600 {path}")
    try:
        return SigningKey(bytes.fromhex(text))
    except ValueError:
        raise KeyFault(f"the key {path} is not 32 bytes in hex (64 digits)") from None


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
