"""A whole gateway on a disk that fills, and one whose journal has lost its end: what its figures and journal say."""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from edge.app import App
from edge.rim.journal import JOURNAL_FILE, JournalReader
from edge.wire.messages import Ack
from hub_config.hub import HubConfig
from hub_config.load import load
from simulators.broker import free_port

EXAMPLE: Final = Path(__file__).parents[2] / "examples/bench.toml"
PATIENCE_S: Final = 20

pytestmark = pytest.mark.system


@pytest.fixture
def config() -> HubConfig:
    loaded = load(EXAMPLE)
    nobody = loaded.broker.model_copy(update={"port": free_port()})
    web = loaded.web.model_copy(update={"port": free_port()})
    journal = loaded.journal.model_copy(update={"ballast_mib": 2})
    return loaded.model_copy(update={"broker": nobody, "web": web, "journal": journal})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    told = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40m,mode=700", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        pytest.skip(f"no file system of its own: {told.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def until(app: App, true: Callable[[Mapping[str, object]], bool]) -> Mapping[str, object]:
    deadline = time.monotonic() + PATIENCE_S
    while not true(figures := app._pages.figures()):
        assert time.monotonic() < deadline, figures
        time.sleep(0.05)
    return figures


def test_a_gateway_on_a_full_disk_stops_shows_why_and_goes_on_by_itself(
    config: HubConfig, small_disk: Path
) -> None:
    app = App(config, small_disk)
    app.start()
    try:
        until(app, lambda told: told["journal"] == {
            "pruned": 0, "checkpoint": 0, "countersigned": 0, "lost": 0, "ballast": True,
        })  # fmt: skip
        hog = small_disk / "hog"
        hog.write_bytes(b"x" * 38_000_000)
        figures = until(app, lambda told: told["journal_trouble"] is not None)
        assert "under 10 %: nothing moves without evidence; free some space" in str(
            figures["journal_trouble"]
        )
        assert figures["balance"] is not None
        hog.unlink()

        until(app, lambda told: told["journal_trouble"] is None)
    finally:
        assert app.stop() == 0


def test_a_journal_that_lost_its_end_is_put_away_at_the_next_start_and_the_first_event_says_so(
    config: HubConfig, tmp_path: Path
) -> None:
    data = tmp_path / "gateway"
    app = App(config, data)
    app.start()
    app._writer.acknowledge(Ack(1, 7, "ni:///sha-256;x"))
    figures = until(app, lambda told: told["journal_trouble"] is not None)
    assert "the coordinator has acknowledged seq 7 of epoch 1, but" in str(figures["journal_trouble"])
    app.stop()

    again = App(config, data)
    again.start()
    until(again, lambda told: told["events"]["journalled"] >= 1)  # type: ignore[index]
    assert again._pages.figures()["journal"]["lost"] == 7  # type: ignore[index]
    again.stop()

    reader = JournalReader(data / JOURNAL_FILE)
    first = reader.pending(0, 1)[0]
    assert (first.kind, reader.meta.epoch) == ("gateway.mode", 2)
    assert b'"note":{"epoch_before":1,"journal":"begun_anew","lost":7,"untold":0}' in first.body
    reader.close()
    assert (data / "journal-epoch-1-contradicted.db").exists()
