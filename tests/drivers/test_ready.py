"""The wait for many descriptors: who is served, and who is not any more."""

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from drivers.ready import READ, WRITE, Ready

pytestmark = pytest.mark.system


@pytest.fixture
def ready() -> Iterator[Ready]:
    made = Ready()
    yield made
    made.close()


@pytest.fixture
def pipes() -> Iterator[list[tuple[int, int]]]:
    made = [os.pipe() for _ in range(2)]
    yield made
    for descriptor in (one for pipe in made for one in pipe):
        with suppress(OSError):  # where the test has closed it
            os.close(descriptor)


def test_those_that_have_something_are_served_and_the_others_are_not(
    ready: Ready, pipes: list[tuple[int, int]]
) -> None:
    served: list[tuple[int, bool]] = []
    for number, (end, _) in enumerate(pipes):
        ready.add(end, READ, lambda readable, number=number: served.append((number, readable)))  # type: ignore[misc]
    os.write(pipes[1][1], b"x")

    ready.serve(0)

    assert served == [(1, True)]


def test_one_that_hung_up_counts_as_readable(ready: Ready, pipes: list[tuple[int, int]]) -> None:
    served: list[bool] = []
    ready.add(pipes[0][0], READ, served.append)
    os.close(pipes[0][1])

    ready.serve(0)

    assert served == [True]


def test_room_to_write_alone_is_nothing_to_read(ready: Ready, pipes: list[tuple[int, int]]) -> None:
    served: list[bool] = []
    ready.add(pipes[0][1], READ, served.append)
    ready.serve(0)
    assert served == []

    ready.change(pipes[0][1], READ | WRITE)
    ready.serve(0)

    assert served == [False]


def test_one_that_another_has_taken_out_is_served_no_more(ready: Ready, pipes: list[tuple[int, int]]) -> None:
    served: list[int] = []

    def serve(own: int, other: int) -> None:
        served.append(own)
        ready.remove(pipes[other][0])
        os.close(pipes[other][0])

    ready.add(pipes[0][0], READ, lambda _: serve(0, 1))
    ready.add(pipes[1][0], READ, lambda _: serve(1, 0))
    for _, far in pipes:
        os.write(far, b"x")

    ready.serve(0)

    assert len(served) == 1


def test_one_that_was_closed_first_can_be_taken_out(ready: Ready, pipes: list[tuple[int, int]]) -> None:
    served: list[bool] = []
    ready.add(pipes[0][0], READ, served.append)
    os.close(pipes[0][0])

    ready.remove(pipes[0][0])

    ready.serve(0)
    assert served == []


def test_with_none_to_wait_for_the_time_passes(ready: Ready) -> None:
    ready.serve(0.001)
