"""Label pictures, as a camera over the belt would take them: a white label with codes, at an angle, with noise.

One seed gives one picture, byte for byte. A picture is put into a camera's folder by a rename, so that it is never seen
half written. numpy, cv2 and zxingcpp (the extra `camera`) are imported only when a picture is drawn.
"""

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulators.parcels import LabelCode

if TYPE_CHECKING:
    import numpy as np

CODES_MAX: Final = 8
"""On one label; one below the other."""
MODULE_PX: Final = 3
"""Width of a narrow bar."""
MARGIN_PX: Final = 40
TURN_MAX_DEG: Final = 8
"""To either side; belts and hands put labels down askew."""
BELT_GREY: Final = 90
NOISE_GREY: Final = 8
"""Standard deviation of a pixel."""


def draw(codes: Sequence[LabelCode], seed: int) -> bytes:
    """A PNG of one label with these codes; without any, a blank label."""
    import cv2
    import numpy as np

    if len(codes) > CODES_MAX:
        raise ValueError(f"label: {len(codes)} codes asked for, limit {CODES_MAX}")
    rng = random.Random(seed)
    label = _label([_printed(code) for code in codes])
    picture = _laid_down(label, rng.uniform(-TURN_MAX_DEG, TURN_MAX_DEG))
    noise = np.random.default_rng(seed).normal(0, NOISE_GREY, picture.shape)
    noisy = np.clip(picture.astype(np.float32) + noise, 0, 255).astype(np.uint8)
    done, png = cv2.imencode(".png", noisy, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done, "a grey picture in memory can always be written as PNG"
    return png.tobytes()


def put(picture: bytes, folder: Path, name: str) -> Path:
    """Into the folder under this name, all at once."""
    part, whole = folder / f".{name}.part", folder / name
    part.write_bytes(picture)
    os.rename(part, whole)
    return whole


def _printed(code: LabelCode) -> "np.ndarray":
    import numpy as np
    import zxingcpp

    match code.aim:
        case "]C0":
            made = zxingcpp.create_barcode(code.data, zxingcpp.BarcodeFormat.Code128)
        case "]C1":
            made = zxingcpp.create_barcode(_bracketed(code.data), zxingcpp.BarcodeFormat.Code128, gs1=True)
        case "]E0":
            made = zxingcpp.create_barcode(code.data, zxingcpp.BarcodeFormat.EAN13)
        case "]Q1":
            made = zxingcpp.create_barcode(code.data, zxingcpp.BarcodeFormat.QRCode)
        case _:
            raise ValueError(f"label: no printer for codes with the AIM identifier {code.aim}")
    return np.array(made.to_image(scale=MODULE_PX, add_quiet_zones=True))


def _bracketed(data: str) -> str:
    """What this printer wants for an SSCC, the only GS1 code on these labels."""
    if not (data.startswith("00") and len(data) == 20 and data.isdigit()):
        raise ValueError(f"label: {data!r} is no SSCC with its 00 in front")
    return f"(00){data[2:]}"


def _label(symbols: Sequence["np.ndarray"]) -> "np.ndarray":
    import numpy as np

    width = max((symbol.shape[1] for symbol in symbols), default=10 * MARGIN_PX) + 2 * MARGIN_PX
    height = sum(symbol.shape[0] + MARGIN_PX for symbol in symbols) + 2 * MARGIN_PX
    label = np.full((height, width), 255, np.uint8)
    top = MARGIN_PX
    for symbol in symbols:
        label[top : top + symbol.shape[0], MARGIN_PX : MARGIN_PX + symbol.shape[1]] = symbol
        top += symbol.shape[0] + MARGIN_PX
    return label


def _laid_down(label: "np.ndarray", turn_deg: float) -> "np.ndarray":
    """On the grey belt, in a picture as wide and high as the label's diagonal."""
    import cv2

    height, width = label.shape
    side = int((height**2 + width**2) ** 0.5) + 2 * MARGIN_PX
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1.0)
    turn[:, 2] += (side / 2 - width / 2, side / 2 - height / 2)
    return cv2.warpAffine(label, turn, (side, side), borderValue=BELT_GREY)
