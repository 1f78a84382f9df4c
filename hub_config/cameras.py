"""Cameras whose codes are read beside the gateway."""

from typing import Annotated, Literal

from hub_config.attach import FolderAttach
from hub_config.names import DeviceId
from hub_config.values import DeviceEntry, device_name


class FolderCameraConfig(DeviceEntry):
    """A camera that puts its pictures into a folder; what their codes say is read by a process beside the gateway."""

    kind: Literal["folder-camera"]
    id: Annotated[DeviceId, device_name("cam-1")]
    attach: FolderAttach
