"""What was tried, by clause of the contract, and how it ended: printed as a table, or as JSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich.console import Console
from rich.table import Table

from simulators.contract.peer import PeerFault

Outcome = Literal["pass", "FAIL", "not seen"]
COLOURS: Final[dict[Outcome, str]] = {"pass": "green", "FAIL": "bold red", "not seen": "yellow"}


@dataclass(frozen=True, slots=True)
class Row:
    clause: str
    what: str
    outcome: Outcome
    detail: str


class Wrong(Exception):  # noqa: N818  (what a check says of the other side)
    """The other side does not do what the contract says."""


class NotSeen(Exception):  # noqa: N818
    """What would be judged did not happen."""


class Results:
    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.ended: str | None = None
        """What kept the kit itself from trying all."""

    @contextmanager
    def check(self, clause: str, what: str) -> Iterator[None]:
        """One row: passed unless the block raises `Wrong` or `NotSeen`. Later checks run either way."""
        try:
            yield
        except Wrong as fault:
            self.rows.append(Row(clause, what, "FAIL", str(fault)))
        except NotSeen as gap:
            self.rows.append(Row(clause, what, "not seen", str(gap)))
        else:
            self.rows.append(Row(clause, what, "pass", ""))

    @contextmanager
    def as_far_as_it_goes(self) -> Iterator[None]:
        """What keeps the kit from going on is told beside what it has found so far."""
        try:
            yield
        except PeerFault as fault:
            self.ended = str(fault)

    @property
    def conforms(self) -> bool:
        return self.ended is None and all(row.outcome != "FAIL" for row in self.rows)

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.ended is not None:
            return f"Not all could be tried: {self.ended}"
        failed = [row for row in self.rows if row.outcome == "FAIL"]
        if failed:
            return f"It does not conform; first: {failed[0].what}: {failed[0].detail}."
        unseen = sum(row.outcome == "not seen" for row in self.rows)
        return "It conforms." if not unseen else f"Nothing fails; {unseen} had nothing to judge."

    def as_json(self) -> dict[str, Any]:
        rows = [
            {"clause": row.clause, "what": row.what, "outcome": row.outcome, "detail": row.detail}
            for row in self.rows
        ]
        return {"conforms": self.conforms, "verdict": self.verdict, "checks": rows}

    def show(self, console: Console, title: str) -> None:
        table = Table(title=title, title_justify="left")
        for column in ("§", "what the contract asks", "outcome", "seen instead"):
            table.add_column(column, overflow="fold")
        for row in self.rows:
            table.add_row(row.clause, row.what, f"[{COLOURS[row.outcome]}]{row.outcome}[/]", row.detail)
        console.print(table)
        counted = {outcome: sum(row.outcome == outcome for row in self.rows) for outcome in COLOURS}
        console.print(", ".join(f"{count} {outcome}" for outcome, count in counted.items() if count))
        console.print(self.verdict, markup=False, highlight=False)


def need(true: bool, instead: str) -> None:
    if not true:
        raise Wrong(instead)
