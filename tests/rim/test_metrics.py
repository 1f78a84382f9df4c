"""Latencies: what is measured between which two moments, and that nothing grows without end."""

from drivers.reading import BarcodeRead
from edge.core.effects import Record
from edge.core.event import Event
from edge.core.inputs import Committed, Tick
from edge.rim import clock
from edge.rim.metrics import OPEN_MAX, Metrics
from hub_config.names import MILLISECOND, DeviceId, Instant, LineId, VisitId


def ms(value: float) -> Instant:
    return Instant(int(value * MILLISECOND))


def record(number: int, at: Instant) -> Record:
    return Record(number, Event("parcel.arrived", LineId("b1"), VisitId("v"), at))


def test_a_reading_is_timed_to_its_step_and_to_the_brokers_receipt() -> None:
    metrics = Metrics()
    metrics.start(next_seq=41)
    scan = BarcodeRead(DeviceId("scan-1"), ms(10), "X", "code128", None, b"X")
    metrics.stepped(scan, [record(1, ms(10))], ms(10.5))
    metrics.puback(41, ms(14))

    latency = metrics.latency_ms()
    assert latency["reading_to_step"] == {"p50": 0.5, "p99": 0.5}
    assert latency["reading_to_puback"] == {"p50": 4.0, "p99": 4.0}
    assert latency["event_to_decision"] is None


def test_events_nobody_answers_are_forgotten_past_the_bound() -> None:
    metrics = Metrics()
    metrics.start(next_seq=1)
    for number in range(1, OPEN_MAX + 100):
        metrics.stepped(Tick(ms(0)), [record(number, ms(0))], ms(0))
        metrics.stepped(Committed(ms(0), number, (f"id-{number}",)), [], ms(0))

    metrics.puback(1, ms(5))
    assert metrics.latency_ms()["reading_to_puback"] is None
    metrics.puback(OPEN_MAX, ms(5))
    assert metrics.latency_ms()["reading_to_puback"] == {"p50": 5.0, "p99": 5.0}


def test_the_wall_clock_says_how_far_it_may_be_off() -> None:
    wall = clock.wall_time()

    assert wall.unc_us > 0
    assert wall.source in ("ntp", "none")
