"""A folder as a camera's place: a whole path, named in messages, and for cameras alone."""

import pytest
from pydantic import TypeAdapter, ValidationError

from hub_config.attach import FolderAttach
from hub_config.cameras import FolderCameraConfig
from hub_config.devices import READER_KINDS, Device

DEVICE: TypeAdapter[Device] = TypeAdapter(Device)


def test_a_folder_camera_is_a_reader_beside_a_belt_and_named_by_its_folder() -> None:
    attach = {"kind": "folder", "path": "/var/lib/hub/cam-1"}
    camera = DEVICE.validate_python({"id": "cam-1", "kind": "folder-camera", "attach": attach})

    assert isinstance(camera, FolderCameraConfig)
    assert camera.attach.place == "/var/lib/hub/cam-1"
    assert camera.kind in READER_KINDS


@pytest.mark.parametrize("path", ["pictures", "./pictures", "~/pictures"])
def test_a_path_that_depends_on_where_the_hub_is_started_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="whole path"):
        FolderAttach(kind="folder", path=path)


def test_no_other_kind_of_device_is_attached_by_a_folder() -> None:
    attach = {"kind": "folder", "path": "/var/lib/hub/cam-1"}

    with pytest.raises(ValidationError):
        DEVICE.validate_python({"id": "tunnel-1", "kind": "keyence-sr", "attach": attach})
    with pytest.raises(ValidationError):
        DEVICE.validate_python({"id": "scan-1", "kind": "line-scanner", "attach": attach})
