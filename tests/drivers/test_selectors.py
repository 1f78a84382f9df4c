"""Which port a selector means, and which selector a port deserves, on made-up /sys trees (IT-02)."""

from pathlib import Path

import pytest
from fake_tree import CONTROLLER, MOUSE, FakeTree, UsbStick, ch340

from drivers.discovery import discover
from drivers.selectors import choose, find
from drivers.sysfs import SysPort, sys_ports
from drivers.transports.lost import DeviceSwappedError, PortLostError
from drivers.transports.opening import Opening
from hub_config.attach import SerialAttach
from hub_config.usb import UsbSelector, usb_selector

FTDI = UsbStick("0403", "6001", "A5XK3RJT", "FT232R", "ftdi_sio")
SOCKET = f"pci-{CONTROLLER}-usb-0:"


@pytest.fixture
def tree(tmp_path: Path) -> FakeTree:
    return FakeTree(tmp_path)


def selector(text: str) -> UsbSelector:
    found = usb_selector(text)
    assert found is not None
    return found


def at(ports: list[SysPort], node: str) -> SysPort:
    return next(port for port in ports if port.port == node)


def test_a_serial_number_of_its_own_is_the_first_choice_and_follows_the_plug(tree: FakeTree) -> None:
    tree.plug("1.1", FTDI, "ttyUSB0")
    ports = sys_ports(tree.root)
    chosen = choose(ports[0], ports)
    tree.plug("1.4", tree.unplug("1.1"), "ttyUSB3")

    assert (chosen.port, chosen.by, chosen.refused) == ("usb:0403:6001:A5XK3RJT", "serial number", ())
    assert find(selector(chosen.port), "serial", tree.root).port == "/dev/ttyUSB3"


def test_two_equal_ch340_are_told_by_their_sockets_and_by_id_is_refused_with_the_reason(
    tree: FakeTree,
) -> None:
    tree.plug("1.1", ch340(), "ttyUSB0")
    tree.plug("1.2", ch340(), "ttyUSB1")
    first, second = discover(tree.root)

    assert first.selector.port == f"usb:1a86:7523@{SOCKET}1.1"
    assert second.selector.port == f"usb:1a86:7523@{SOCKET}1.2"
    assert first.selector.by == "hub port"
    assert first.selector.refused == (
        "by-id: 1a86:7523 has no serial number, so its by-id link points to the one plugged in last",
    )
    assert (first.by_id, second.by_id) == (None, "/dev/serial/by-id/usb-USB_Serial-if00-port0")
    assert first.by_path == f"/dev/serial/by-path/{SOCKET}1.1:1.0-port0"


def test_after_plugging_in_the_other_way_round_sockets_still_name_the_same_places(tree: FakeTree) -> None:
    tree.plug("1.1", ch340(), "ttyUSB0")
    tree.plug("1.2", ch340(), "ttyUSB1")
    for socket in ("1.1", "1.2"):
        tree.unplug(socket)
    tree.plug("1.2", ch340(), "ttyUSB0")
    tree.plug("1.1", ch340(), "ttyUSB1")

    assert find(selector(f"usb:1a86:7523@{SOCKET}1.1"), "serial", tree.root).port == "/dev/ttyUSB1"


def test_named_by_the_order_of_plugging_in_two_equal_ones_that_changed_places_are_refused(
    tree: FakeTree,
) -> None:
    opening = Opening(tree.root)
    tree.plug("1.1", ch340(), "ttyUSB0")
    tree.plug("1.2", ch340(), "ttyUSB1")
    assert node(opening) == "/dev/ttyUSB0"
    for socket in ("1.1", "1.2"):
        tree.unplug(socket)
    tree.plug("1.2", ch340(), "ttyUSB0")
    tree.plug("1.1", ch340(), "ttyUSB1")

    with pytest.raises(
        DeviceSwappedError, match=r"it was the one at pci-.*:1\.1; plug them back, or name it by"
    ):
        node(opening)


def test_one_alone_may_move_to_another_socket(tree: FakeTree) -> None:
    opening = Opening(tree.root)
    tree.plug("1.1", ch340(), "ttyUSB0")
    node(opening)
    tree.plug("1.3", tree.unplug("1.1"), "ttyUSB0")

    assert node(opening) == "/dev/ttyUSB0"


def node(opening: Opening) -> str:
    """Where /dev/ttyUSB0 leads; opening it for real would need the hardware."""
    return opening.node("/dev/ttyUSB0", "serial")


def test_another_device_in_the_socket_is_swapped(tree: FakeTree) -> None:
    tree.plug("1.1", FTDI, "ttyUSB0")

    with pytest.raises(
        DeviceSwappedError, match=r"0403:6001 FT232R is plugged into .*:1\.1, and 1a86:7523 is expected"
    ):
        find(selector(f"usb:1a86:7523@{SOCKET}1.1"), "serial", tree.root)


def test_one_serial_number_on_two_devices_is_refused_when_choosing_and_when_opening(tree: FakeTree) -> None:
    tree.plug("1.1", UsbStick("0403", "6001", "SAME"), "ttyUSB0")
    tree.plug("1.2", UsbStick("0403", "6001", "SAME"), "ttyUSB1")
    ports = sys_ports(tree.root)

    assert choose(ports[0], ports).refused == ("by-id: 2 devices 0403:6001 say serial number SAME",)
    assert choose(ports[0], ports).port == f"usb:0403:6001@{SOCKET}1.1"
    with pytest.raises(
        PortLostError, match=r"is refused: the devices at .*1\.1 and .*1\.2 have this serial number"
    ):
        find(selector("usb:0403:6001:SAME"), "serial", tree.root)


