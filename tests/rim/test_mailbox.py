"""The mailbox of a thread that owns a connection: woken by either, never by nothing, and never late."""

import socket
import threading

from edge.rim.mailbox import Mailbox

LONG_S = 20.0


class Quiet:
    """No connection."""

    fileno = None
    wants_write = False


class Wire:
    """One end of a socket pair."""

    def __init__(self, sock: socket.socket, *, wants_write: bool = False) -> None:
        self.fileno: int | None = sock.fileno()
        self.wants_write = wants_write


def test_what_was_put_before_is_not_waited_for_and_comes_out_in_order() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for item in (1, 2, 3):
        mailbox.put(item)
    mailbox.wait(LONG_S, Quiet())

    assert [mailbox.take() for _ in range(4)] == [1, 2, 3, None]
    mailbox.close()


def test_a_sleeper_is_woken_by_what_another_thread_puts() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for item in range(200):
        putter = threading.Thread(target=mailbox.put, args=(item,))
        putter.start()
        while (taken := mailbox.take()) is None:
            mailbox.wait(LONG_S, Quiet())
        putter.join()
        assert taken == item
    mailbox.close()


def test_a_sleeper_is_woken_by_the_connection() -> None:
    here, there = socket.socketpair()
    mailbox: Mailbox[int] = Mailbox()
    there.send(b"x")
    mailbox.wait(LONG_S, Wire(here))
    here.recv(1)
    mailbox.wait(LONG_S, Wire(here, wants_write=True))  # there is room to write
    there.close()
    mailbox.wait(LONG_S, Wire(here))  # the other end has gone

    assert mailbox.take() is None
    here.close()
    mailbox.close()


def test_it_can_be_rung_without_a_word_and_put_into_when_nobody_sleeps_any_more() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.wait(0, Quiet())
    ringer = threading.Thread(target=mailbox.wake)
    ringer.start()
    ringer.join()
    mailbox.close()
    mailbox.put(1)

    assert mailbox.take() == 1
