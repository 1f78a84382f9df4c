"""A ZPL label printer: what it says of itself, what it is sent, and that no label comes late or twice.

Strings of `~HS` from the layout in the ZPL II Programming Guide 45541L-004, p. 171–172; no frame was recorded.
"""

import pytest
from driver_configs import ms

from drivers.command import PrintLabel, Trigger
from drivers.decode import decode
from drivers.printers.zpl_label import TEXT_MAX_CHARS, escaped, label_zpl
from drivers.printers.zpl_printer import LABELS_WAITING_MAX, ZplPrinter
from drivers.printers.zpl_status import HostFirst, HostSecond, HostThird, parse_string, trouble_of
from drivers.reading import DeviceFault, DeviceUp, OrderAnswered, PrinterChanged, Reading
from hub_config.attach import TcpAttach
from hub_config.names import SECOND, DeviceId, Instant
from hub_config.printers import ZplPrinterConfig
from simulators.devices.label_printer import JOBS_MAX, LabelPrinter
from simulators.devices.zpl_wire import BUFFER_BYTES_MAX, ZplPrinterDevice

PRINTER = DeviceId("print-1")
CONFIG = ZplPrinterConfig(
    kind="zpl-printer", id=PRINTER, attach=TcpAttach(kind="tcp", host="127.0.0.1", port=9_100)
)
WELL = ("030,0,0,0480,000,0,0,0,000,0,0,0", "000,0,0,0,0,2,4,0,00000000,1,000", "1234,0")


def label(number: int = 1, code: str | None = "RB123456785GB", **more: object) -> PrintLabel:
    given = {"title": "HOLD", "bay": "H1", "lines": ("no declaration", "Bench 1"), **more}
    return PrintLabel(PRINTER, number, code=code, **given)  # type: ignore[arg-type]  # as the test gives them