@pytest.mark.parametrize("serial", ["0001", "0", "000000000000", "123456789"])
def test_a_serial_number_that_a_maker_gives_to_all_is_none(tree: FakeTree, serial: str) -> None:
    tree.plug("1.1", UsbStick("10c4", "ea60", serial, "CP2102"), "ttyUSB0")
    ports = sys_ports(tree.root)

    assert choose(ports[0], ports).by == "hub port"
    assert choose(ports[0], ports).refused == (
        f"by-id: serial number {serial} is what the maker gives to every 10c4:ea60",
    )


def test_an_adapter_with_four_ports_needs_their_numbers(tree: FakeTree) -> None:
    quad = UsbStick("0403", "6011", "FT4X", "Quad", interfaces=[0, 1, 2, 3])
    tree.plug("1.1", quad, "ttyUSB0", "ttyUSB1", "ttyUSB2", "ttyUSB3")
    ports = sys_ports(tree.root)

    assert choose(at(ports, "/dev/ttyUSB2"), ports).port == "usb:0403:6011:FT4X#2"
    assert find(selector("usb:0403:6011:FT4X#2"), "serial", tree.root).port == "/dev/ttyUSB2"
    with pytest.raises(PortLostError, match=r"has 4 ports; add one of #0, #1, #2, #3 to attach.port"):
        find(selector("usb:0403:6011:FT4X"), "serial", tree.root)


def test_what_is_not_plugged_in_says_so_and_names_its_likeness(tree: FakeTree) -> None:
    wanted = selector("usb:0403:6001:A5XK3RJT")
    with pytest.raises(
        PortLostError, match=r"usb:0403:6001:A5XK3RJT is not plugged in; check plug and power"
    ):
        find(wanted, "serial", tree.root)

    tree.plug("1.1", UsbStick("0403", "6001", "OTHER"), "ttyUSB0")
    with pytest.raises(PortLostError, match="there is 0403:6001 with serial number OTHER; check which it is"):
        find(wanted, "serial", tree.root)


def test_a_device_without_a_port_of_its_own_points_at_brltty(tree: FakeTree, tmp_path: Path) -> None:
    """brltty takes CH340 and CP210x adapters away from their driver: no /dev/ttyUSB0 is left."""
    tree.plug("1.1", UsbStick("1a86", "7523", interfaces=[]))
    proc = tmp_path / "proc"
    (proc / "77/fd").mkdir(parents=True)
    (proc / "77/comm").write_text("brltty\n")

    with pytest.raises(
        PortLostError, match="is plugged in, but the kernel made no such port of it; brltty runs, and"
    ):
        find(selector(f"usb:1a86:7523@{SOCKET}1.1"), "serial", tree.root, proc)


def test_ports_of_the_computer_itself_are_named_by_their_path(tree: FakeTree) -> None:
    tree.on_board("ttyS0", "4")
    tree.on_board("ttyS1", "0")
    (found,) = discover(tree.root)

    assert (found.port.port, found.selector.port, found.selector.by) == ("/dev/ttyS0", "/dev/ttyS0", "path")
    assert (found.guess, found.confidence) == ("serial port", "low")


def test_a_hid_scale_and_a_typing_scanner_are_guessed_and_a_mouse_is_left_out(tree: FakeTree) -> None:
    tree.plug_hid("1.1", UsbStick("0922", "8003", None, "M10"), "hidraw0")
    tree.plug_input("1.2", UsbStick("05e0", "1200", "S/N:1234", "Bar Code Scanner"), "event4")
    tree.plug_input("1.3", UsbStick("046d", "c077", None, "Mouse"), "event5", MOUSE)
    tree.plug("2", UsbStick("0c2e", "0aaf", "18291B4557", "Xenon", "cdc_acm"), "ttyACM0", acm=True)

    guesses = {one.port.port: (one.guess, one.confidence, one.selector.port) for one in discover(tree.root)}

    assert guesses == {
        "/dev/hidraw0": ("scale (Dymo)", "high", f"usb:0922:8003@{SOCKET}1.1"),
        "/dev/input/event4": ("scanner (Zebra)", "high", "usb:05e0:1200:S/N:1234"),
        "/dev/ttyACM0": ("scanner (Honeywell)", "high", "usb:0c2e:0aaf:18291B4557"),
    }
    acm = next(one for one in discover(tree.root) if one.port.port == "/dev/ttyACM0")
    assert acm.port.driver == "cdc_acm"


def test_a_tree_without_anything_has_no_ports(tmp_path: Path) -> None:
    assert discover(tmp_path / "nothing") == []


@pytest.mark.parametrize(
    "text",
    ["usb:0403:6001", "usb:403:6001:X", "usb:0403:6001:", "usb:0403:6001:A B", "usb:0403:6001@", "/dev/x"],
)
def test_what_is_no_selector_is_none(text: str) -> None:
    assert usb_selector(text) is None


def test_a_selector_is_written_back_as_it_was_read() -> None:
    for text in (
        "usb:0403:6001:A5XK3RJT",
        "usb:1a86:7523@pci-0000:00:14.0-usb-0:1.2",
        "usb:0403:6011:FT4X#2",
    ):
        assert str(usb_selector(text)) == text
    assert str(usb_selector("usb:0C2E:0AAF:x")) == "usb:0c2e:0aaf:x"


def test_a_missing_device_is_looked_for_at_every_opening(tree: FakeTree) -> None:
    opening, attach = Opening(tree.root), SerialAttach(port="usb:0403:6001:A5XK3RJT")
    with pytest.raises(PortLostError, match="is not plugged in"):
        opening.open(attach)
    tree.plug("1.1", FTDI, "ttyUSB7")

    with pytest.raises(PortLostError, match=r"usb:0403:6001:A5XK3RJT \(/dev/ttyUSB7\) does not exist"):
        opening.open(attach)
