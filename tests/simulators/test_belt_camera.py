"""A camera over the simulated belt: when its pictures come, what the truth counts as seen, and its example."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from drivers.transports import worker_port
from edge.commands import EXIT_WRONG_USE
from hub_config.load import check, load
from hub_config.names import MILLISECOND, DeviceId, Instant
from simulators.belt_camera import DRAWS_MAX, LATE_NS, BeltCamera, camera_of
from simulators.bodies import Body
from simulators.commands import demo
from simulators.conveyor import Conveyor
from simulators.line_faults import LineFault
from simulators.parcels import LabelCode, Parcel, stream
from simulators.practice import CAMERA_EXAMPLE, EXAMPLE
from simulators.world import World

HUB: Final = load(CAMERA_EXAMPLE)
LINE: Final = HUB.lines[0]
PARCELS: Final = stream(1, 6)
CAMERA_UM: Final = 1_900_000
UM_PER_MS: Final = 1_500
TORN: Final = Parcel(1, "torn", 500_000, items=(), extras=(), declared=None)


def drawn(codes: Sequence[LabelCode], _seed: int) -> bytes:
    return b"picture of " + b" ".join(code.data.encode() for code in codes)


class WatchedBelt:
    """A belt in simulated time with a camera over it, whose labels are drawn at once, or not at all."""

    def __init__(
        self, folder: Path, parcels: Sequence[Parcel] = PARCELS, *, faults: Mapping[LineFault, int] = {},
        late_ns: int = 0,
    ) -> None:  # fmt: skip
        self.world = World()
        self.folder = folder
        self.conveyor = Conveyor(self.world, LINE, parcels, 1, faults)
        reader = camera_of(HUB, LINE)
        assert reader is not None
        self.camera = BeltCamera(
            self.conveyor, reader, folder, 1, lambda: Instant(self.world.now + late_ns), draw=drawn
        )
        self.taken: dict[int, Instant] = {}
        """Parcels with a picture, and when it came."""
        self.conveyor.feed()

    def run(self, *, draws: bool = True, until_fed: int = 0) -> None:
        """Until all have left, or so many were fed."""
        while True:
            self.camera.look()
            while draws and self.camera.draw_next():
                pass
            if len(self.conveyor.bodies) == until_fed or not self.world.run_next():
                return
            for number in {int(path.stem) for path in self.folder.glob("[0-9]*.png")} - self.taken.keys():
                self.taken[number] = self.world.now

    def seen(self) -> dict[int, set[str]]:
        return {one.parcel.number: {scan.data for scan in one.scans} for one in self.conveyor.bodies}

    def due(self, body: Body) -> int:
        """To the millisecond."""
        return body.starts // MILLISECOND + (CAMERA_UM + body.plan.label_um) // UM_PER_MS


def test_each_picture_comes_when_the_labels_middle_is_under_the_camera(tmp_path: Path) -> None:
    belt = WatchedBelt(tmp_path)
    belt.run()

    assert len(belt.taken) == belt.camera.pictures == len(PARCELS)
    for body in belt.conveyor.bodies:
        assert abs(belt.taken[body.parcel.number] // MILLISECOND - belt.due(body)) <= 1
        picture = tmp_path / f"{body.parcel.number}.png"
        assert picture.read_bytes() == drawn(body.parcel.labels, 0)
    assert len(list(tmp_path.iterdir())) == len(PARCELS)


def test_the_truth_counts_the_codes_of_a_picture_that_was_taken(tmp_path: Path) -> None:
    belt = WatchedBelt(tmp_path, faults={"no_read": 1_000_000})
    belt.run()

    assert belt.seen() == {one.number: {code.data for code in one.labels} for one in PARCELS}


def test_a_torn_label_has_a_picture_and_no_code(tmp_path: Path) -> None:
    belt = WatchedBelt(tmp_path, [TORN])
    belt.run()

    assert (belt.camera.pictures, belt.camera.missed) == (1, 0)
    assert belt.seen() == {1: set()}


def test_a_label_that_is_not_drawn_in_time_is_missed_and_counts_as_unseen(tmp_path: Path) -> None:
    belt = WatchedBelt(tmp_path, faults={"no_read": 1_000_000})
    belt.run(draws=False)

    assert (belt.camera.pictures, belt.camera.missed) == (0, len(PARCELS))
    assert set().union(*belt.seen().values()) == set()
    while belt.camera.draw_next():
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("late_ns", "pictures"), [(LATE_NS, len(PARCELS)), (LATE_NS + 1, 0)])
def test_a_picture_that_would_show_the_label_elsewhere_is_not_taken(
    tmp_path: Path, late_ns: int, pictures: int
) -> None:
    belt = WatchedBelt(tmp_path, faults={"no_read": 1_000_000}, late_ns=late_ns)
    belt.run()

    assert (belt.camera.pictures, belt.camera.missed) == (pictures, len(PARCELS) - pictures)
    assert len(list(tmp_path.iterdir())) == pictures
    assert sum(bool(codes) for codes in belt.seen().values()) == pictures


def test_what_never_comes_under_the_camera_has_no_picture_and_leaves_no_draft(tmp_path: Path) -> None:
    for fault in ("removed", "added"):
        belt = WatchedBelt(tmp_path, stream(1, 30), faults={fault: 1_000_000})  # type: ignore[dict-item]  # two literals
        belt.run()

        camera = belt.camera
        assert 0 < camera.pictures < 30, fault
        assert camera.missed == 0
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
        for path in tmp_path.iterdir():
            path.unlink()


def test_labels_wait_to_be_drawn_up_to_the_bound_and_more_go_without(tmp_path: Path) -> None:
    count = DRAWS_MAX + 4
    belt = WatchedBelt(tmp_path, stream(1, count + 3))
    belt.run(draws=False, until_fed=count)
    assert belt.camera._orders.qsize() == DRAWS_MAX
    belt.run()

    # What had gone by is not drawn any more; of those over the bound nobody knows; the next ones are as ever.
    assert set(belt.taken) >= {count + 1, count + 2, count + 3}
    assert belt.camera.pictures + belt.camera.missed == count + 3
    assert belt.camera.missed >= count - DRAWS_MAX


@pytest.mark.system
def test_the_thread_that_draws_ends_when_it_is_told_to(tmp_path: Path) -> None:
    camera = WatchedBelt(tmp_path).camera
    camera.start()
    assert camera.running

    camera.stop()
    camera.stop()

    assert not camera.running


def test_the_example_with_cameras_is_the_demo_and_a_camera() -> None:
    assert check(CAMERA_EXAMPLE) == []
    plain = load(EXAMPLE)

    line = LINE.model_copy(update={"readers": LINE.readers[:1]})
    devices = tuple(one for one in HUB.devices if one.id != "cam-1")
    assert HUB.model_copy(update={"lines": (line,), "devices": devices}) == plain
    assert camera_of(plain, plain.lines[0]) is None


def test_waiting_for_the_camera_makes_no_parcel_later_than_waiting_for_the_scale() -> None:
    (tunnel, camera) = LINE.readers

    assert (tunnel.device, camera.device) == (DeviceId("tunnel-1"), DeviceId("cam-1"))
    assert LINE.measured_by_um == load(EXAMPLE).lines[0].measured_by_um


def test_without_the_camera_packages_the_demo_says_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker_port, "PACKAGES", ("no_such_decoder",))

    code = demo(["--cameras", "--parcels", "3"])

    assert code == EXIT_WRONG_USE
    assert capsys.readouterr().err == (
        "hub demo: the camera packages are not installed; type ./hub --cameras demo --cameras --parcels 3\n"
    )
