"""The coordinator's own address: its numbers, and declarations and answers that are handed in there."""

import json
import threading
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from coordinator_hall import Hall, visit
from nacl.signing import SigningKey
from test_coordinator_desk import CODE, OTHER_CODE, RULES_FILE, code
from voucher_samples import issuing_of

from edge.rim import clock
from edge.web.serve import AppServer
from hub_config.names import SECOND, Instant
from hub_config.rule_book import load_rule_book
from simulators.broker import free_port
from simulators.coordinator.declared import declarations_of
from simulators.coordinator.desk import Desk
from simulators.coordinator.gauges import ANSWERS_MAX, ASKED_MAX, Gauges, Shown
from simulators.coordinator.letters import Letters
from simulators.coordinator.page.app import create_page
from simulators.coordinator.page.figures import SLOW_EVERY, About, Figures
from simulators.coordinator.parties import PartyAnswer
from simulators.coordinator.requests import REQUESTS_MAX, Answering
from simulators.coordinator.sampling import commitment
from simulators.coordinator.seed_file import DAY_US, PUBLIC_FILE, SeedFile
from simulators.coordinator.service import Coordinator
from simulators.coordinator.stamps import utc_text
from simulators.coordinator.store import Store

TOLD = {
    "mass_mg": 1_000_000,
    "value_minor": 4_000,
    "currency": "MYR",
    "description": "Cotton T-shirt",
    "mawb": "1",
}
BOOK = load_rule_book([RULES_FILE])
ABOUT = About("MY-KUL-1", "co-1", "practice", "k" * 16, BOOK)


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path / "coordinator.sqlite")


def test_the_numbers_are_those_of_the_store(hall: Hall) -> None:
    hall.take(*(hall.event("parcel.arrived", visit(n), 2, codes=[code()], clock="hub") for n in (7, 8)))
    hall.pass_by(visit(1), CODE)
    late = [hall.event("parcel.arrived", visit(2), codes=[code(OTHER_CODE)]) for _ in range(3)]
    hall.take(late[0], late[2])
    figures = Figures(hall.path, ABOUT, Gauges(), lambda: (Instant(10 * SECOND), hall.now_us))

    told = figures.now()

    assert told["events"] == {"stored": 8, "redelivered": 0, "rejected": {}}
    assert told["decisions"] == {
        "given": 1, "owed": 1, "by_action": {"hold": 1}, "by_reason": {"no_declaration": 1},
    }  # fmt: skip
    first, second = told["gateways"]
    assert (first["gw"], first["through_seq"], first["last_seq"], first["missing"]) == ("gw-01", 5, 7, 1)
    assert (second["gw"], second["missing"], second["quarantined"]) == ("gw-02", 0, False)
    assert told["visits"]["by_place"] == {"held": 1, "open": 3}
    assert (told["visits"]["open"], told["visits"]["oldest_us"]) == (4, hall.now_us - 2 * 60_000_000)
    assert told["rule_pack"] == "my-kul-1-2024-01"
    assert told["dwell"]["visits"] == 0
    assert json.loads(json.dumps(told)) is not None


def test_what_takes_long_is_worked_out_anew_only_after_a_while(hall: Hall) -> None:
    at = 10 * SECOND
    figures = Figures(hall.path, ABOUT, Gauges(), lambda: (Instant(at), hall.now_us))
    assert figures.now()["outturn"] == []
    with hall.store.transaction():
        hall.store.file(declarations_of({CODE: TOLD}), hall.now_us)

    assert figures.now()["outturn"] == []
    at += SLOW_EVERY
    (row,) = figures.now()["outturn"]
    assert (row["mawb"], row["manifested"], row["awaited"], row["tallies"]) == ("1", 1, 1, True)


def test_the_gauge_tells_how_long_answers_took() -> None:
    gauges = Gauges()
    for number in range(100):
        gauges.asked(str(number), Instant(0))
        gauges.answered(str(number), Instant((number + 1) * 1_000_000))
    gauges.answered("never asked", Instant(5))
    gauges.show(Instant(10 * SECOND), connected=True)

    assert gauges.shown == Shown(100, 50_000, 99_000, True)


def test_the_gauge_forgets_the_oldest_past_its_bounds() -> None:
    gauges = Gauges()
    for number in range(ASKED_MAX + 1):
        gauges.asked(str(number), Instant(0))
    gauges.answered("0", Instant(1))
    for number in range(1, ANSWERS_MAX + 1):
        gauges.answered(str(number), Instant(1_000))
        gauges.asked("x", Instant(0))
        gauges.answered("x", Instant(2_000))
    gauges.show(Instant(10 * SECOND), connected=False)

    assert gauges.shown.answers == 2 * ANSWERS_MAX
    assert gauges.shown.p99_us == 2


