"""Parts of `hub campaign faults` about the road to the coordinator: cut, hung, away, forgetful, or asked for by two."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from simulators.fault_trial import Trial
from simulators.hub_under_load import LOOK_S

BETWEEN_S: Final = 1.0
DOWN_S: Final = (0.0, 0.6)
TWIN_S: Final = 30.0
"""A second gateway has refused by then: import, probe, the sentence."""
EXIT_REFUSED: Final = 1
MIB: Final = 1_048_576


def link_cut(trial: Trial) -> None:
    """The gateway's cable, silently: neither end gets a reset or sees its card go down."""
    link = trial.link
    assert link is not None, "this part's hub is made with one"
    for silence_s in trial.sizes.silences_s:
        _silence(trial, silence_s, link.cut, link.mend)


def broker_hangs(trial: Trial) -> None:
    """SIGSTOP: its kernel still accepts connections and confirms bytes, and nothing comes back."""
    pid = trial.hub.broker.pid
    assert pid is not None, "it runs since the hub was made"
    for silence_s in trial.sizes.silences_s:
        _silence(trial, silence_s, lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT))


def _silence(trial: Trial, silence_s: float, begin: Callable[[], None], end: Callable[[], None]) -> None:
    time.sleep(BETWEEN_S)
    before = trial.load.progress().journalled
    begin()
    try:
        _last(trial, silence_s)
    finally:
        end()
    left = trial.load.progress()
    trial.count("times")
    trial.count("seconds", silence_s)
    trial.count("events_meanwhile", left.journalled - before)
    _catch_up(trial, left.journalled, silence_s)


def broker_gone(trial: Trial) -> None:
    """SIGKILL, and nothing in its place for so long, while the scans go on; then its store is as it was."""
    assert trial.hub.gateway is not None
    pid, gone_s = trial.hub.gateway.pid, trial.sizes.gone_s
    time.sleep(BETWEEN_S)
    before = trial.load.progress().journalled
    trial.count("gateway_mib_before", rss_mib(pid))
    trial.hub.broker.kill()
    _last(trial, gone_s)
    trial.hub.broker.restart()
    left = trial.load.progress()
    trial.count("seconds", gone_s)
    trial.count("events_meanwhile", left.journalled - before)
    trial.count("gateway_mib_at_the_end_of_it", rss_mib(pid))
    _catch_up(trial, left.journalled, gone_s)
    trial.count("gateway_mib_after", rss_mib(pid))


def store_wiped(trial: Trial) -> None:
    """SIGKILL, its folder deleted, and a start with nothing: no session, no retained message, no queue."""
    for _ in range(trial.sizes.wipes):
        time.sleep(BETWEEN_S)
        trial.hub.broker.kill()
        time.sleep(trial.rng.uniform(*DOWN_S))
        trial.hub.broker.restart(wipe=True)
        trial.count("times")
        trial.load.check_alive()


def twin(trial: Trial) -> None:
    """Another computer with a copy of this gateway's key and config, but its own ports and journal, is switched on."""
    hub = trial.hub
    assert hub.gateway is not None
    first = hub.gateway.pid
    connected = _connections(trial)
    for number in range(trial.sizes.twins):
        time.sleep(BETWEEN_S)
        before = trial.load.progress().acknowledged
        second = _second_gateway(trial, number)
        trial.count("times")
        if second.returncode != EXIT_REFUSED or "another gateway" not in second.stderr:
            trial.fault(f"the second gateway ended with {second.returncode}: {second.stderr[-500:]}")
        else:
            trial.count("refused")
        if trial.load.progress().acknowledged <= before:
            trial.fault("the first gateway got no acknowledgement while a second asked for its name")
    if hub.gateway.pid != first or _connections(trial) != connected:
        trial.fault("the first gateway lost its connection to a second one")
    trial.count("connections_lost_by_the_first", _connections(trial) - connected)


def _second_gateway(trial: Trial, number: int) -> "subprocess.CompletedProcess[str]":
    words = trial.hub.second_gateway(trial.hub.folder / f"twin-{number}")
    return subprocess.run(words, capture_output=True, text=True, timeout=TWIN_S, check=False)


def _connections(trial: Trial) -> int:
    return (trial.hub.folder / "gateway.log").read_text(errors="replace").count("connected to broker")


def _last(trial: Trial, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(min(LOOK_S, max(0.0, until - time.monotonic())))
        trial.load.check_alive()


def _catch_up(trial: Trial, through: int, outage_s: float) -> None:
    """Beside the load, which goes on."""
    took_s = trial.load.wait(
        lambda: trial.load.progress().acknowledged >= through,
        f"what was journalled in {outage_s:g} s without the coordinator is acknowledged",
        trial.limit_s(outage_s),
    )
    trial.longest("longest_until_caught_up_s", took_s)


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / MIB
    return 0.0
