"""The simulated controller, and a line of it through a whole simulated hub."""

from pathlib import Path

import pytest

from drivers.command import Destination
from drivers.conveyors.plc_telegrams import PlcTelegrams
from drivers.reading import BarcodeRead, Discharged, EventsLost, Inducted, NoRead, WeightRead
from edge.rim.trace import replay
from hub_config.load import ConfigFaults, load
from hub_config.names import MILLISECOND, SECOND, DeviceId, Instant
from hub_config.plc import PlcWcsConfig
from simulators.devices.plc import COMMIT_AFTER_NS, Plc, PlcFault
from simulators.devices.plc_wire import HELD_MAX, PlcWire
from simulators.scenario import ScenarioError, find
from simulators.simulate import simulate

EXAMPLE = Path(__file__).parents[2] / "examples/plc.toml"
PLC = DeviceId("plc-1")
LANES = ("GREEN", "HOLD", "XRAY", "MANUAL", "RETURN")


def layout() -> PlcWcsConfig:
    config = load(EXAMPLE).device(PLC)
    assert isinstance(config, PlcWcsConfig)
    return config


class Bench:
    """A controller and the driver, byte for byte, without a line between them."""

    def __init__(self) -> None:
        self.plc = Plc(layout(), LANES, "HOLD")
        self.session = PlcTelegrams(layout())
        self.now = Instant(0)
        self.readings: list[object] = []
        self.session.wake(self.now)

    def until(self, seconds: float, *, host: bool = True) -> "Bench":
        end = Instant(int(seconds * SECOND))
        while self.now < end:
            self.now = Instant(min(end, self.now + 50 * MILLISECOND))
            self.readings += self.session.receive(self.plc.output(self.now), self.now)
            if self.session.wake_at is not None and self.session.wake_at <= self.now:
                self.readings += self.session.wake(self.now)
            data = self.session.take_output()
            if host:
                self.plc.receive(data, self.now)
        return self

    def induct(self, *faults: PlcFault, code: str = "RB123456785GB") -> None:
        self.plc.induct(1, (code,), 500, self.now, faults)

    def send(self, track: int, lane: str) -> None:
        self.session.command(Destination(PLC, track, lane), self.now)

    def lanes(self) -> list[str]:
        return [one.lane for one in self.readings if isinstance(one, Discharged)]


def test_driver_and_controller_understand_each_other() -> None:
    bench = Bench().until(1)
    bench.induct()
    bench.until(2).send(1, "GREEN")

    bench.until(10)

    kinds = [
        type(one)
        for one in bench.readings
        if isinstance(one, Inducted | BarcodeRead | WeightRead | Discharged)
    ]
    assert kinds == [Inducted, BarcodeRead, WeightRead, Discharged]
    assert bench.lanes() == ["GREEN"]
    assert not any(isinstance(one, EventsLost) for one in bench.readings)


def test_without_a_destination_it_uses_the_fail_safe_lane_and_the_latest_one_counts() -> None:
    bench = Bench().until(1)
    bench.induct()
    bench.until(3)
    bench.induct(code="RA473124829GB")
    bench.send(2, "GREEN")
    bench.until(4).send(2, "XRAY")

    bench.until(12)

    assert [one.lane for one in bench.plc.rides] == ["HOLD", "XRAY"]


def test_a_destination_behind_the_commit_point_comes_too_late() -> None:
    bench = Bench().until(1)
    bench.induct()

    bench.until(1.2 + COMMIT_AFTER_NS / SECOND).send(1, "GREEN")
    bench.until(12)

    assert bench.lanes() == ["HOLD"]


def test_with_a_silent_host_every_destination_is_void() -> None:
    bench = Bench().until(1)
    bench.induct()
    bench.until(2).send(1, "GREEN")
    bench.until(2.5)

    bench.until(12, host=False)

    assert bench.lanes() == ["HOLD"]


