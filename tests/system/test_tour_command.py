"""`hub demo --tour` as a person runs it, in short: every chapter's claim comes true on real parts."""

import json
import re
import subprocess
import sys
from http.client import HTTPConnection
from threading import Thread
from typing import Any

import pytest
from brokers import need

pytestmark = pytest.mark.system

ENDS_WITHIN_S = 240.0
LOOK_S = 0.2


def test_every_chapter_of_the_short_tour_holds_and_its_page_outlives_the_gateway() -> None:
    need("mosquitto")
    command = [sys.executable, "-P", "-u", "-m", "edge.cli", "demo", "--tour", "--pace", "0.1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        address = re.match(r"watch the tour: +http://127\.0\.0\.1:(\d+)/ ", first)
        assert address is not None, first
        said = [first]
        reading = Thread(target=said.extend, args=(process.stdout,))
        reading.start()
        seen = watched(process, int(address[1]))
        reading.join(ENDS_WITHIN_S)
        process.wait(ENDS_WITHIN_S)
    told = "".join(said)

    assert process.returncode == 0, told
    assert re.search(r"^tour: 7 of 7 chapters held; wrong releases 0, lost 0, ", said[-1]), told
    assert {one["drawing"]["kind"] for one in seen} >= {
        "pair",
        "bench",
        "backlog",
        "killed",
        "journal",
        "why",
    }
    assert any(one["drawing"]["data"].get("state") == "killed" for one in seen)
    assert all(one["truth"]["wrong_release"] == 0 for one in seen)


def watched(process: "subprocess.Popen[str]", port: int) -> list[Any]:
    """Every stage that a page would have shown."""
    seen: list[Any] = []
    while process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/stage.json")
            seen.append(json.loads(connection.getresponse().read()))
        except OSError:
            pass  # it has ended
        finally:
            connection.close()
        try:
            process.wait(LOOK_S)
        except subprocess.TimeoutExpired:
            continue
    return seen


def test_the_tour_brings_its_own_parcels() -> None:
    command = [sys.executable, "-P", "-m", "edge.cli", "demo", "--tour", "--parcels", "5"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert told.returncode == 2
    assert "--tour brings its own parcels" in told.stderr
