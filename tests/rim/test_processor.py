"""The processor time of each thread, by its name."""

import threading

from edge.rim.processor import processor_us


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