@pytest.mark.parametrize(
    ("fault", "lane", "result"),
    [("wrong_lane", "RETURN", "OK"), ("missed", "HOLD", "MISS"), ("taken_off", "GREEN", "LOST")],
)
def test_its_faults_are_done_and_told(fault: PlcFault, lane: str, result: str) -> None:
    bench = Bench().until(1)
    bench.induct(fault)
    bench.until(2).send(1, "GREEN")
    bench.until(12)

    (told,) = [one for one in bench.readings if isinstance(one, Discharged)]
    assert (told.lane, told.result) == (lane, result)
    assert bench.plc.rides[0].lane == (None if fault == "taken_off" else lane)


def test_codes_told_under_each_others_number_and_numbers_used_again() -> None:
    bench = Bench().until(1)
    bench.induct("swapped_codes")
    bench.until(2).induct(code="RA473124829GB")
    bench.until(3).induct("number_reused")
    bench.until(4)

    codes = {
        one.trigger: one.data
        for one in bench.readings
        if isinstance(one, BarcodeRead) and one.at < 3 * SECOND
    }
    assert codes == {1: "RA473124829GB", 2: "RB123456785GB"}
    assert [one.number for one in bench.plc.rides] == [1, 2, 2]


def test_what_is_overtaken_or_not_said_is_missed_by_the_driver() -> None:
    for fault in ("order_swapped", "mute"):
        bench = Bench().until(1)
        bench.induct(fault)  # type: ignore[arg-type]  # one of the two
        bench.until(12)

        assert any(isinstance(one, EventsLost) for one in bench.readings), fault
        assert bench.plc.rides[0].untold


def test_a_label_that_can_not_be_read_is_a_no_read() -> None:
    bench = Bench().until(1)
    bench.plc.induct(1, (), None, bench.now)
    bench.until(3)

    assert [one.trigger for one in bench.readings if isinstance(one, NoRead)] == [1]
    (weight,) = [one for one in bench.readings if isinstance(one, WeightRead)]
    assert weight.invalid


def test_the_wire_holds_no_more_than_its_bound() -> None:
    wire = PlcWire(layout())

    assert wire.hear(b"\x02" * (3 * HELD_MAX)) == []
    assert wire.hear(b"\x02DS0001000017GREEN \x03") == [
        ("destination", {"sequence": "0001", "track_no": "000017", "lane": "GREEN"})
    ]


# A whole hub --------------------------------------------------------------------------------------------


def test_a_line_of_a_controller_with_every_fault_lets_nothing_go_that_it_must_not() -> None:
    report, faults = simulate(7, 150, scenario="line-plc")

    assert faults == ()
    assert report["truth"] == {"wrong_release": 0, "wrong_identity": 0, "wrong_weight": 0, "unaccounted": 0}
    assert report["parcels"]["departed"] > 100
    assert sum(report["plc"]["p1"]["faults"].values()) > 0
    assert report["events"]["pending"] == 0


def test_the_same_seed_is_the_same_run() -> None:
    assert (
        simulate(3, 30, scenario="line-plc")[0]["digest"] == simulate(3, 30, scenario="line-plc")[0]["digest"]
    )


def test_a_trace_of_such_a_line_replays_to_the_same_effects(tmp_path: Path) -> None:
    simulate(4, 20, scenario="line-plc", record=tmp_path / "run.trace")

    replayed = replay(tmp_path / "run.trace")

    assert replayed.recorded == replayed.digest
    assert replayed.inputs > 100


def test_faults_of_a_controller_need_one_in_the_layout(tmp_path: Path) -> None:
    shipped = find("line-quiet").file
    text = shipped.read_text(encoding="utf-8").replace('"layouts/', f'"{shipped.parent}/layouts/')
    file = tmp_path / "odd.toml"
    file.write_text(text + "\n[plc]\nfault_ppm = { mute = 1_000 }\n", encoding="utf-8")

    with pytest.raises((ConfigFaults, ScenarioError), match="driven by a controller"):
        find(file)
