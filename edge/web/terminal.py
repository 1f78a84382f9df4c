"""The hub as a table in a terminal, drawn from the same page state as the pages (`edge.web.state`).

A line is a strip of text to scale: its parts above, the parcels as marks on it, the lanes below. A terminal that knows
ASCII only gets marks it can show. Needs rich, which is imported only when something is drawn.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub_config.i18n import texts

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table
    from rich.text import Text

PageState = Mapping[str, Any]
FloorLayout = Mapping[str, Any]

STRIP_MIN: Final = 40
"""Characters of a belt's strip, at least; a narrower terminal cuts it."""
STRIP_MAX: Final = 200
REASONS_MAX: Final = 2
QUEUE_ROWS: Final = 6
UNKNOWN_LENGTH_UM: Final = 10_000_000
"""Of a belt whose layout is not known, at least."""
MICROMETRES: Final = 1_000_000

STYLES: Final = {
    "release": "black on green",
    "hold": "black on yellow",
    "ask": "black on yellow",
    "inspect": "white on blue",
    "fault": "bold white on red",
    "jam": "bold white on red",
    "stray": "white on bright_black",
}
"""ST-04 in the colours that every terminal has. Any other state is plain."""
MARKS: Final = {
    "measuring": "□",
    "asking": "…",
    "release": "✓",
    "hold": "‖",
    "inspect": "◆",
    "ask": "!",
    "stray": "?",
}
"""Not by colour alone."""
ASCII_MARKS: Final = {**MARKS, "measuring": "o", "asking": ".", "release": "v", "hold": "=", "inspect": "#"}


