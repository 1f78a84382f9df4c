"""Whether another gateway runs under our name: the verdict of the probe, under simulated instants."""

import pytest

from edge.rim.identity_probe import RENEWED_WITHIN, RETAINED_WITHIN, IdentityProbe
from edge.wire.messages import State, build_state
from hub_config.names import SECOND, Instant


def state(online: bool = True, session: str = "other-1", t_us: int = 0) -> bytes:
    return build_state(State(online, session, t_us, catchup=None))


def test_no_retained_state_means_free() -> None:
    probe = IdentityProbe(Instant(0), "own-")

    assert not probe.is_free(Instant(RETAINED_WITHIN - 1))
    assert probe.is_free(Instant(RETAINED_WITHIN))


def test_a_state_that_says_offline_means_free_at_once() -> None:
    probe = IdentityProbe(Instant(0), "own-")
    probe.heard(state(online=False), retained=True, at=Instant(5))

    assert probe.is_free(Instant(5))


def test_a_leftover_that_nobody_renews_means_free_after_three_seconds() -> None:
    probe = IdentityProbe(Instant(0), "own-")
    probe.heard(state(), retained=True, at=Instant(5))

    assert not probe.is_free(Instant(5 + RENEWED_WITHIN - 1))
    assert probe.is_free(Instant(5 + RENEWED_WITHIN))
    assert RENEWED_WITHIN == 3 * SECOND


@pytest.mark.parametrize("retained", [True, False])
def test_a_state_that_is_renewed_means_taken(retained: bool) -> None:
    """A broker may mark what it hands on as retained or not; either way it is another state."""
    probe = IdentityProbe(Instant(0), "own-")
    probe.heard(state(t_us=0), retained=True, at=Instant(5))
    probe.heard(state(t_us=2_000_000), retained=retained, at=Instant(2 * SECOND))

    assert probe.taken_by == "other-1"
    assert not probe.is_free(Instant(100 * SECOND))


def test_the_same_leftover_twice_is_no_renewal() -> None:
    probe = IdentityProbe(Instant(0), "own-")
    probe.heard(state(), retained=True, at=Instant(5))
    probe.heard(state(), retained=True, at=Instant(SECOND))

    assert probe.taken_by is None
    assert probe.is_free(Instant(5 + RENEWED_WITHIN))


def test_one_that_goes_while_we_look_leaves_the_name_free() -> None:
    probe = IdentityProbe(Instant(0), "own-")
    probe.heard(state(), retained=True, at=Instant(5))
    probe.heard(state(online=False), retained=False, at=Instant(SECOND))

    assert probe.is_free(Instant(SECOND))


@pytest.mark.parametrize("retained", [True, False])
def test_what_an_earlier_connection_of_this_run_has_said_is_no_other_gateway(retained: bool) -> None:
    """A broker that is slow, or another node of it, may hand it on after that connection was lost."""
    probe = IdentityProbe(Instant(0), "own-")
    probe.heard(state(session="own-1", t_us=0), retained=True, at=Instant(5))
    probe.heard(state(session="own-1", t_us=2_000_000), retained=retained, at=Instant(6))

    assert probe.taken_by is None
    assert probe.is_free(Instant(RETAINED_WITHIN))


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"online":"yes","session":"a"}'])
def test_what_is_no_state_says_nothing(payload: bytes) -> None:
    probe = IdentityProbe(Instant(0), "own-")
    probe.heard(payload, retained=False, at=Instant(5))

    assert probe.taken_by is None
    assert probe.is_free(Instant(RETAINED_WITHIN))
