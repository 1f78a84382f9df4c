"""Vouchers of the coordinator process: who gets one, when they are issued anew, what their use is checked against."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from voucher_samples import GOODS, HUB, NOW_US, code_of, issuing_of, trust

from edge.core.voucher import Shard
from edge.wire.vouchers import parse_manifest, parse_shard
from hub_config.names import SECOND, GatewayId, HubId, Instant
from hub_config.profiles import rules_file
from hub_config.rule_book import RuleBook
from hub_config.rules import load_rules
from simulators.coordinator.declared import Declared
from simulators.coordinator.expiry import Before, expire_vouchers
from simulators.coordinator.issuing import ISSUE_EVERY, KEY_FILE, Issuing, index_key
from simulators.coordinator.letters import Letters
from simulators.coordinator.parties import PartyAnswer
from simulators.coordinator.reconcile import ALERTS_MAX, Reconciler, StopsInMemory
from simulators.coordinator.sampling import DerivedSeeds, Sampler
from simulators.coordinator.stamps import parse_utc, utc_text
from simulators.coordinator.store import Store
from simulators.coordinator.visits import Visit
from simulators.coordinator.voucher_records import FACT
from simulators.coordinator.vouchers import Owner, VoucherOffice

VOUCHER = {"id": "v-1", "basis": {}}
START = Instant(5 * SECOND)


def letters() -> Letters:
    from nacl.signing import SigningKey

    return Letters(HUB, "co-1", SigningKey(bytes(range(2, 34))))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "coordinator.sqlite")
    yield opened
    opened.close()


def declared(number: int, **changes: Any) -> Declared:
    code = code_of(number)
    made = replace(GOODS, consignment=code, identifiers=(code,), expected="gw-01/l1")
    return replace(made, **changes)


def file(store: Store, *declarations: Declared) -> None:
    with store.transaction():
        store.file(declarations, NOW_US)


def published(issuing: Issuing, at: Instant, now_us: int = NOW_US) -> list[tuple[str, bytes]]:
    told = []
    while (message := issuing.next_message(at, now_us)) is not None:
        told.append(message)
        issuing.sent()
    return told


def shards_of(told: list[tuple[str, bytes]]) -> list[Shard]:
    manifest = parse_manifest(told[0][1], trust(), HubId(HUB), "practice")
    shards = [
        parse_shard(payload, trust(), HubId(HUB), GatewayId("gw-01"), "practice") for _, payload in told[1:]
    ]
    assert manifest.shards == tuple(shard.digest for shard in shards)
    return shards


def count(told: list[tuple[str, bytes]]) -> int:
    return sum(len(shard.vouchers) for shard in shards_of(told))


def begun(store: Store) -> Issuing:
    issuing = issuing_of(store, letters())
    issuing.begin()
    issuing.changed(Instant(0))
    return issuing


def test_the_manifest_goes_first_and_says_what_follows(store: Store) -> None:
    file(store, *(declared(n) for n in range(120)))
    told = published(begun(store), START)

    assert [topic.removeprefix(f"ehub-practice/v1/{HUB}/") for topic, _ in told] == [
        "pre/manifest", "pre/shard/0", "pre/shard/1",
    ]  # fmt: skip
    assert count(told) == 120
    assert {voucher.line for shard in shards_of(told) for voucher in shard.vouchers} == {"l1"}


@pytest.mark.parametrize(
    "changes",
    [
        {"expected": None}, {"currency": "USD"}, {"value_minor": 60_000}, {"value_minor": 0}, {"mass_mg": 31_000_000},
        {"description": "liquor"}, {"procedure": "export"}, {"parties": ("agency:plant-health",)},
        {"filed_us": NOW_US + 1},
    ],
    ids=str,
)  # fmt: skip
def test_who_gets_no_voucher(store: Store, changes: dict[str, Any]) -> None:
    file(store, declared(1), declared(2, **changes))

    assert count(published(begun(store), START)) == 1


def test_a_parcel_that_was_drawn_gets_none_and_stays_drawn(store: Store) -> None:
    file(store, declared(1), declared(2))
    issuing = begun(store)
    published(issuing, START)
    draw = store.draw(code_of(2))
    assert draw is not None
    with store.transaction():
        store.put_draw(code_of(2), replace(draw, drawn=True))
    issuing.changed(START)

    assert count(published(issuing, Instant(START + 2 * SECOND))) == 1


@pytest.mark.parametrize("state", [{"case": ("low-value",)}, {"failed": True, "place": "custody"}], ids=str)
@pytest.mark.parametrize("name", ["code", "consignment"])
def test_a_parcel_that_customs_has_stopped_gets_none(store: Store, name: str, state: dict[str, Any]) -> None:
    """At the line that it is expected at nobody may have heard of the stop."""
    file(store, declared(1), declared(2))
    with store.transaction():
        store.put(Visit("v-1", NOW_US, **{name: code_of(2)}, **state))

    assert count(published(begun(store), START)) == 1


def test_a_voucher_ends_with_the_days_of_its_rule_pack(store: Store) -> None:
    file(store, declared(1))
    pack = load_rules(rules_file("MY-KUL-1"))
    first = datetime.fromtimestamp(NOW_US / 1e6, UTC).date() + timedelta(days=1)
    book = RuleBook([pack, pack.model_copy(update={"id": "my-kul-1-next", "valid_from": first})])
    office = VoucherOffice(book, HUB, "practice", Sampler(DerivedSeeds(b"s")), bytes(32), letters().signed_by)
    (voucher,) = office.issue({code_of(1): Owner("gw-01", "l1")}, store, NOW_US, store).vouchers

    assert parse_utc(voucher["valid_until"]) == book.until_us(NOW_US) < NOW_US + 86_400_000_000


def test_an_authority_that_stops_a_consignment_ends_its_voucher(store: Store) -> None:
    file(store, declared(1), declared(2))
    issuing = begun(store)
    assert count(published(issuing, START)) == 2
    stop = PartyAnswer(code_of(2), "aviation-security", "screen", ("risk_profile",), ())
    with store.transaction():
        store.hear(stop, NOW_US)
    issuing.changed(START)

    assert count(published(issuing, Instant(START + 2 * SECOND))) == 1
    voucher = issued(store)[draw_of(store, 2)]
    told = begun(store).take(use(voucher, code_of(2), NOW_US + 1))  # by another process, too
    assert told is not None
    assert told.why == "stopped_meanwhile"


def test_a_stop_that_its_authority_has_lifted_is_no_conflict(store: Store) -> None:
    file(store, declared(1))
    published(begun(store), START)
    (voucher,) = issued(store).values()
    with store.transaction():
        for at, action in ((1, "screen"), (3, "release")):
            store.hear(PartyAnswer(code_of(1), "aviation-security", action, (), ()), NOW_US + at)

    def taken(at: int) -> str | None:
        found = begun(store).take(use(voucher, code_of(1), NOW_US + at))
        return None if found is None else found.why

    with store.transaction():
        assert [taken(at) for at in (1, 4)] == [None, None]
        assert taken(2) == "stopped_meanwhile"


def issued(store: Store) -> dict[str, Any]:
    rows = store.connection.execute("SELECT id, data FROM vouchers")
    return {name: json.loads(text) for name, text in rows}


def draw_of(store: Store, number: int) -> str:
    draw = store.draw(code_of(number))
    assert draw is not None
    return draw.of


def test_they_are_issued_anew_every_few_hours_with_a_higher_number(store: Store) -> None:
    file(store, declared(1))
    issuing = begun(store)
    first = published(issuing, START)
    assert published(issuing, Instant(START + 1)) == []

    again = published(issuing, Instant(START + ISSUE_EVERY + SECOND), NOW_US + 1)

    numbers = [parse_manifest(told[0][1], trust(), HubId(HUB), "practice").number for told in (first, again)]
    assert numbers[0] < numbers[1]


def test_a_voucher_keeps_its_name_over_the_days_and_has_none_at_another_line(store: Store) -> None:
    day_us = 86_400_000_000
    file(store, *(declared(n) for n in range(20)))
    issuing = begun(store)
    first = shards_of(published(issuing, START))
    issuing.changed(START)
    later = shards_of(published(issuing, Instant(START + 2 * SECOND), NOW_US + 2 * day_us))
    file(store, declared(0, expected="gw-01/l2"))
    issuing.changed(Instant(START + 2 * SECOND))
    moved = shards_of(published(issuing, Instant(START + 4 * SECOND), NOW_US + 2 * day_us))

    names = [[voucher.id for shard in told for voucher in shard.vouchers] for told in (first, later, moved)]
    assert names[0] == names[1]
    assert len(names[0]) - len(names[2]) == 1


def test_a_new_process_knows_what_was_issued_and_used(store: Store) -> None:
    file(store, declared(1))
    published(begun(store), START)
    (voucher,) = issued(store).values()

    issuing = begun(store)

    with store.transaction():
        assert issuing.take(use(voucher, code_of(1), NOW_US)) is None
        forged = issuing.take(use({"id": "forged"}, code_of(1), NOW_US, visit="visit-9"))
    again = begun(store)
    with store.transaction():
        twice = again.take(use(voucher, code_of(1), NOW_US, visit="visit-2"))
        known = again.take(use({"id": "forged"}, code_of(1), NOW_US, visit="visit-9"))
    assert forged is not None
    assert twice is not None
    assert (forged.why, twice.why, known) == ("not_issued", "used_twice", None)


def test_a_start_reads_none_of_the_vouchers_and_a_use_only_its_own(store: Store) -> None:
    file(store, *(declared(n) for n in range(50)))
    published(begun(store), START)
    voucher = issued(store)[draw_of(store, 7)]
    asked: list[str] = []
    store.connection.set_trace_callback(asked.append)

    issuing = begun(store)
    assert [text for text in asked if "vouchers" in text or "FROM events" in text] == []
    with store.transaction():
        issuing.take(use(voucher, code_of(7), NOW_US))

    about = [text for text in asked if "vouchers" in text]
    assert len(about) == 1
    assert about[0].endswith(f"vouchers WHERE id = '{voucher['id']}'")


def test_what_an_older_version_has_stored_of_uses_is_taken_over_once(store: Store) -> None:
    file(store, declared(1))
    published(begun(store), START)
    (voucher,) = issued(store).values()
    used = json.dumps(use(voucher, code_of(1), NOW_US))
    with store.transaction():
        store.connection.execute("DELETE FROM facts WHERE name = ?", (FACT,))
        store.connection.execute(
            "INSERT INTO events VALUES('e-1', 'gw-01', 1, 1, 'visit-1', 'parcel.decided', ?, 0)", (used,)
        )

    issuing = begun(store)

    with store.transaction():
        twice = issuing.take(use(voucher, code_of(1), NOW_US, visit="visit-2"))
    assert twice is not None
    assert twice.why == "used_twice"
    assert store.whole_fact(FACT) == 1


def test_what_is_known_of_its_use_goes_with_a_voucher(store: Store) -> None:
    file(store, declared(1))
    issuing = begun(store)
    published(issuing, START)
    (voucher,) = issued(store).values()
    with store.transaction():
        issuing.take(use(voucher, code_of(1), NOW_US))
        later_us = NOW_US + 30 * 86_400_000_000
        expire_vouchers(store.connection, Before(later_us, later_us, keep_open=False))

    assert store.first("SELECT count(*) FROM voucher_uses") == (0,)
    assert issued(store) == {}


def test_the_key_of_the_index_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    key = index_key(tmp_path)

    assert index_key(tmp_path) == key
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    (tmp_path / KEY_FILE).write_text("00")
    with pytest.raises(ValueError, match="restore it"):
        index_key(tmp_path)


# Reconciliation -----------------------------------------------------------------------------------------


def use(
    voucher: dict[str, Any], code: str, t_us: int, *, visit: str = "visit-1", line: str = "l1",
    kind: str = "parcel.decided", bay: str = "G1",
) -> dict[str, Any]:  # fmt: skip
    return {
        "kind": kind, "visit": visit, "gw": "gw-01", "line": line, "t": utc_text(t_us),
        "codes": [{"data": code, "chk": True}], "act": {"lane": "green", "bay": bay}, "voucher": {"data": voucher},
    }  # fmt: skip


def reconciler() -> Reconciler:
    return Reconciler({"v-1": Owner("gw-01", "l1")})


def test_a_right_use_is_no_conflict() -> None:
    one = reconciler()

    assert one.take(use(VOUCHER, "A1", NOW_US)) is None
    assert one.take(use(VOUCHER, "A1", NOW_US, kind="parcel.diverted")) is None
    assert (one.checked, len(one.conflicts)) == (1, 0)


def test_every_wrong_use_is_a_conflict() -> None:
    forged, elsewhere, twice, revoked, stopped = (reconciler() for _ in range(5))
    twice.take(use(VOUCHER, "A1", NOW_US))
    revoked.revoked_us["v-1"] = NOW_US - 1
    stopped.stops = StopsInMemory(A1=NOW_US - 1)
    found = [
        forged.take(use({"id": "v-2"}, "A1", NOW_US)),
        elsewhere.take(use(VOUCHER, "A1", NOW_US, line="l2")),
        twice.take(use(VOUCHER, "A1", NOW_US, visit="visit-2")),
        revoked.take(use(VOUCHER, "A1", NOW_US)),
        stopped.take(use(VOUCHER, "A1", NOW_US)),
    ]

    assert [None if one is None else one.why for one in found] == [
        "not_issued", "other_line", "used_twice", "revoked", "stopped_meanwhile",
    ]  # fmt: skip


def test_a_conflict_is_told_again_with_each_later_place() -> None:
    one = reconciler()
    one.stops = StopsInMemory(A1=NOW_US - 1)
    first = one.take(use(VOUCHER, "A1", NOW_US))
    again = one.take(use(VOUCHER, "A1", NOW_US))
    later = one.take(use(VOUCHER, "A1", NOW_US + 9, kind="parcel.diverted", bay="G2"))

    assert first is not None
    assert again is None
    assert later is not None
    assert (later.bay, later.told()["kind"]) == ("G2", "offline_conflict")


def test_past_their_bound_conflicts_are_counted() -> None:
    one = Reconciler({})
    for n in range(ALERTS_MAX + 2):
        one.take(use({"id": f"w-{n}"}, "A1", NOW_US, visit=f"visit-{n}"))

    assert (len(one.conflicts), one.unheard) == (ALERTS_MAX, 2)
