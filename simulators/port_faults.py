"""Parts of `hub campaign faults` about the gateway's own machine: a full disk, a scanner that is pulled, many lines at
once.
"""

import time
from typing import Any, Final

from simulators.fault_trial import Trial

FULL_S: Final = (1.0, 4.0)
FREE_S: Final = 2.0
TOLD_S: Final = 30.0
LINES: Final = 100
"""In one write: 20 times 5, a scanner that empties its memory."""
OPEN_S: Final = 10.0
NO_PORT: Final = {"open": False, "openings": 0, "frames": 0}
RECORDED_S: Final = 10.0


def disk_full(trial: Trial) -> None:
    """The journal's file system is filled to its last block under load, and emptied after a while. Every second time
    the gateway is killed on the full disk and started again there."""
    hub, disk = trial.hub, trial.disk
    assert disk is not None, "this part's hub is made with one"
    for number in range(trial.sizes.fills):
        time.sleep(FREE_S)
        trial.count("times")
        disk.fill()
        trial.load.wait(lambda: trouble(trial) is not None, "the gateway says that its disk is full", TOLD_S)
        disk.fill()  # what the ballast left
        if number % 2:
            assert hub.gateway is not None
            hub.kill(hub.gateway)
            trial.count("killed_on_the_full_disk")
            hub.start_gateway()
        time.sleep(trial.rng.uniform(*FULL_S))
        disk.free()
        before = trial.load.progress().journalled
        trial.longest(
            "longest_until_it_works_again_s",
            trial.load.wait(
                lambda before=before: trial.load.progress().journalled > before and trouble(trial) is None,  # type: ignore[misc]
                "events are written again once there is room",
                TOLD_S,
            ),
        )


def trouble(trial: Trial) -> str | None:
    """What the gateway's page says of its journal; None also while it has no page."""
    told = _figures(trial).get("journal_trouble")
    return None if told is None else str(told)


def bursts(trial: Trial) -> None:
    """A hundred labels in one write at one bench, again and again: each line is read, and journalled or rejected."""
    trial.load.end_load()
    trial.hub.wait_until_ready()
    benches = trial.hub.load.benches
    before = _lines(trial)
    for _ in range(trial.sizes.bursts):
        trial.hub.load.burst(trial.rng.randrange(benches), LINES)
        time.sleep(0.2)
    written = trial.sizes.bursts * LINES
    trial.count("writes", trial.sizes.bursts)
    trial.count("lines_written", written)
    trial.load.wait(lambda: _lines(trial) - before >= written, "every line of the bursts is read", RECORDED_S)
    trial.count("lines_read", _lines(trial) - before)
    balance = trial.hub.figures()["balance"]
    trial.count("of_them_rejected", sum(balance["readings"]["rejected"].values()))
    if balance["holds"] is not True:
        trial.fault(f"the balance does not add up: {balance}")


def replug(trial: Trial) -> None:
    """A scanner's cable is pulled and put back; what is scanned once its port is open again is journalled."""
    benches = trial.hub.load.benches
    for _ in range(trial.sizes.replugs):
        bench = trial.rng.randrange(benches)
        openings = _port(trial, bench)["openings"]
        trial.hub.load.replug(bench)
        trial.count("times")
        took_s = trial.load.wait(
            lambda bench=bench, openings=openings: _is_open_again(trial, bench, openings),  # type: ignore[misc]
            f"the scanner of bench {bench} is open again", OPEN_S,
        )  # fmt: skip
        trial.longest("longest_until_open_again_s", took_s)
    trial.load.end_load()
    trial.hub.wait_until_ready()
    before = [_port(trial, bench)["frames"] for bench in range(benches)]
    for bench in range(benches):
        trial.hub.load.scan(bench)

    def read() -> int:
        return sum(_port(trial, bench)["frames"] > before[bench] for bench in range(benches))

    trial.load.wait(lambda: read() == benches, "every scanner is read in the end", RECORDED_S)
    trial.count("scanners", benches)
    trial.count("scanners_read_in_the_end", read())


def _is_open_again(trial: Trial, bench: int, openings: int) -> bool:
    port = _port(trial, bench)
    return bool(port["open"]) and port["openings"] > openings


def _lines(trial: Trial) -> int:
    """Lines that all scanners have sent, as the gateway counts them."""
    ports = _figures(trial).get("ports", [])
    return sum(port["frames"] for port in ports if str(port["device"]).startswith("scan-"))


def _port(trial: Trial, bench: int) -> dict[str, Any]:
    ports = _figures(trial).get("ports", [])
    return next((port for port in ports if port["device"] == f"scan-{bench}"), NO_PORT)


def _figures(trial: Trial) -> dict[str, Any]:
    try:
        return trial.hub.figures()
    except OSError:
        return {}
