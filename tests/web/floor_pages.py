"""A floor page in a browser for tests, with its gateway's source, and whether all of its text has room."""

from dataclasses import dataclass, replace
from typing import Any

from web_views import Says

from edge.core.snapshot import BenchView, LineView
from edge.web.feed import Feed
from edge.web.serve import WebServer
from hub_config.names import Instant

SIZES = {"wide": (1920, 1080), "small": (1280, 800), "tablet": (1024, 768)}

# Every visible piece of text with its rectangle and the box that it must stay inside.
TEXTS = """() => {
  const found = [];
  for (const element of document.querySelectorAll('main *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.matches('title, noscript') || !element.checkVisibility()) continue;
    const box = element.closest('.lane')?.querySelector('rect') ??
      element.closest('.bench, .queue, .line, .foot, .top, td');
    const range = document.createRange();
    range.selectNodeContents(element);
    const rect = element.closest('svg') ? element.getBoundingClientRect() : range.getBoundingClientRect();
    const room = (box ?? document.body).getBoundingClientRect();
    found.push({ text: element.textContent, inCell: element.closest('td') !== null,
      rect: [rect.left, rect.top, rect.right, rect.bottom], box: [room.left, room.top, room.right, room.bottom] });
  }
  return found;
}"""


@dataclass
class Floor:
    """A floor page, its gateway's source, and what it asked the network for."""

    page: Any
    source: Says
    feed: Feed
    server: WebServer
    asked: list[str]
    at: int = 0

    def show(self, *lines: LineView, view: BenchView | None = None) -> None:
        """Returns when these lines are on the page."""
        self.at += 1
        self.source.view = view or self.source.view  # first: the page is waited for by its lines
        self.source.lines = tuple(replace(line, at=Instant(line.at + self.at)) for line in lines)
        self.feed.notify()
        for line in self.source.lines:
            self.page.wait_for_selector(f"[data-line={line.line}][data-at='{line.at}']")

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(f"{selector}:visible").all_text_contents()]


def check_room(page: Any, where: str, *, scrolls: bool = False) -> None:
    width, height = page.evaluate("[innerWidth, innerHeight]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, where
    if not scrolls:
        assert page.evaluate("document.documentElement.scrollHeight") <= height, where
    for text in page.evaluate(TEXTS):
        (left, top, right, bottom), box = text["rect"], text["box"]
        inside = left >= box[0] - 1 and top >= box[1] - 4 and right <= box[2] + 1 and bottom <= box[3] + 4
        assert inside or text["inCell"], f"{where}: {text['text']!r} leaves its box: {text['rect']} in {box}"