class Served:
    """A running coordinator (without a broker) with its page."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.path = folder / "coordinator.sqlite"
        letters = Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))))
        made = threading.Event()

        def run() -> None:
            store = Store(self.path)
            desk = Desk(BOOK, store, "MY-KUL-1", "practice", b"seed")
            issuing = issuing_of(
                store, letters, SeedFile(folder, "MY-KUL-1", lambda: clock.wall_time().utc_us)
            )
            self.coordinator = Coordinator(("127.0.0.1", 1), store, desk, letters, "co-1", "s", {}, issuing)
            made.set()
            self.coordinator.run()

        self.thread = threading.Thread(target=run)
        self.thread.start()
        made.wait(5)
        figures = Figures(
            self.path, ABOUT, self.coordinator.gauges, lambda: (clock.now(), clock.wall_time().utc_us)
        )
        self.page = AppServer(
            create_page(figures, self.path, self.coordinator.submit, "127.0.0.1", self.port),
            "127.0.0.1",
            self.port,
        )
        self.url = self.page.start()

    def ask(self, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
                text = answer.read().decode()
                return answer.status, json.loads(text) if "json" in answer.headers["content-type"] else text
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read() or b"{}") if refused.code != 403 else None

    def stop(self) -> None:
        self.page.stop()
        self.coordinator.stop()
        self.thread.join(10)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.stop()


@pytest.mark.system
def test_another_party_hands_in_its_commitment_and_its_seed(served: Served) -> None:
    seed = bytes(range(32))
    told = {"party": "operator", "day": utc_text(clock.wall_time().utc_us + DAY_US)[:10]}
    given = {"seed": urlsafe_b64encode(seed).rstrip(b"=").decode()}

    assert served.ask("seeds", told | given)[0] == 409, "its commitment comes first"
    assert served.ask("seeds", [told | {"commit": commitment(seed)}]) == (200, {"taken": 1, "decided": 0})
    assert served.ask("seeds", told | given) == (200, {"taken": 1, "decided": 0})
    assert served.ask("seeds", {"party": "operator"})[0] == 422
    days = json.loads((served.path.parent / PUBLIC_FILE).read_bytes())["days"]
    assert [one["parties"] for one in days if one["day"] == told["day"]] == [["customs", "operator"]]


@pytest.mark.system
def test_declarations_and_answers_are_handed_in_and_told(served: Served) -> None:
    assert served.ask("manifest", {CODE: TOLD}) == (200, {"taken": 1, "decided": 0})
    assert served.ask("manifest", {CODE: TOLD}) == (200, {"taken": 0, "decided": 0})
    taken = {OTHER_CODE: TOLD | {"consignment": "c-2", "identifiers": [CODE]}}
    status, told = served.ask("manifest", taken)
    assert (status, told["fault"]) == (
        409, f"{CODE} of consignment c-2 is declared for {CODE} already; correct one of them"
    )  # fmt: skip
    status, told = served.ask("manifest", {CODE: {"mass_mg": 1}})
    assert (status, told["fault"]) == (422, f"declaration of {CODE}: value_minor is missing")
    assert served.ask("manifest", b"{")[0] == 400
    assert served.ask("answers", {"consignment": CODE, "party": "agency:x", "action": "release"})[0] == 200
    assert served.ask("answers", {"consignment": CODE, "party": "me", "action": "release"})[0] == 422

    status, told = served.ask("figures.json")
    assert (status, told["declarations"], told["mode"], told["connected"]) == (200, 1, "practice", False)
    assert served.ask("dwell.json")[1]["visits"] == 0
    assert served.ask("outturn/1")[1]["receptacles"][0]["awaited"] == [
        {"name": CODE, "visit": None, "note": "", "events": []}
    ]
    assert served.ask("outturn/2")[0] == 404
    assert "<title>Coordinator</title>" in served.ask("")[1]
    assert served.ask("manifest", {CODE: TOLD}, Origin="http://elsewhere.example")[0] == 403


@pytest.mark.system
def test_more_requests_than_the_bound_are_told_to_come_again(tmp_path: Path) -> None:
    letters = Letters("MY-KUL-1", "co-1", SigningKey(bytes(range(32))))
    store = Store(tmp_path / "c.sqlite")
    desk = Desk(BOOK, store, "MY-KUL-1", "practice", b"seed")
    issuing = issuing_of(store, letters)
    coordinator = Coordinator(("127.0.0.1", 1), store, desk, letters, "co-1", "s", {}, issuing)
    answers = [PartyAnswer("c", f"agency:{n}", "release") for n in range(REQUESTS_MAX + 1)]
    taken = [coordinator.submit(Answering(answer)) for answer in answers]

    assert taken == [True] * REQUESTS_MAX + [False]
    last = Answering(PartyAnswer("c", "agency:last", "release"))
    coordinator._gather()
    coordinator._handed_in.serve(coordinator._outcome)
    assert coordinator.submit(last)
    assert len(store.answers("c")) == REQUESTS_MAX
    store.close()
