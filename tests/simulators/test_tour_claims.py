"""Chapters over a hub that does not do what they claim: each says so, and none stands still."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from byte_line import one_line

from hub_config.names import Instant
from simulators.demo_hub import DemoHub, Gone
from simulators.parcels import stream
from simulators.tour import play as playing
from simulators.tour.close_pair import arranged
from simulators.tour.fault_chapters import broker_stopped, code_asked, gateway_killed
from simulators.tour.look import BodyNow, Books, Look
from simulators.tour.parcel_chapters import close_pair, scale_unplugged
from simulators.tour.play import ClaimFailed, Play
from simulators.tour.stage import Stage

CONFIG = one_line()
LINE = CONFIG.lines[0]
PARCELS, PAIRS = arranged(1, stream(1, 60), [(21, 22)])
BAD = next(one.number for one in PARCELS if not one.releasable)
GOOD = next(one.number for one in PARCELS if one.releasable and one.number > BAD)


class Hub:
    """Tells what `looks` gives, after what was done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.parcels = PARCELS
        self.gateway_data = self.coordinator_database = Path("nowhere")
        self.line = SimpleNamespace(conveyor=SimpleNamespace(line=LINE, bodies=[]))
        self.hub = SimpleNamespace(
            config=SimpleNamespace(
                lines=CONFIG.lines, benches=(SimpleNamespace(scale="scale-1"),), device=CONFIG.device
            )
        )
        self.devices = SimpleNamespace(
            ask=lambda question: question(), unplug=self._note("unplug"), replug=self._note("replug")
        )
        self.broker = SimpleNamespace(stop=self._note("stop"), restart=self._note("restart"))
        self.kill_gateway, self.start_gateway = self._note("kill"), self._note("start")

    def _note(self, what: str) -> Callable[..., None]:
        return lambda *_: self.done.append(what)

    def check_alive(self) -> None: ...
    def write_truth(self) -> None: ...


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def play_of(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Callable[[], Look]], Play]:
    def made(looks: Callable[[], Look]) -> Play:
        clock = [0.0]

        def wait(seconds: float) -> bool:
            clock[0] += seconds
            return False

        monkeypatch.setattr(playing, "look", lambda _: looks())
        stage = Stage(["only"])
        stage.begin(0, "")
        return Play(cast(DemoHub, hub), stage, PAIRS, 0.1, lambda: clock[0], wait, folder=tmp_path)

    return made


def body(number: int, lane: str | None, **more: Any) -> BodyNow:
    return BodyNow(number, f"code-{number}", 4_000_000, 160_000, lane, lane, None, Instant(1), **more)


def page(bench: str = "ready", device: str | None = None, *, coordinator: bool = True) -> dict[str, Any]:
    view = {"state": bench, "device": device, "bay": None, "instruction": "call_it"}
    return {"benches": [view], "lines": [], "link": {"coordinator": coordinator}}


PlayOf = Callable[[Callable[[], Look]], Play]


def without_broker(hub: Hub, lane: str) -> Callable[[], Look]:
    """From the second look on, five parcels have entered and gone there; nothing is acknowledged any more."""
    seen: list[int] = []

    def looks() -> Look:
        seen.extend([1] * ("stop" in hub.done))
        later = tuple(body(number, lane) for number in range(30, 35)) if len(seen) > 1 else ()
        return Look(page(), (body(20, None), *later), (), Books(9, 4, 4))

    return looks


def test_a_release_without_a_broker_fails_its_chapter(play_of: PlayOf, hub: Hub) -> None:
    with pytest.raises(ClaimFailed, match="released without a broker: 30, 31, 32, 33, 34"):
        broker_stopped(play_of(without_broker(hub, "green")))


def test_a_backlog_that_stays_fails_its_chapter(play_of: PlayOf, hub: Hub) -> None:
    with pytest.raises(ClaimFailed, match="the end of the backlog did not come"):
        broker_stopped(play_of(without_broker(hub, "hold")))
    assert hub.done == ["stop", "restart"]


@pytest.mark.parametrize(("number", "wrong"), [(BAD, True), (GOOD, False)])
def test_a_parcel_released_by_a_killed_gateway_must_be_one_that_may(
    play_of: PlayOf, hub: Hub, number: int, wrong: bool
) -> None:
    cleared = {"state": "release", "code": "CODE", "reasons": [], "in_doubt": []}

    def looks() -> Look:
        gone = hub.done[-1:] == ["start"]
        bodies = [body(number, "green" if gone else None, item=cleared)]
        bodies += [body(other, "hold" if gone else None) for other in (101, 102, 103)]
        told = None if hub.done == ["kill"] else page()
        return Look(told, tuple(bodies), (Gone(number, "green", "G9"),) if gone else (), Books(9, 9, 9))

    play = play_of(looks)
    if wrong:
        with pytest.raises(ClaimFailed, match=f"released wrongly: {number}"):
            gateway_killed(play)
    else:
        assert "1 released, 0 wrongly" in gateway_killed(play)
    assert play.asked == "CODE"


def test_a_bench_that_goes_on_without_its_scale_fails_the_chapter(play_of: PlayOf) -> None:
    with pytest.raises(ClaimFailed, match="a word that scale-1 is away did not come"):
        scale_unplugged(play_of(lambda: Look(page(), (), (), Books())))


def test_a_parcel_without_a_weight_fails_the_chapter(play_of: PlayOf) -> None:
    gone: list[Gone] = []

    def looks() -> Look:
        gone.append(Gone(len(gone) + 1, "green", "G1"))
        return Look(page("fault", "scale-1"), (), tuple(gone), Books())

    with pytest.raises(ClaimFailed, match="a parcel left the bench without a scale"):
        scale_unplugged(play_of(looks))


def test_a_pair_of_which_one_is_released_fails_the_chapter(play_of: PlayOf) -> None:
    bodies = (body(21, "hold"), body(22, "green"))

    with pytest.raises(ClaimFailed, match="the two parcels went to hold and green, not both to hold"):
        close_pair(play_of(lambda: Look(page(), bodies, (), Books())))


def test_pairs_without_rivals_fail_the_chapter(play_of: PlayOf) -> None:
    bodies = (body(21, "hold"), body(22, "hold"))

    with pytest.raises(ClaimFailed, match="of 1 pairs the gateway told no rivals"):
        close_pair(play_of(lambda: Look(page(), bodies, (), Books())))


def test_without_a_cleared_parcel_there_is_nothing_to_ask(play_of: PlayOf) -> None:
    with pytest.raises(ClaimFailed, match="no parcel with a release"):
        code_asked(play_of(lambda: Look(page(), (), (), Books())))