@dataclass(frozen=True, slots=True)
class HubTable:
    """What rich draws; the width is the terminal's."""

    state: PageState
    layout: FloorLayout
    words: Mapping[str, str]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "Iterator[RenderableType]":
        from rich.rule import Rule
        from rich.text import Text

        state = self.state
        title = f"{state['hub']} · {state['gateway']}"
        if state["mode"] != "live":
            title += " · " + self.words[f"page.{state['mode']}"]
        yield Rule(Text(title, "bold"), style="dim")
        if state["benches"]:
            yield self._benches()
        for view in state["lines"]:
            yield Text()
            yield from self._line(view, options.max_width, ascii_only=options.ascii_only)
        if state["queue"]["places"]:
            yield Text()
            yield self._queue()
        yield Text()
        yield self._books()

    def _benches(self) -> "Table":
        table = _table(
            "", "", "", self.words["floor.parcel"], self.words["floor.mass"], self.words["fact.bay"]
        )
        names = {bench["id"]: bench["name"] for bench in self.layout.get("benches", ())}
        for view in self.state["benches"]:
            where = {"bay": _or_dash(view["bay"]), "device": _or_dash(view["device"])}
            table.add_row(
                _plain(names.get(view["bench"], view["bench"]), "bold"),
                _badge(self.words[f"state.{view['state']}"], view["state"]),
                _plain(self.words[f"instruction.{view['instruction']}"].format(**where)),
                _plain(_or_dash(view["code"])),
                _plain(kilograms(view["mass_mg"]), justify="right"),
                _plain(_or_dash(view["bay"]), "bold"),
            )
        return table

    def _queue(self) -> "Table":
        """Which held parcels are brought back next."""
        words = self.words
        table = _table(
            words["queue.title"],
            words["fact.bay"],
            words["queue.slack"],
            words["queue.turn"],
            words["queue.reason"],
        )
        for place in self.state["queue"]["places"][:QUEUE_ROWS]:
            owner, _, agency = (place["waits_for"] or "hub").partition(":")
            table.add_row(
                _plain(place["code"] + (f" {words['queue.relief']}" if place["tier"] == "relief" else "")),
                _plain(_or_dash(place["bay"]), "bold"),
                _plain(f"{place['slack_s'] // 60} min", justify="right"),
                _plain(f"{words.get(f'queue.{owner}', owner)} {agency}".rstrip()),
                _plain("" if place["reason"] is None else words[f"reason.{place['reason']}"]),
            )
        return table

    def _line(self, view: PageState, width: int, *, ascii_only: bool) -> "Iterator[RenderableType]":
        yield self._line_head(view)
        yield from self._notices(view)
        yield from BeltStrip(view, self._layout_of(view), width, ascii_only=ascii_only).rows()
        table = _table("", self.words["fact.bay"], "", self.words["floor.last"], self.words["floor.reason"])
        for lane in view["lanes"]:
            table.add_row(
                _plain(self.words.get(f"lane.{lane['lane']}", self.words["floor.recirculate"])),
                _plain(lane["bay"], "bold"),
                _plain(str(lane["count"]), justify="right"),
                _plain(_or_dash(lane["code"])),
                _plain(", ".join(self.words[f"reason.{one}"] for one in lane["reasons"][:REASONS_MAX])),
            )
        yield table

    def _line_head(self, view: PageState) -> "Text":
        from rich.text import Text

        head = Text()
        head.append(f"{self._layout_of(view).get('name', view['line'])}  ", "bold")
        head.append_text(_badge(self.words[f"line.{view['state']}"], view["state"]))
        speed = f"{view['speed_um_s'] / MICROMETRES:.2f} m/s" if view["board"] == "ready" else _or_dash(None)
        board = self.words[f"board.{view['board']}"]
        head.append(f"  {speed}  {board}  {len(view['items'])} {self.words['floor.on_belt']}")
        return head

    def _notices(self, view: PageState) -> "Iterator[Text]":
        for kind, name in view["wrong"]:
            yield _badge(self.words[f"floor.{kind}"].format(device=name), "fault")
        if view["trouble"]:
            yield _badge(self.words["floor.trouble"], "fault")
        if view["network_away"]:
            yield _badge(self.words["floor.network_away"], "asking")

    def _layout_of(self, view: PageState) -> FloorLayout:
        for line in self.layout.get("lines", ()):
            if line["id"] == view["line"]:
                found: FloorLayout = line
                return found
        return {}

    def _books(self) -> "Table":
        """What must add up, and beside it what only a simulator can know."""
        from rich.table import Table

        state, words = self.state, self.words
        balance, events = state["balance"], state["events"]
        books = _table("", "", "")
        rejected = sum(balance["rejected"].values())
        _add_sum(books, words, "balance_reads", (balance["read"], balance["journalled"], rejected))
        parts = (events["journalled"], events["acknowledged"], events["pending"])
        _add_sum(books, words, "balance_events", parts)
        share, dwell = state["share_ppm"], state["dwell_s"]
        shown = _or_dash(None) if share is None else f"{share // 1000 / 10:.1f} %"
        books.add_row(words["truth.share"], _plain(shown, "bold"), "")
        shown = _or_dash(None) if dwell is None else f"{dwell['p50']:.1f} s"
        books.add_row(words["truth.dwell"], _plain(shown, "bold"), words["truth.dwell_target"])
        alone = state["offline"]
        cap = words["truth.offline_cap"].format(
            parcels=alone["parcels_year"], cap=alone["cap_year_ppm"] / 10_000
        )
        level = words[f"truth.offline_{alone['level']}"]
        books.add_row(words["truth.offline"], _plain(str(alone["released_year"]), "bold"), f"{level} ({cap})")
        truth = _table("", "")
        for key, count in (state["truth"] or {}).items():
            wrong = count is not None and count > 0
            truth.add_row(
                words.get(f"truth.{key}", key),
                _plain(_or_dash(count), "bold white on red" if wrong else "bold"),
            )
        both = Table.grid(padding=(0, 4))
        both.add_row(books, truth)
        return both


