"""Decisions for the gateway of `journal_samples`, signed as a coordinator's, and who is believed."""

import json
from pathlib import Path
from typing import Final

from journal_samples import COORDINATOR, visit

from edge.core.decision import Decision
from edge.core.standing import NOTHING_SAID, VisitWords
from edge.wire.messages import build_decision, parse_decision
from edge.wire.signing import Signer, TrustStore
from edge.wire.topics import Topics
from hub_config.names import GatewayId, HubId
from hub_config.trust import Trust

GOLDEN: Final = json.loads((Path(__file__).parents[1] / "wire" / "golden" / "decision.json").read_bytes())
TOPICS: Final = Topics("practice", HubId("MY-KUL-1"), GatewayId("gw-03"))
HEALTH: Final = "agency:health"


def trust(*signers: Signer) -> TrustStore:
    return TrustStore(
        [
            Trust(
                kid=one.kid,
                public_key=one.public_b64,
                holder="co",
                roles=("release", "hold"),
                modes=("practice",),
            )
            for one in signers or (COORDINATOR,)
        ]
    )


def payload(
    action: str, dec_seq: int, number: int = 1, authority: str = "customs", signer: Signer = COORDINATOR
) -> bytes:
    stops = action != "release"
    data = GOLDEN | {
        "mode": "practice", "visit": visit(number), "dec": visit(1_000_000 * dec_seq + number), "dec_seq": dec_seq,
        "action": action, "reasons": ["risk_profile"] if stops else [], "route": "hold" if stops else "green",
        "basis": GOLDEN["basis"] | {"authority": authority},
    }  # fmt: skip
    return build_decision(data, "co-1", signer)


def decision(
    action: str, dec_seq: int, number: int = 1, authority: str = "customs", signer: Signer = COORDINATOR
) -> Decision:
    told = payload(action, dec_seq, number, authority, signer)
    return parse_decision(told, trust(signer), TOPICS.hub, TOPICS.gateway, TOPICS.mode)


def words(*decisions: Decision, codes: tuple[str, ...] = ("RR473124829MY",), number: int = 1) -> VisitWords:
    standing = NOTHING_SAID
    for one in decisions:
        standing = standing.heard(one)
    return VisitWords(visit(number), codes, standing)
