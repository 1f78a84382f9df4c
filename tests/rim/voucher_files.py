"""Voucher stores and journals for tests, and what can happen to a file."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from journal_samples import T_US, event, numbered, open_journal
from voucher_samples import GATEWAY, HUB, trust

from edge.core.decision import Conditions, Decision, Reason
from edge.core.event import Event
from edge.core.inputs import Input
from edge.core.offline_budget import DAY_US
from edge.rim.journal import Journal, JournalReader
from edge.rim.voucher_store import VoucherStore
from edge.wire.canonical import canonical
from hub_config.names import GatewayId, HubId, LaneId, VisitId

DAY = T_US // DAY_US
RELEASE = Decision(
    dec="01a2009b-3881-7000-8000-000000000001", dec_seq=1, visit=VisitId("v"), was=None, answers="ni:///x",
    action="release", reasons=(), route=LaneId("green"), authority="customs", conditions=Conditions(), needs=(),
    valid_from_us=T_US, valid_until_us=T_US + 1_000_000, clock="hub",
    wire=canonical({"dec": "01a2009b-3881-7000-8000-000000000001", "action": "release"}).decode(), kid="k", sig="s",
)  # fmt: skip
ON_VOUCHER = replace(
    RELEASE, voucher=True, wire=canonical({"id": "01a2009b-3881-8000-8000-000000000001"}).decode()
)


def open_store(folder: Path, *, keep_manifest: bool = False, roles: str = "release") -> VoucherStore:
    return VoucherStore(
        folder / "vouchers.sqlite", trust(roles), HubId(HUB), GatewayId(GATEWAY), "practice",
        keep_manifest=keep_manifest,
    )  # fmt: skip


def decided(code: str, number: int, decision: Decision | None, *flags: Reason) -> Event:
    return replace(event("parcel.decided", number, codes=[code]), decision=decision, flags=flags)


def journal_of(folder: Path, *events: Event) -> Journal:
    journal = open_journal(folder)
    journal.append(numbered(events))
    return journal


def read(store: VoucherStore, journal: Journal, now_us: int = T_US + 1) -> None:
    reader = JournalReader(journal.path)
    store.catch_up(reader, reader.meta.epoch, now_us)
    reader.close()


class Core:
    def __init__(self) -> None:
        self.given: list[Input] = []

    def put(self, given: Input) -> None:
        self.given.append(given)


def damaged_row(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE spent SET code = 'B1'")
        file.commit()


def no_database(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192)