class BeltStrip:
    """A belt in a few rows of text, position-scaled."""

    def __init__(self, view: PageState, layout: FloorLayout, width: int, *, ascii_only: bool) -> None:
        self._view = view
        self._layout = layout
        self._wide = min(STRIP_MAX, max(STRIP_MIN, width - 1))
        self._ascii = ascii_only
        reach = max((item["front_um"] for item in view["items"]), default=0)
        self._length_um = int(layout.get("length_um", max(UNKNOWN_LENGTH_UM, reach)))

    def rows(self) -> "Iterator[Text]":
        """Names of parts; ends of codes; the belt."""
        from rich.text import Text

        parts = [(one["position_um"], one["id"]) for one in self._layout.get("beams", ())]
        parts += [(one["position_um"], one["id"]) for one in self._layout.get("diverters", ())]
        scale = self._layout.get("scale")
        above = [(one["position_um"], one["device"]) for one in self._layout.get("readers", ())]
        if scale is not None:
            above.append((scale["position_um"], scale["device"]))
        if above:
            yield Text(self._labels(above), "dim", no_wrap=True, overflow="crop")
        yield Text(self._labels(self._parcels()), "bold", no_wrap=True, overflow="crop")
        yield self._belt()
        if parts:
            yield Text(self._labels(parts), "dim", no_wrap=True, overflow="crop")

    def _parcels(self) -> "Iterator[tuple[int, str]]":
        """Where each is, and where it is to go."""
        bays = {lane["lane"]: lane["bay"] for lane in self._view["lanes"]}
        arrow = ">" if self._ascii else "→"
        for item in self._view["items"]:
            to = "" if item["lane"] is None else f"{arrow}{bays.get(item['lane'], item['lane'])}"
            yield _centre_um(item), f"{tail(item['code'])}{to}"

    def _at(self, position_um: int) -> int:
        return min(self._wide - 1, max(0, position_um * self._wide // self._length_um))

    def _labels(self, wanted: Iterable[tuple[int, str]]) -> str:
        """Each centred at its place; one that would touch another is left out."""
        row = [" "] * self._wide
        for position_um, label in wanted:
            start = min(max(0, self._at(position_um) - len(label) // 2), max(0, self._wide - len(label)))
            around = row[max(0, start - 1) : start + len(label) + 1]
            if all(sign == " " for sign in around):
                row[start : start + len(label)] = label
        return "".join(row[: self._wide]).rstrip()

    def _belt(self) -> "Text":
        from rich.text import Text

        signs = ["-" if self._ascii else "─"] * self._wide
        styles = ["dim"] * self._wide
        for reader in self._layout.get("readers", ()):
            low, high = (reader["position_um"] + way * reader["window_um"] for way in (-1, 1))
            for at in range(self._at(low), self._at(high) + 1):
                signs[at] = ":" if self._ascii else "░"
        for beam in self._layout.get("beams", ()):
            signs[self._at(beam["position_um"])] = "|" if self._ascii else "┼"
        for diverter in self._layout.get("diverters", ()):
            at = self._at(diverter["position_um"])
            signs[at] = "\\" if self._ascii else "╲"
            styles[at] = "bold" if self._is_ordered(diverter) else "dim"
        marks = ASCII_MARKS if self._ascii else MARKS
        for item in reversed(self._view["items"]):
            for at in range(self._at(item["rear_um"]), self._at(item["front_um"]) + 1):
                signs[at] = marks.get(item["state"], "?")
                styles[at] = STYLES.get(item["state"], "reverse")
        belt = Text(no_wrap=True, overflow="crop")
        for sign, style in zip(signs, styles, strict=True):
            belt.append(sign, style)
        return belt

    def _is_ordered(self, diverter: FloorLayout) -> bool:
        return any(item["ordered"] and item["lane"] == diverter["lane"] for item in self._view["items"])


def hub_table(state: PageState, layout: FloorLayout | None = None, lang: str = "en") -> HubTable:
    """`layout`: `/layout.json` of the same gateway; without it belts have no parts, and names are ids."""
    return HubTable(state, layout or {}, texts(lang))


def tail(code: str | None) -> str:
    """The last four digits, which staff compare; a dash for a parcel without a code."""
    if code is None:
        return "–"
    code = visible(code)
    return code.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")[-4:] or code[-4:]


def kilograms(mass_mg: int | None) -> str:
    return _or_dash(None) if mass_mg is None else f"{mass_mg / MICROMETRES:.3f} kg"


def visible(value: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in value)


def _centre_um(item: PageState) -> int:
    both = int(item["front_um"]) + int(item["rear_um"])
    return both // 2


def _or_dash(value: object) -> str:
    return "–" if value is None else str(value)


def _table(*heads: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=any(heads), header_style="dim")
    for head in heads:
        table.add_column(head)
    return table


def _plain(value: str, style: str = "", **options: Any) -> "Text":  # noqa: ANN401 - those of rich's Text
    """Text from outside is never read as markup, nor obeyed by the terminal."""
    from rich.text import Text

    return Text(visible(value), style, **options)


def _badge(word: str, state: str) -> "Text":
    return _plain(f" {word} ", STYLES.get(state, "reverse" if state in ("asking", "measuring") else "bold"))


def _add_sum(table: "Table", words: Mapping[str, str], key: str, parts: tuple[int, int, int]) -> None:
    whole, one, other = parts
    holds = whole == one + other
    style = "bold" if holds else "bold white on red"
    table.add_row(
        words[f"truth.{key}"],
        _plain(f"{whole} = {one} + {other}", style),
        _plain(words["truth.holds" if holds else "truth.broken"], "" if holds else style),
    )
