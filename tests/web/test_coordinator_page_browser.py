"""The coordinator's page in a real browser: the numbers, what is wrong stands out, text from outside stays text."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.web.serve import AppServer
from simulators.broker import free_port
from simulators.coordinator.page.app import create_page

pytestmark = [pytest.mark.browser, pytest.mark.system]

NASTY = "<img src=x onerror=document.title='hit'>"
SPAN = {"n": 7, "p50_us": [90_000_000, 90_003_000], "p90_us": [5_000_000, 5_900_000], "p99_us": [72e8, 72e8],
        "within_target_ppm": [900_000, 1_000_000]}  # fmt: skip


def numbers(**changes: Any) -> dict[str, Any]:
    gateway = {"gw": "gw-01", "epoch": 1, "through_seq": 1_200, "last_seq": 1_200, "missing": 0,
               "heard_us": 1_000_000, "quarantined": False}  # fmt: skip
    dwell = {"visits": 7, "all": SPAN, "by_owner": {"hub": SPAN, NASTY: SPAN}, "by_lane": {}, "by_tier": {},
             "by_platform": {}, "by_size_class": {}, "parity": [], "parity_alerts": []}  # fmt: skip
    told = {
        "hub": "MY-KUL-1", "coordinator": "co-1", "mode": "practice", "kid": "k", "utc_us": 61_000_000,
        "connected": True, "rule_pack": "pack-1", "answers": {"given": 3, "p50_us": 3_210, "p99_us": 25_000},
        "events": {"stored": 12_345, "redelivered": 0, "rejected": {NASTY: 2}},
        "decisions": {"given": 3, "owed": 0, "by_action": {"release": 3}, "by_reason": {}},
        "declarations": 9, "tampers": 0, "conflicts": 0, "gateways": [gateway, gateway | {"gw": "gw-02"}],
        "visits": {"open": 2, "by_place": {"held": 2}, "open_cases": 1, "joined": 4, "oldest_us": 1_000_000},
        "dwell": dwell, "outturn": [], "raised": {"subjects": 2, "highest_ppm": 90_000}, "expired": {"events": 40},
    }  # fmt: skip
    return told | changes


class Says:
    def __init__(self) -> None:
        self.told: dict[str, Any] | None = numbers()

    def now(self) -> dict[str, Any]:
        if self.told is None:
            raise RuntimeError("told by the test")
        return self.told

    def dwell(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[[Says], Any]]:
    ends: list[Callable[[], None]] = []

    def open_page(source: Says) -> Any:
        port = free_port()
        server = AppServer(
            create_page(source, Path("/nowhere"), lambda _: True, "127.0.0.1", port), "127.0.0.1", port
        )
        url = server.start()
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        ends.extend((page.close, server.stop))
        page.goto(url)
        page.wait_for_selector("body[data-shown]")
        return page

    yield open_page
    for end in ends:
        end()


def text(page: Any, wanted: str) -> str:
    return str(page.locator(f"#{wanted}").inner_text())


def test_the_numbers_are_shown_and_nothing_is_asked_of_another_host(opened: Callable[[Says], Any]) -> None:
    page = opened(Says())

    assert (text(page, "events"), text(page, "p50"), text(page, "p99")) == ("12,345", "3.2 ms", "25 ms")
    assert text(page, "link") == "broker connected"
    assert "1,200" in text(page, "gateways")
    assert "1.5 min" in text(page, "dwell")
    assert "90.0 % to 100.0 %" in text(page, "dwell")
    assert "4 joined across gateways, the oldest opened 60 s ago" in text(page, "joined")
    assert all(url.startswith("http://127.0.0.1:") for url in page.asked)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.evaluate("document.documentElement.scrollHeight") <= 800


def test_text_from_outside_is_never_markup(opened: Callable[[Says], Any]) -> None:
    page = opened(Says())

    assert NASTY in text(page, "dwell")
    assert NASTY in text(page, "rejected")
    assert page.title() == "Coordinator"
    assert page.locator("main img").count() == 0


def test_what_is_wrong_stands_out(opened: Callable[[Says], Any]) -> None:
    source = Says()
    gateway = numbers()["gateways"][0] | {"missing": 3, "quarantined": True}
    alerts = numbers()["dwell"] | {"parity_alerts": ["size_class micro (tier standard): inspected"]}
    row = {"mawb": "232-1", "tallies": False, "manifested": 5, "seen": 4, "awaited": 0, "short": 1, "over": 0,
           "damaged": 0, "open_cases": 0}  # fmt: skip
    source.told = numbers(
        gateways=[gateway], tampers=1, connected=False, rule_pack=None, dwell=alerts, outturn=[row]
    )
    page = opened(source)

    bad = [one.strip() for one in page.locator(".bad:visible").all_inner_texts()]
    assert {"no broker", "none in force: everything is held", "quarantined", "3", "1"} <= set(bad)
    assert any(one.startswith("Parity: size_class micro") for one in bad)
    assert page.locator("#outturn .bad").all_inner_texts() == ["1"]
    hidden = "[...document.querySelectorAll('section')].filter((card) => card.scrollWidth > card.clientWidth).length"
    assert page.evaluate(hidden) == 0


@pytest.mark.parametrize("wide", [640, 1024, 1280, 1920])
def test_nothing_is_cut_on_any_screen(opened: Callable[[Says], Any], wide: int) -> None:
    source = Says()
    gateway = numbers()["gateways"][0] | {"missing": 3, "quarantined": True}
    reasons = {"offline_default": 4_000, "value_over_lane": 12, "voucher_elsewhere": 1}
    decisions = {"given": 3, "owed": 0, "by_action": {"recirculate": 3_000}, "by_reason": reasons}
    row = {"mawb": "232-12345675", "tallies": False, "manifested": 5_000, "seen": 4_000, "awaited": 900, "short": 100,
           "over": 3, "damaged": 1, "open_cases": 2}  # fmt: skip
    source.told = numbers(gateways=[gateway], decisions=decisions, outturn=[row])
    page = opened(source)
    page.set_viewport_size({"width": wide, "height": 800})

    cut = """[...document.querySelectorAll('section')].filter((card) => card.scrollWidth > card.clientWidth)
      .map((card) => card.textContent.trim().slice(0, 20))"""
    assert page.evaluate(cut) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= wide


def test_a_full_disk_is_said_in_the_place_of_the_broker(opened: Callable[[Says], Any]) -> None:
    source = Says()
    source.told = numbers(connected=False) | {"disk_full": True}
    page = opened(source)

    assert text(page, "link") == "disk full: nothing is taken"
    assert "bad" in str(page.locator("#link").get_attribute("class"))


def test_a_coordinator_that_does_not_answer_is_said(opened: Callable[[Says], Any]) -> None:
    source = Says()
    page = opened(source)
    source.told = None

    page.wait_for_selector("#age.bad")
    assert text(page, "age").startswith("not answering since")
    assert "as old" in text(page, "age")
    source.told = numbers()
    page.wait_for_selector("#age:not(.bad)")
    assert page.locator("body.old").count() == 0


def test_a_page_that_was_never_answered_does_not_count_the_seconds_since_1970(browser: Any) -> None:
    page = browser.new_page()
    page.route("**/figures.json", lambda route: route.fulfill(status=503, body="full"))
    server = AppServer(
        create_page(Says(), Path("/nowhere"), lambda _: True, "127.0.0.1", port := free_port()),
        "127.0.0.1",
        port,
    )
    page.goto(server.start())
    page.wait_for_selector("#age.bad")

    assert text(page, "age") == "not answering since this page was opened: it refuses (503)"
    page.close()
    server.stop()
