"""The processor time of each thread, by its name."""

import os
import threading

import pytest

from edge.rim.processor import processor_of, processor_us, share_one_processor, use_any_processor


def test_each_thread_is_told_by_its_name_and_one_that_has_worked_has_used_some() -> None:
    end, worked = threading.Event(), threading.Event()

    def work() -> None:
        for number in range(200_000):
            hash(str(number))
        worked.set()
        end.wait()

    thread = threading.Thread(target=work, name="a-worker")
    thread.start()
    worked.wait()
    used = processor_us()
    end.set()
    thread.join()

    assert used["a-worker"] > 0
    assert list(used) == sorted(used)
    assert "a-worker" not in processor_us()


def test_threads_of_these_names_share_a_processor_and_no_other_is_bound() -> None:
    end = threading.Event()
    threads = [threading.Thread(target=end.wait, name=name) for name in ("a-reader", "a-writer", "a-page")]
    for thread in threads:
        thread.start()
    share_one_processor("gw-01", ("a-reader", "a-writer"))
    may = [os.sched_getaffinity(thread.native_id or 0) for thread in threads]
    end.set()
    for thread in threads:
        thread.join()

    assert len(may[0]) == 1
    assert may[0] == may[1] <= os.sched_getaffinity(0)
    assert may[2] == os.sched_getaffinity(0)


@pytest.mark.parametrize("processors", [2, 4, 8])
def test_gateways_of_one_computer_spread(processors: int) -> None:
    """gw-01, gw-02 and gw-03 were all on the second of two processors."""
    numbers = range(1, processors + 1)

    assert {processor_of(f"gw-0{n}", range(processors)) for n in numbers} == set(range(processors))


def test_a_sandbox_that_binds_nobody_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", refused)
    share_one_processor("gw-01", (threading.current_thread().name,))
    use_any_processor()


def test_a_thread_beside_a_bound_one_may_go_anywhere() -> None:
    may: list[set[int]] = []

    def beside() -> None:
        use_any_processor()
        may.append(os.sched_getaffinity(0))

    def bound() -> None:
        share_one_processor("gw-01", ("a-writer",))
        may.append(os.sched_getaffinity(0))
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()

    thread = threading.Thread(target=bound, name="a-writer")
    thread.start()
    thread.join()
    assert (len(may[0]), may[1]) == (1, os.sched_getaffinity(0))
