"""A belt whose board and dimensioner have drivers from outside: the same to the core as those of ours."""

from datetime import date
from typing import Any

import pytest
from line_driver import BOARD, ENTROPY, TO_MEASURED_S, TO_ORDER_S, config, entered
from test_line_dims import BOX, SIZER, Sized

from drivers.command import Command, SwitchOn
from drivers.external import Guarded
from drivers.reading import BoardChanged, DeviceFault, Reading
from edge.app import event_context
from edge.core.event import Dims
from edge.core.gateway import Gateway
from hub_config.attach import SerialAttach
from hub_config.external import ExternalConfig
from hub_config.hub import HubConfig
from hub_config.lines import BeltDimensioner
from hub_config.names import Instant

DRIVER = "their_package:TheirSession"


def external(valid_until: date | None = None) -> HubConfig:
    """The example's line, with a board and a dimensioner that somebody else drives."""
    whole = config(dimensioner=BeltDimensioner(device=SIZER, beam="scale", latest_ms=400, along_belt=True))
    attach = SerialAttach(port="/dev/a")
    board = ExternalConfig(
        kind="external", id=BOARD, attach=attach, driver=DRIVER, gives="beams", lingers_ms=0
    )
    sizer = ExternalConfig(
        kind="external",
        id=SIZER,
        attach=attach,
        driver=DRIVER,
        gives="sizes",
        valid_until=valid_until,
        cal="d-7",
    )
    others = [one for one in whole.devices if one.id != BOARD]
    return whole.model_copy(update={"devices": (*others, board, sizer)})


def line(**shape: object) -> Sized:
    made = Sized(Gateway(external(**shape), ENTROPY))  # type: ignore[arg-type]  # the keywords of `external`
    made.start()
    return made


def measured(made: Sized) -> None:
    made.box(made.measure(entered(made)))
    made.later(TO_MEASURED_S)


def test_its_box_is_told_and_its_board_diverts() -> None:
    made = line()
    measured(made)
    assert made.last("parcel.measured").dims == Dims(SIZER, *BOX, 5_000, "cuboid", 501)
    made.decide()
    made.later(TO_ORDER_S - TO_MEASURED_S)

    (order,) = [one for one in made.commands if isinstance(one, SwitchOn)]
    assert (order.device, order.channel) == (BOARD, 0)


def test_what_it_measures_after_its_calibration_is_told_of_no_parcel() -> None:
    made = line(valid_until=date(2020, 1, 1))
    measured(made)

    assert made.last("parcel.measured").dims is None
    assert dict(made.gateway.snapshot().balance.rejected)["dims_outdated"] == 1


def test_provenance_names_its_calibration() -> None:
    class Identity:
        evidence_key = bytes(32)

    told = event_context(external(date(2027, 2, 1)), Identity(), 1).devices  # type: ignore[arg-type]  # its key alone

    assert (told[SIZER].drv, told[SIZER].cal, told[SIZER].cal_until) == ("external", "d-7", "2027-02-01")
    assert (told[BOARD].drv, told[BOARD].cal) == ("external", None)


class Fails:
    """A driver that can't: it raises at what it hears, and knows when its connection must be made anew."""

    wake_at: Instant | None = None
    stuck: str | None = "their counter has run over"

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        raise ValueError(f"{data!r} at {at}")

    def wake(self, at: Instant) -> list[Reading]:  # noqa: ARG002  (as every session)
        return []

    def take_output(self) -> bytes:
        return b""

    def command(self, command: Command, at: Instant) -> list[Reading]:
        return [DeviceFault(command.device, at, "refused", "")]


def test_a_board_whose_driver_fails_is_lost_at_once() -> None:
    board, scanner = Guarded(BOARD, Fails(), is_board=True), Guarded(BOARD, Fails())
    assert board.stuck == "their counter has run over"

    told = board.receive(b"x", Instant(5))

    assert [type(one) for one in told] == [DeviceFault, BoardChanged]
    assert isinstance(told[1], BoardChanged)
    assert (told[1].state, told[1].continued) == ("lost", False)
    assert board.stuck is None
    assert board.command(SwitchOn(BOARD, 1, 0, Instant(9), 5), Instant(6)) == []
    assert [type(one) for one in scanner.receive(b"x", Instant(5))] == [DeviceFault]


@pytest.mark.parametrize("where", ["wake_at", "take_output", "stuck"])
def test_what_it_raises_where_nothing_can_be_told_is_told_when_it_is_woken(where: str) -> None:
    class Worse(Fails):
        def __getattribute__(self, name: str) -> Any:
            if name == where != "take_output":
                raise ZeroDivisionError(name)
            return super().__getattribute__(name)

        def take_output(self) -> bytes:
            return b"" if where != "take_output" else bytes(1 // len(where[20:]))

    guarded = Guarded(BOARD, Worse())
    seen = (guarded.wake_at, guarded.take_output(), guarded.stuck)
    assert seen[1:] in ((b"", None), (b"", "their counter has run over"))
    assert guarded.wake_at == Instant(0)

    (fault,) = guarded.wake(Instant(9))

    assert isinstance(fault, DeviceFault)
    assert "ZeroDivisionError" in fault.detail
    assert (guarded.wake_at, guarded.take_output(), guarded.stuck, guarded.wake(Instant(10))) == (
        None,
        b"",
        None,
        [],
    )


def test_a_lost_board_of_theirs_diverts_nothing() -> None:
    made = line()
    measured(made)
    made.decide()
    made.give(BoardChanged(BOARD, made.at, "lost", "its driver raised", continued=False))
    made.later(TO_ORDER_S - TO_MEASURED_S)

    assert not [one for one in made.commands if isinstance(one, SwitchOn)]
