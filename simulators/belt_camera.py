"""A camera over the simulated belt: a picture of each label, in its folder when the label's middle is under the camera.

Drawing a picture takes about 40 ms, so a thread of its own draws, as soon as a parcel is fed, into a draft that the
camera's worker does not look at. The devices' thread only renames the draft, since the gateway takes the instant of
the rename for the picture's own (docs/cameras.md). A picture that is not ready then, or comes too late, is not taken:
it would show the label where it is not.
"""

import os
import queue
import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from hub_config.cameras import FolderCameraConfig
from hub_config.hub import HubConfig
from hub_config.lines import BeltReader
from hub_config.lines import Line as LineConfig
from hub_config.names import MILLISECOND, SECOND, Instant
from simulators import labels
from simulators.bench import Sent
from simulators.bodies import Body
from simulators.conveyor import Conveyor
from simulators.parcels import LabelCode, Parcel

DRAWS_MAX: Final = 16
"""Labels that wait to be drawn; of more, no picture is taken. Two or three lie between the feeder and the camera."""
LATE_NS: Final = 50 * MILLISECOND
"""How late a rename may be: the demo's belt goes 75 mm in it, so that label is still in the camera's view, alone."""
STOP_S: Final = 5.0
"""How long `stop` waits for the picture that is being drawn."""

Draw = Callable[[Sequence[LabelCode], int], bytes]


@dataclass(frozen=True, slots=True)
class _Order:
    parcel: Parcel
    due: Instant
    """When it is taken."""


def camera_of(hub: HubConfig, line: LineConfig) -> BeltReader | None:
    """The reader of this line that is a camera with a folder; None: it has none."""
    cameras = (one for one in line.readers if isinstance(hub.device(one.device), FolderCameraConfig))
    return next(cameras, None)


class BeltCamera:
    """`look` belongs to the devices' thread, like the conveyor; `start` and `stop` to the owner of both."""

    def __init__(
        self, conveyor: Conveyor, reader: BeltReader, folder: Path, seed: int, clock: Callable[[], Instant],
        *, draw: Draw = labels.draw,
    ) -> None:  # fmt: skip
        self.device = reader.device
        self._conveyor = conveyor
        self._position_um = reader.position_um
        self._folder = folder
        self._seed = seed
        self._clock = clock
        self._draw_label = draw
        self._looked_at = 0
        """Bodies of the conveyor that were seen."""
        self._orders: queue.Queue[_Order | None] = queue.Queue(DRAWS_MAX)
        self._thread = threading.Thread(target=self._run, name="simulated-camera", daemon=True)
        self._stopping = False
        self.pictures = 0
        """In the folder."""
        self.missed = 0
        """Labels that passed without one."""

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._draw_label((), 0)  # loads what draws: later that would hold the devices' thread up for 70 ms
        self._thread.start()

    def stop(self) -> None:
        """A second call does nothing."""
        self._stopping = True
        if self.running:
            with suppress(queue.Full):  # then it has work, after which it sees that it is to stop
                self._orders.put_nowait(None)
            self._thread.join(STOP_S)

    # In the devices' thread -------------------------------------------------------------------------

    def look(self) -> None:
        """Sees what was fed since the last time; orders its picture, and takes it when it is due."""
        bodies = self._conveyor.bodies
        while self._looked_at < len(bodies):
            self._expect(bodies[self._looked_at])
            self._looked_at += 1

    def _expect(self, body: Body) -> None:
        front_um = self._position_um + body.plan.label_um
        if body.appears_um >= front_um:
            return  # put down behind the camera
        due = Instant(body.starts + front_um * SECOND // self._conveyor.speed_um_s)
        with suppress(queue.Full):
            self._orders.put_nowait(_Order(body.parcel, due))
        self._conveyor.world.call_at(due, partial(self._take, body, due))

    def _take(self, body: Body, due: Instant) -> None:
        """Its label's middle is under the camera."""
        draft = self._draft(body.parcel)
        if body.taken or body.path is not None:
            draft.unlink(missing_ok=True)
            return
        if self._clock() > due + LATE_NS:
            draft.unlink(missing_ok=True)
            self.missed += 1
            return
        try:
            os.rename(draft, self._folder / f"{body.parcel.number}.png")
        except FileNotFoundError:
            self.missed += 1
            return
        self.pictures += 1
        # Legible as it was drawn: if the gateway gets nothing of it, that is the gateway's loss.
        body.scans += [Sent(due, code.data, code.aim, None) for code in body.parcel.labels]

    # In the thread that draws -----------------------------------------------------------------------

    def draw_next(self, *, wait: bool = False) -> bool:
        """Draws one label that was ordered; False when none waits, or there will be no more."""
        try:
            order = self._orders.get(block=wait)
        except queue.Empty:
            return False
        if order is None:
            return False
        if self._clock() >= order.due:
            return True  # gone by
        seed = random.Random(f"camera/{self._seed}/{order.parcel.number}").getrandbits(32)
        picture = self._draw_label(order.parcel.labels, seed)
        draft = self._draft(order.parcel)
        labels.put(picture, self._folder, draft.name)
        if self._clock() >= order.due:
            draft.unlink(missing_ok=True)  # nobody comes for it any more
        return True

    def _run(self) -> None:
        while not self._stopping and self.draw_next(wait=True):
            pass

    def _draft(self, parcel: Parcel) -> Path:
        """Ready, but with a name that the camera's worker passes over."""
        return self._folder / f".{parcel.number}.drawn"
