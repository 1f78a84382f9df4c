"""Drivers from outside this tree: found by the entry points of installed packages, and by nothing else.

A driver is a class with the shape of `drivers.session.Session` that is made as `Driver(device, config)` and has its own
pydantic model of settings as `Driver.Config`. A hub's configuration names it as `package:Session`; only what an
installed package declares in the group `ehub_edge.drivers` is ever imported.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any, Final, Protocol, TypeVar, cast

from pydantic import BaseModel, ValidationError

from drivers.command import Command
from drivers.reading import BoardChanged, DeviceFault, Reading
from drivers.session import Actuator, Redialled, Session
from hub_config.external import EXTERNAL, ExternalConfig
from hub_config.finding import Finding, show
from hub_config.names import DeviceId, Instant

GROUP: Final = "ehub_edge.drivers"
DETAIL_MAX_CHARS: Final = 200
_T = TypeVar("_T")


class Driver(Protocol):
    """What an entry point of the group names."""

    Config: type[BaseModel]
    """Its settings; the defaults are those of the device's manual."""

    def __call__(self, device: DeviceId, config: Any) -> Session:  # noqa: ANN401 - its own Config
        """A new session, for one opening of the port."""


class NoDriver(Exception):  # noqa: N818 - the message says what to do
    """Nothing installed is the driver that was named."""


def installed() -> list[str]:
    return sorted({point.value for point in entry_points(group=GROUP)})


def find(name: str) -> Driver:
    """The driver `package:Session`. Raises NoDriver, in one sentence."""
    point = next((one for one in entry_points(group=GROUP) if one.value == name), None)
    if point is None:
        known = ", ".join(installed()) or "none"
        raise NoDriver(f"no installed package declares {name} as a driver; installed: {known}")
    try:
        loaded = point.load()
    except (ImportError, AttributeError) as refused:
        raise NoDriver(f"{name} can not be loaded: {refused}") from None
    settings = getattr(loaded, "Config", None)
    if not callable(loaded) or not (isinstance(settings, type) and issubclass(settings, BaseModel)):
        raise NoDriver(f"{name} is no driver: a class with a pydantic model named Config is wanted")
    return cast(Driver, loaded)


def new_external(config: ExternalConfig) -> Session:
    driver = find(config.driver)
    session = driver(config.id, driver.Config.model_validate(config.settings))
    return Guarded(config.id, session, is_board=config.gives == "beams")


class Guarded:
    """A driver that we did not write: what it raises is a fault of its device, and the gateway goes on.

    After that it is heard no more until its port opens again with a new session.
    """

    def __init__(self, device: DeviceId, session: Session, *, is_board: bool = False) -> None:
        """`is_board`: it is told as lost when its driver fails, so that nothing is diverted by it any more."""
        self._device = device
        self._session = session
        self._is_board = is_board
        self._raised: Exception | None = None
        """What it raised where no reading can be told; it is told when it is woken."""
        self._failed = False

    @property
    def wake_at(self) -> Instant | None:
        due = self._asked(lambda: self._session.wake_at, None)
        return Instant(0) if self._raised is not None and not self._failed else due

    @property
    def stuck(self) -> str | None:
        """What its driver says of the connection, if it knows of one that must be made anew."""
        session = self._session
        return self._asked(lambda: session.stuck if isinstance(session, Redialled) else None, None)

    def receive(self, data: bytes, at: Instant) -> list[Reading]:
        return self._guarded(lambda: self._session.receive(data, at), at)

    def wake(self, at: Instant) -> list[Reading]:
        return self._guarded(lambda: self._session.wake(at), at)

    def command(self, command: Command, at: Instant) -> list[Reading]:
        session = self._session
        return (
            self._guarded(lambda: session.command(command, at), at) if isinstance(session, Actuator) else []
        )

    def take_output(self) -> bytes:
        return self._asked(self._session.take_output, b"")

    def _asked(self, call: Callable[[], _T], otherwise: _T) -> _T:
        if self._failed or self._raised is not None:
            return otherwise
        try:
            return call()
        except Exception as raised:  # noqa: BLE001 - whatever a stranger's code raises
            self._raised = raised
            return otherwise

    def _guarded(self, call: Callable[[], list[Reading]], at: Instant) -> list[Reading]:
        if self._failed:
            return []
        if self._raised is not None:
            return self._fail(self._raised, at)
        try:
            return call()
        except Exception as raised:  # noqa: BLE001 - whatever a stranger's code raises
            return self._fail(raised, at)

    def _fail(self, raised: Exception, at: Instant) -> list[Reading]:
        self._failed = True
        what = f"its driver raised {type(raised).__name__}: {raised}"[:DETAIL_MAX_CHARS]
        detail = f"{what}; tell its maker, and replug it to start it anew"
        failed = DeviceFault(self._device, at, "driver_failed", detail)
        lost = BoardChanged(self._device, at, "lost", what, continued=False)
        return [failed, lost] if self._is_board else [failed]


def external_findings(data: Mapping[str, object]) -> Sequence[Finding]:
    """What is wrong with the drivers from outside that a config file names, and with their settings."""
    devices = data.get("devices")
    found: list[Finding] = []
    for place, device in enumerate(devices if isinstance(devices, list) else []):
        if (
            isinstance(device, dict)
            and device.get("kind") == EXTERNAL
            and isinstance(device.get("driver"), str)
        ):
            found += _device_findings(("devices", place), device["driver"], device.get("settings", {}))
    return found


def _device_findings(path: tuple[str | int, ...], name: str, settings: object) -> list[Finding]:
    try:
        driver = find(name)
    except NoDriver as refused:
        what, _, limit = str(refused).partition("; ")
        todo = "install its package into the hub's venv, or correct the name"
        return [Finding((*path, "driver"), what, limit or "package:Session of an installed package", todo)]
    try:
        driver.Config.model_validate(settings)
    except ValidationError as refused:
        return [
            Finding(
                (*path, "settings", *error["loc"]), f"{show(error['input'])}: {error['msg']}",
                f"a setting of {name}", "see the driver's own manual",
            )
            for error in refused.errors(include_url=False)
        ]  # fmt: skip
    return []
