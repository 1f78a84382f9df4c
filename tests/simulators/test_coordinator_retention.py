"""What the coordinator deletes when its time is over, what it never does, and what can still be proved afterwards."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from coordinator_hall import NOW_US, Hall, visit
from test_checkpoints import LETTERS, SIGNER
from test_coordinator_crashes import DIED, Dying, contents
from test_coordinator_desk import CODE, GOODS, OTHER_CODE, RULES_FILE, code

from edge.core.event import WallTime
from edge.wire.checkpoint import Log, checkpoint_body, sign_note
from edge.wire.merkle import RightEdge, leaf_hash
from hub_config.names import SECOND, Instant
from hub_config.retention import Retention as Kept
from hub_config.rule_book import RuleBook
from hub_config.rules import load_rules
from simulators.audit_command import main
from simulators.coordinator import expiry
from simulators.coordinator.checkpoints import Told
from simulators.coordinator.evidence import prove, shown
from simulators.coordinator.parties import PartyAnswer
from simulators.coordinator.retention import LOOK_EVERY, PACE, UNSURE_US, Retention

DAY_US = 86_400_000_000
DECLARED = replace(GOODS, identifiers=(CODE,), consignment="c-1")
LONG = Instant(10**6 * SECOND)
"""Uptime after which the day of retention may be that of the clock again."""


def countersign(hall: Hall, gateway: str = "gw-01") -> None:
    """A checkpoint over all that this gateway has told, signed by both."""
    rows = hall.store.connection.execute(
        "SELECT data FROM events WHERE gw = ? ORDER BY seq", (gateway,)
    ).fetchall()
    edge, log = RightEdge(), Log("practice", "MY-KUL-1", gateway, 1)
    for (text,) in rows:
        edge.add(leaf_hash(text.encode()))
    body = checkpoint_body(log, len(rows), edge.root)
    told = Told(1, len(rows), edge.root, sign_note(body, log.origin, SIGNER), body)
    witness = hall.store.witness("ehub-practice/v1/MY-KUL-1")
    with hall.store.transaction():
        witness.take(gateway, told)
        at_s = hall.now_us // 1_000_000
        assert witness.judge(gateway, 1, len(rows), LETTERS.countersignature, at_s) == "countersigned"


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    made = Hall(tmp_path / "coordinator.sqlite")
    with made.store.transaction():
        made.store.file([DECLARED], made.now_us)
    return made


def days_later(hall: Hall, days: int, mode: str = "practice", kept: Kept | None = None) -> int:
    """All that is due after so many days, as the service would have it over many pauses; rows gone."""
    hall.now_us += days * DAY_US
    rules = RuleBook([hall.rules.model_copy(update={"retention": kept, "valid_until": None})])
    retention = Retention(hall.store, rules, mode, Instant(0))
    gone, at = 0, LONG
    while retention.is_due(at, pause=True):
        gone += retention.tend(at, WallTime(hall.now_us, 1_000, "ntp"))
    return gone


def rows(hall: Hall, table: str) -> int:
    return int(hall.store.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - its own


def test_practice_is_kept_for_fourteen_days_and_its_hashes_remain(hall: Hall) -> None:
    hall.pass_by(visit(1), CODE)
    event = hall.event("parcel.arrived", visit(2), codes=[code(OTHER_CODE)])
    hall.take(event)
    hall.later(1).tell("gateway.mode", None)
    countersign(hall)
    before = rows(hall, "events")

    assert days_later(hall, 13) == 0
    assert days_later(hall, 2) > 0

    assert rows(hall, "events") == 1, "the end of the chain, from which it goes on"
    assert rows(hall, "leaves") == before - 1
    for table in ("visits", "visit_codes", "owners", "declarations", "declared_codes"):
        assert rows(hall, table) == 0, table
    assert rows(hall, "decisions") == 1, "the newest, by which the page counts"
    (log,) = prove(hall.store.connection, {"gw-01": SIGNER.public_b64})
    assert (log.fault, log.kept, log.expired, log.through) == (None, 1, before - 1, before)
    assert shown(hall.store.connection, event.data).known
    assert not shown(hall.store.connection, event.data | {"t_unc_us": 1}).known


def test_an_event_that_comes_again_after_its_time_is_known_and_another_in_its_place_is_tamper(
    hall: Hall,
) -> None:
    first = hall.event("parcel.arrived", visit(2), codes=[code(OTHER_CODE)])
    hall.take(first)
    hall.pass_by(visit(1), CODE)
    countersign(hall)
    days_later(hall, 20)
    held = rows(hall, "events")

    with hall.store.transaction():
        assert hall.store.receive(first, hall.now_us) == "again"
        hall.chains["gw-01"].seq = 0
        other = hall.event("parcel.arrived", visit(3), codes=[code(OTHER_CODE)])
        assert hall.store.receive(other, hall.now_us) == "tamper"

    assert rows(hall, "events") == held


def test_what_no_checkpoint_covers_stays(hall: Hall) -> None:
    hall.pass_by(visit(1), CODE)
    countersign(hall)
    covered = rows(hall, "events")
    hall.pass_by(visit(2), OTHER_CODE)
    total = rows(hall, "events")

    days_later(hall, 400)

    assert rows(hall, "events") == total - covered


def test_in_earnest_ten_years_and_what_waits_or_is_an_open_case_stays_with_its_decision_and_declaration(
    hall: Hall,
) -> None:
    hall.pass_by(visit(1), CODE, lane="green")
    hall.pass_by(visit(2), OTHER_CODE)
    hall.tell("gateway.mode", None)
    countersign(hall)
    with hall.store.transaction():
        hall.desk.hear(PartyAnswer("c-9", "agency:radio", "hold"), hall.now_us, hall.store)
        hall.store.file(
            [replace(GOODS, consignment="c-9", identifiers=("RR999999999MY",), description="Radio")],
            hall.now_us,
        )

    assert days_later(hall, 3_600, "live") == 0
    days_later(hall, 100, "live")

    left = hall.store.connection.execute(
        "SELECT DISTINCT visit FROM events WHERE visit IS NOT NULL"
    ).fetchall()
    assert left == [(visit(2),)], "it lies in a bay"
    assert hall.store.visit(visit(2)) is not None
    assert hall.store.visit(visit(1)) is None
    assert rows(hall, "decisions") == 1
    assert rows(hall, "declarations") == 0, "of visits that are gone, and of none"
    assert rows(hall, "answers") == 0


def test_a_rule_pack_says_how_long_and_not_less_than_measurements_have_to_stay(
    hall: Hall, tmp_path: Path
) -> None:
    hall.pass_by(visit(1), CODE, lane="green")
    hall.tell("gateway.mode", None)
    countersign(hall)

    days_later(hall, 150, "live", Kept(events_days=200, declarations_days=100))
    assert rows(hall, "declarations") == 1, "its visit is still here"
    days_later(hall, 60, "live", Kept(events_days=200, declarations_days=100))

    assert (rows(hall, "visits"), rows(hall, "declarations")) == (0, 0)
    text = RULES_FILE.read_text() + "\n[retention]\nevents_days = 30\n"
    file = tmp_path / "short.rules.toml"
    file.write_text(text)
    with pytest.raises(Exception, match="events_days") as refused:
        load_rules(file)
    assert "90" in str(refused.value)
    assert load_rules(RULES_FILE).retention is None


def test_a_clock_that_jumps_ahead_moves_the_day_of_retention_only_slowly(hall: Hall) -> None:
    hall.pass_by(visit(1), CODE, lane="green")
    hall.tell("gateway.mode", None)
    countersign(hall)
    retention = Retention(hall.store, RuleBook([hall.rules]), "live", Instant(0))
    retention.tend(Instant(0), WallTime(hall.now_us, 0, "ntp"))
    wrong = WallTime(hall.now_us + 20 * 365 * DAY_US, 0, "ntp")

    hour = 3_600 * SECOND
    assert retention.tend(Instant(hour), wrong) == 0
    moved_us = hall.store.whole_fact("retention_us")
    assert moved_us == hall.now_us + PACE * 3_600_000_000
    assert retention.tend(Instant(2 * hour), WallTime(hall.now_us + 1, UNSURE_US + 1, "none")) == 0
    assert hall.store.whole_fact("retention_us") == moved_us, "not sure: it rests"
    retention.tend(Instant(3 * hour), WallTime(hall.now_us + 2, 0, "ntp"))
    assert hall.store.whole_fact("retention_us") == hall.now_us + 2, "the clock is right again"


def test_it_works_in_pauses_and_after_ten_seconds_without_one(hall: Hall) -> None:
    retention = Retention(hall.store, RuleBook([hall.rules]), "practice", Instant(0))
    assert retention.is_due(Instant(0), pause=True)
    assert not retention.is_due(Instant(9 * SECOND), pause=False)
    assert retention.is_due(Instant(10 * SECOND), pause=False)

    retention.tend(Instant(0), WallTime(NOW_US, 0, "ntp"))

    assert not retention.is_due(Instant(LOOK_EVERY - 1), pause=True)
    assert retention.is_due(Instant(LOOK_EVERY), pause=True)


def test_a_slice_is_bounded_and_the_rest_follows(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "SLICE_MAX", 3)
    for number in range(1, 6):
        hall.pass_by(visit(number), CODE)
    countersign(hall)
    hall.now_us += 15 * DAY_US
    retention = Retention(hall.store, RuleBook([hall.rules]), "practice", Instant(0))
    total, at = rows(hall, "events"), LONG

    retention.tend(at, WallTime(hall.now_us, 0, "ntp"))
    assert rows(hall, "events") == total - 3
    while retention.is_due(at, pause=True):
        retention.tend(at, WallTime(hall.now_us, 0, "ntp"))

    assert rows(hall, "events") == 1
    counted = dict(hall.store.connection.execute("SELECT name, n FROM counts").fetchall())
    assert counted["expired:events"] == total - 1


def test_old_checkpoints_go_and_the_newest_of_a_log_stays(hall: Hall) -> None:
    for number in range(1, 4):
        hall.pass_by(visit(number), CODE)
        countersign(hall)
    days_later(hall, 15)
    rest = hall.store.connection.execute("SELECT size FROM checkpoints").fetchall()
    (log,) = prove(hall.store.connection)

    assert rest == [(log.through,)]
    assert log.fault is None


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("UPDATE leaves SET leaf = zeroblob(32) WHERE seq = 2", "is of other events"),
        ("DELETE FROM leaves WHERE seq = 2", "seq 2 is missing"),
        ("UPDATE events SET data = replace(data, 'practice', 'Practice')", "not what its id says"),
        ("UPDATE checkpoints SET size = size + 1000", "over more events than there are"),
    ],
)
def test_what_was_changed_in_the_database_is_found(
    hall: Hall, harm: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hall.pass_by(visit(1), CODE)
    countersign(hall)
    days_later(hall, 15)
    assert main(["evidence", "--data", str(hall.path.parent)]) == 0
    hall.store.connection.execute(harm)

    assert main(["evidence", "--data", str(hall.path.parent)]) == 1
    assert words in capsys.readouterr().out


def test_the_command_tells_what_an_event_that_is_shown_was(
    hall: Hall, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = hall.event("parcel.arrived", visit(2), codes=[code(OTHER_CODE)])
    hall.take(first)
    hall.pass_by(visit(1), CODE)
    countersign(hall)
    days_later(hall, 15)
    file, keys = tmp_path / "event.json", tmp_path / "gateways.json"
    file.write_text(json.dumps({"data": first.data}))
    keys.write_text(json.dumps({"gw-01": SIGNER.public_b64}))
    words = ["evidence", "--data", str(hall.path.parent), "--event", str(file), "--gateways", str(keys)]

    assert main(words) == 0
    assert "expired here; its hash stands in the log" in capsys.readouterr().out
    file.write_text(json.dumps({"data": first.data | {"seq": 99}}))
    assert main(words) == 1
    keys.write_text(json.dumps({"gw-01": LETTERS.public}))
    capsys.readouterr()
    assert main([*words, "--json"]) == 1
    assert "another key" in json.loads(capsys.readouterr().out)["logs"][0]["fault"]
    assert main(["evidence", "--data", str(tmp_path / "none")]) == 2


def _expire(path: Path, dies_at: int) -> bool:
    """All that is due, in a process of its own; True if it died before its `dies_at`th statement."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            Dying.last = dies_at
            connect = sqlite3.connect
            sqlite3.connect = lambda *a, **k: connect(*a, **k, factory=Dying)  # type: ignore[assignment]
            days_later(Hall(path), 15)
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, DIED), f"statement {dies_at}: the process ended with {status}"
    return status == DIED