class Desk:
    """The driver and the simulated printer on one wire, a millisecond each way, in time as the test says."""

    def __init__(self, *, mute: bool = False, labels: int = 100) -> None:
        self.printer = LabelPrinter(labels=labels)
        self.device = ZplPrinterDevice(self.printer, mute=mute)
        self.session = ZplPrinter(CONFIG)
        self.now = ms(0)
        self.told: list[Reading] = []

    def run(self, seconds: float) -> "Desk":
        until = self.now + int(seconds * SECOND)
        while self.now < until:
            self.now = Instant(self.now + SECOND // 100)
            if self.session.wake_at is not None and self.session.wake_at <= self.now:
                self.told += self.session.wake(self.now)
            self.device.receive(self.session.take_output(), self.now)
            self.told += self.session.receive(self.device.take_output(self.now), self.now)
        return self

    def order(self, command: PrintLabel) -> None:
        self.told += self.session.command(command, self.now)

    @property
    def troubles(self) -> list[str | None]:
        return [one.trouble for one in self.told if isinstance(one, PrinterChanged)]

    @property
    def answers(self) -> list[tuple[int, str]]:
        return [(one.order, one.detail) for one in self.told if isinstance(one, OrderAnswered)]


def test_each_flag_of_the_host_status_is_the_trouble_that_the_manual_says() -> None:
    def trouble(first: str, second: str) -> str | None:
        one, two = parse_string(first), parse_string(second)
        assert isinstance(one, HostFirst)
        assert isinstance(two, HostSecond)
        return trouble_of(one, two)

    def with_field(string: int, place: int, value: str) -> str | None:
        parts = [one.split(",") for one in WELL]
        parts[string][place] = value
        return trouble(",".join(parts[0]), ",".join(parts[1]))

    assert trouble(WELL[0], WELL[1]) is None
    assert with_field(0, 1, "1") == "paper_out"
    assert with_field(0, 2, "1") == "paused"
    assert with_field(0, 5, "1") == "buffer_full"
    assert with_field(0, 6, "1") == "diagnostic"
    assert with_field(0, 9, "1") == "settings_lost"
    assert with_field(0, 10, "1") == "too_cold"
    assert with_field(0, 11, "1") == "too_hot"
    assert with_field(1, 2, "1") == "head_open"
    assert with_field(1, 3, "1") == "ribbon_out"
    assert with_field(1, 7, "1") == "label_waiting"
    assert isinstance(parse_string(WELL[2]), HostThird)


@pytest.mark.parametrize(
    "text",
    ["", "030,0,0,0480,000,0,0,0,000,0,0", WELL[0] + ",0", "030,2,0,0480,000,0,0,0,000,0,0,0", "S S 1.25 kg"],
)
def test_what_is_no_string_of_the_three_is_none(text: str) -> None:
    assert parse_string(text) is None


def test_decode_says_what_each_string_holds() -> None:
    stream = b"".join(b"\x02" + one.encode() + b"\x03\r\n" for one in WELL).replace(b"030,0", b"030,1")

    first, second, third = decode("zpl-status", [stream], {})

    assert (first["string"], first["paper_out"], first["label_dots"], first["formats"]) == (1, True, 480, 0)
    assert (second["trouble"], second["print_mode"], second["remaining"]) == ("paper_out", "tear_off", 0)
    assert third == {"kind": "printer_status", "string": 3, "static_ram": False}
    assert decode("zpl-status", [b"~HS"], {}) == [{"kind": "command", "command": "host_status"}]


def test_a_code_can_not_drive_the_printer() -> None:
    wicked = "^XZ~JR^XA^FD_5E\x1b\n"
    made = label_zpl(label(code=wicked, lines=("ዶ ^PQ99 ~DG",)), CONFIG)

    assert made.count(b"^XA") == made.count(b"^XZ") == 1
    assert b"~" not in made
    assert b"^PQ99" not in made
    assert made.isascii()
    (told,) = decode("zpl", [made], {})
    assert told["fields"] == ["HOLD", "H1", "^XZ~JR^XA^FD_5E??", "ዶ ^PQ99 ~DG"]


def test_a_plain_code_is_a_barcode_too_where_it_fits() -> None:
    made, long = label_zpl(label(), CONFIG), label_zpl(label(code="9" * 40), CONFIG)

    assert b"^BY3^BCN,96,N,N,N^FDRB123456785GB^FS" in made
    assert b"^BC" not in long
    assert b"^BC" not in label_zpl(label(code="a b"), CONFIG)
    assert b"^PQ1" in made


def test_lines_that_do_not_fit_are_left_out_and_long_ones_cut() -> None:
    made = label_zpl(label(lines=("x" * 500,) * 20), CONFIG)

    (told,) = decode("zpl", [made], {})
    fields = told["fields"]
    assert isinstance(fields, list)
    assert 4 < len(fields) < 10
    assert max(map(len, fields)) == TEXT_MAX_CHARS
    assert escaped("_") == "_5F"


def test_it_is_up_once_it_has_answered_and_prints_what_it_is_given_one_after_the_other() -> None:
    desk = Desk().run(1)
    assert isinstance(desk.told[0], DeviceUp)
    assert desk.troubles == [None]

    desk.order(label(1))
    desk.order(label(2, "RA473124829GB"))
    desk.run(10)

    assert desk.answers == [(1, "printed"), (2, "printed")]
    assert [one[2] for one in desk.printer.printed] == ["RB123456785GB", "RA473124829GB"]


def test_a_trouble_is_told_once_and_its_end_too() -> None:
    desk = Desk(labels=0).run(9)
    assert desk.troubles == ["paper_out"]

    desk.printer.labels = 10
    desk.printer.head_open = True
    desk.run(3)
    desk.printer.head_open = False
    desk.run(3)

    assert desk.troubles == ["paper_out", "head_open", None]
    assert not [one for one in desk.told if isinstance(one, DeviceFault)]


def test_a_label_waits_for_the_printer_while_it_is_fresh() -> None:
    desk = Desk(labels=0).run(1)
    desk.order(label(1))
    desk.run(5)
    assert desk.answers == []
    desk.printer.labels = 10
    desk.run(6)

    assert desk.answers == [(1, "printed")]
    assert len(desk.printer.printed) == 1


def test_a_label_that_would_come_late_does_not_come() -> None:
    desk = Desk(labels=0).run(1)
    desk.order(label(1))
    desk.run(25)
    assert desk.answers == [(1, "too_late")]
    desk.printer.labels = 10
    desk.run(10)

    assert list(desk.printer.printed) == []


def test_a_label_that_is_stuck_in_the_printer_is_cancelled_there() -> None:
    desk = Desk().run(1)
    desk.order(label(1))
    desk.printer.head_open = True  # between the two
    desk.run(25)
    assert desk.answers == [(1, "too_late")]
    desk.printer.head_open = False
    desk.run(10)

    assert list(desk.printer.printed) == []
    assert desk.printer.jobs == 0


def test_one_that_is_silent_while_it_is_out_of_labels_is_told_as_silent() -> None:
    desk = Desk(mute=True).run(3)
    desk.printer.labels = 0
    desk.run(8)
    desk.printer.labels = 5
    desk.run(8)

    assert desk.troubles == [None, "silent", None]


def test_more_labels_than_it_keeps_are_refused() -> None:
    desk = Desk(labels=0).run(1)
    for number in range(1, LABELS_WAITING_MAX + 2):
        desk.order(label(number))

    assert desk.answers == [(LABELS_WAITING_MAX + 1, "queue_full")]


def test_what_is_for_another_device_is_left_alone() -> None:
    desk = Desk().run(1)

    assert desk.session.command(Trigger(PRINTER, 1, on=True), desk.now) == []
    assert desk.session.take_output() == b""


def test_every_cut_of_its_answer_is_understood_alike() -> None:
    data = b"".join(b"\x02" + one.encode() + b"\x03\r\n" for one in WELL)

    def told(*pieces: bytes) -> list[Reading]:
        session = ZplPrinter(CONFIG)
        session.wake(ms(0))
        return [reading for piece in pieces for reading in session.receive(piece, ms(5))]

    whole = told(data)
    assert [type(one) for one in whole] == [DeviceUp, PrinterChanged]
    for cut in range(len(data) + 1):
        assert told(data[:cut], data[cut:]) == whole
    assert told(*(data[at : at + 1] for at in range(len(data)))) == whole
    assert [type(one) for one in told(b"garbage\x03\r\n", data)] == [DeviceFault, DeviceUp, PrinterChanged]
    assert [type(one) for one in told(data[40:], data)][-2:] == [DeviceUp, PrinterChanged]


def test_the_simulated_printer_loses_what_its_memory_does_not_hold() -> None:
    printer = LabelPrinter(labels=0)
    device = ZplPrinterDevice(printer)
    for _ in range(JOBS_MAX + 2):
        device.receive(b"^XA^FDx^FS^XZ", ms(0))

    assert (printer.jobs, printer.lost) == (JOBS_MAX, 2)
    device.receive(b"^XA^FD" + b"x" * BUFFER_BYTES_MAX, ms(0))
    device.receive(b"~HS", ms(1))
    assert b",016,1," in device.take_output(ms(1))
    device.power_up()
    assert printer.jobs == 0
