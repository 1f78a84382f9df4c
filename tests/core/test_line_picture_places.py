"""Where a camera's code stands in its picture says where on the belt its label is."""

import pytest
from line_driver import ENTROPY, READER, S10, S10_B, TO_MEASURED_S, LineDriver, Object, config, entered

from drivers.reading import BarcodeRead, Place
from edge.core.gateway import Gateway
from hub_config.names import Instant

WIDTH_PX, HEIGHT_PX = 1_280, 960
PIXEL_UM = 250


def camera(**changes: object) -> LineDriver:
    """The example's reader as a camera over the belt: one pixel shows 0.25 mm, so its picture 320 mm."""
    line = config().lines[0]
    reader = line.readers[0].model_copy(update={"pixel_um": PIXEL_UM, **changes})
    return LineDriver(Gateway(config(readers=(reader,)), ENTROPY)).start()


def picture(driver: LineDriver, at: int, code: str, ahead_um: int) -> None:
    """Taken at `at`; the code is so far ahead of the camera's middle."""
    place = Place(WIDTH_PX // 2 + ahead_um // PIXEL_UM, 480, WIDTH_PX, HEIGHT_PX, "0" * 64)
    driver.when(at, BarcodeRead(READER, Instant(at), code, "code128", "]C0", code.encode(), None, place))


def pair(driver: LineDriver) -> tuple[Object, Object, int]:
    """Two parcels 60 mm apart, and when the middle of that gap is under the camera."""
    first = driver.carry(entered(driver))
    second = driver.carry(Object(first.rear_at(60_000)))
    driver.weigh(first)
    driver.weigh(second)
    return first, second, first.rear_at(driver.line.readers[0].position_um + 30_000)


def named(driver: LineDriver) -> list[tuple[str, ...]]:
    """Codes of each parcel that was measured."""
    told = [event for event in driver.events if event.kind == "parcel.measured"]
    return [tuple(code.data for code in event.codes) for event in told]


def test_two_codes_in_one_picture_are_each_the_parcels_that_lies_there() -> None:
    driver = camera()
    _, _, at = pair(driver)
    picture(driver, at, S10, 140_000)
    picture(driver, at, S10_B, -140_000)
    driver.later(TO_MEASURED_S + 0.5)

    assert named(driver) == [(S10,), (S10_B,)]


def test_without_a_pixels_size_they_are_anywhere_in_view_and_so_nobodys() -> None:
    driver = camera(pixel_um=None)
    _, _, at = pair(driver)
    picture(driver, at, S10, 140_000)
    picture(driver, at, S10_B, -140_000)
    driver.later(TO_MEASURED_S + 0.5)

    assert named(driver) == []


def test_a_code_over_the_gap_is_nobodys() -> None:
    driver = camera()
    _, _, at = pair(driver)
    picture(driver, at, S10, 0)
    driver.later(TO_MEASURED_S + 0.5)

    assert named(driver) == []


@pytest.mark.parametrize(
    ("along", "origin_px", "x_px", "y_px", "ahead_px"),
    [
        ("x", None, 740, 0, 100), ("-x", None, 740, 0, -100), ("y", None, 0, 500, 20),
        ("-y", 100, 0, 500, -400), ("x", 700, 740, 0, 40),
    ],
)  # fmt: skip
def test_which_way_parcels_go_in_the_picture_and_what_its_origin_is(
    along: str, origin_px: int | None, x_px: int, y_px: int, ahead_px: int
) -> None:
    driver = camera(along=along, origin_px=origin_px)
    reader = driver.gateway._lines[0]._measuring._readers[READER]
    place = Place(x_px, y_px, WIDTH_PX, HEIGHT_PX, "0" * 64)
    read = BarcodeRead(READER, driver.at, S10, "code128", "]C0", b"", None, place)
    driver.later(0.1)
    view = reader.view(read, driver.gateway._lines[0].track, driver.gateway._lines[0].belt)
    assert view is not None
    seen = reader.evidence(S10, read, view, names=True)

    assert seen.lo_um == seen.hi_um == reader.position_um + ahead_px * PIXEL_UM - view.first_um
    assert seen.sigma_um == 10_000
