"""The mailbox of a thread that waits at a socket: nothing put in is slept over, and nobody is woken twice."""

import socket
import threading
from collections.abc import Iterator

import pytest

from edge.rim.mailbox import Mailbox
from hub_config.names import SECOND

PATIENCE = 20 * SECOND


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


def test_what_lies_there_is_taken_in_order_and_no_more_than_asked_for() -> None:
    box: Mailbox[int] = Mailbox()
    for number in range(5):
        box.put(number)

    assert box.wait(PATIENCE) == (False, False)
    assert (box.take(3), box.take(9), box.take(9)) == ([0, 1, 2], [3, 4], [])
    box.close()


def test_another_thread_wakes_the_one_that_sleeps_each_time() -> None:
    box: Mailbox[int] = Mailbox()
    there, back = threading.Semaphore(0), threading.Semaphore(0)

    def put() -> None:
        for number in range(200):
            there.acquire()
            box.put(number)
        back.release()

    other = threading.Thread(target=put)
    other.start()
    taken: list[int] = []
    for _ in range(200):
        there.release()
        while not (items := box.take(9)):
            box.wait(PATIENCE)
        taken += items
    other.join()

    assert taken == list(range(200))
    assert box.wait(0) == (False, False)
    box.close()


def test_the_socket_is_waited_at_as_well(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    box: Mailbox[int] = Mailbox()
    assert box.wait(0, ours) == (False, False)
    assert box.wait(0, ours, unsent=True) == (False, True)
    theirs.send(b"x")
    assert box.wait(PATIENCE, ours) == (True, False)
    box.put(1)
    assert box.wait(PATIENCE, ours) == (True, False)
    assert box.take(9) == [1]
    ours.recv(1)
    theirs.close()

    assert box.wait(PATIENCE, ours) == (True, False), "an end is to be read"
    box.close()


def test_what_is_put_in_after_the_owner_has_gone_does_no_harm() -> None:
    box: Mailbox[int] = Mailbox()
    box.close()

    box.put(1)

    assert box.take(9) == [1]