def test_a_process_that_dies_at_any_statement_of_it_leaves_whole_evidence_and_the_next_finishes(
    tmp_path: Path,
) -> None:
    def prepared(path: Path) -> Path:
        hall = Hall(path)
        with hall.store.transaction():
            hall.store.file([DECLARED], hall.now_us)
        hall.pass_by(visit(1), CODE)
        countersign(hall)
        hall.store.close()
        return path

    whole = prepared(tmp_path / "whole.sqlite")
    assert not _expire(whole, 0)
    number, make = 0, _copies(prepared(tmp_path / "before.sqlite"))
    while True:
        number += 1
        path = make(tmp_path / f"{number}.sqlite")
        if not _expire(path, number):
            break
        with closing(sqlite3.connect(path)) as connection:
            assert [log.fault for log in prove(connection)] == [None], f"dead before statement {number}"
        assert not _expire(path, 0)
        assert contents(path) == contents(whole), f"dead before statement {number}"
        path.unlink()
    assert number > 80


def _copies(source: Path) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        path.write_bytes(source.read_bytes())
        return path

    return make


def test_a_database_of_the_version_before_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    Hall(path).store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE leaves")
        connection.execute("PRAGMA user_version = 2")
    hall = Hall(path)

    assert rows(hall, "leaves") == 0
