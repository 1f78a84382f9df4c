"""The process beside the gateway that looks at pictures: `python -m drivers.cameras.worker FOLDER`.

Watches a folder and writes one JSON line for each new picture to its output: file, SHA-256, size, instant, and every
code with its AIM identifier and its centre. A picture that can't be read is told as such. It is a process of its own
because native code decodes: a crash there must not take the gateway down (architecture §5). It ends when its input is
closed, which also happens when the gateway is killed. cv2 and zxingcpp are imported here alone.
"""

import hashlib
import json
import math
import os
import select
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from drivers.cameras import CODES_MAX, DECODE_MAX_S, EXIT_FULL_FOLDER, EXIT_NO_FOLDER, LINE_MAX_BYTES
from drivers.cameras.folder_watch import FolderWatch, FullFolderError, Sighting
from drivers.scanners.aim import is_linear

POLL_S: Final = 0.02
"""Between two looks at an idle folder."""
FILE_MAX_BYTES: Final = 32 * 1024 * 1024
PIXELS_MAX: Final = 64_000_000
"""A small file can unfold to gigabytes."""
ENLARGED: Final = 1.5
"""A linear code counts only if the picture, enlarged by this factor, gives it again: one check digit or none is not
enough on a blurred photograph or where the scanned line leaves the bars (docs/cameras.md)."""
RETAIL_STRIP_PERCENT: Final = 3
"""Rows that agree on a retail code (EAN, UPC) span at least this part of its length: a UPC-E of one or two rows is most
often the edge of another code."""

_IN: Final = 0
_OUT: Final = 1
_ERR: Final = 2


class Code(NamedTuple):
    data: str
    aim: str | None
    x: int
    y: int


class UnreadableError(Exception):
    """A picture that can't be read; the text says why."""


def main(arguments: list[str]) -> int:
    out = _keep_native_code_quiet()
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(PIXELS_MAX)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the default ends the process whatever it is doing
    decoder = Decoder()
    (folder,) = arguments
    try:
        watch = FolderWatch(folder)
        _tell(out, {"ready": decoder.engines})
        while True:
            if skipped := watch.look():
                _tell(out, {"skipped": skipped})
            picture = watch.take()
            if _input_ended(0.0 if picture else POLL_S):
                return 0
            if picture is not None:
                _tell_picture(out, decoder, folder, picture)
                watch.tidy()
    except BrokenPipeError:
        return 0
    except FullFolderError:
        return EXIT_FULL_FOLDER
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return EXIT_NO_FOLDER


class Decoder:
    """zxing-cpp, and zbar for what it does not find, where Debian's libzbar0 is installed."""

    def __init__(self) -> None:
        import cv2
        import numpy as np
        import zxingcpp

        cv2.setNumThreads(1)
        self._cv2, self._np, self._zxing = cv2, np, zxingcpp
        self._zbar = _zbar()
        self.engines = "zxing-cpp and zbar" if self._zbar else "zxing-cpp"

    def decode(self, data: bytes) -> tuple[int, int, list[Code]]:
        """Width, height, codes. Raises UnreadableError."""
        image = self._image(data)
        height, width = image.shape
        found = list(self._by_zxing(image))
        if not found and self._zbar is not None:
            found = list(self._zbar(image))
        if len(found) > CODES_MAX:
            raise UnreadableError(f"{len(found)} codes in it, {CODES_MAX} at most")
        inside = [c._replace(x=min(max(c.x, 0), width - 1), y=min(max(c.y, 0), height - 1)) for c in found]
        return width, height, inside

    def _image(self, data: bytes) -> Any:  # noqa: ANN401  # numpy is not imported by whoever only imports this file
        cv2 = self._cv2
        flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
        try:
            image = cv2.imdecode(self._np.frombuffer(data, self._np.uint8), flags)
        except cv2.error:
            raise UnreadableError(f"broken, or more than {PIXELS_MAX} pixels") from None
        if image is None:
            raise UnreadableError("broken")
        return image

    def _by_zxing(self, image: Any) -> Iterator[Code]:  # noqa: ANN401  # as above
        zxing, cv2 = self._zxing, self._cv2
        found = [one for one in zxing.read_barcodes(image, text_mode=zxing.TextMode.Plain) if one.text]
        again: set[str] = set()
        if any(is_linear(one.symbology_identifier) for one in found):
            larger = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
            linear = zxing.BarcodeFormat.AllLinear
            second = zxing.read_barcodes(larger, formats=linear, text_mode=zxing.TextMode.Plain)
            again = {one.text for one in second}
        for one in found:
            corners = _corners(one.position)
            if is_linear(one.symbology_identifier) and one.text not in again:
                continue
            if one.symbology == zxing.BarcodeFormat.EANUPC and _is_thin(corners):
                continue
            x, y = (sum(of_one) // len(corners) for of_one in zip(*corners, strict=True))
            yield Code(one.text, one.symbology_identifier or None, x, y)


def _corners(position: Any) -> tuple[tuple[int, int], ...]:  # noqa: ANN401  # as above
    p = position
    return tuple((at.x, at.y) for at in (p.top_left, p.top_right, p.bottom_right, p.bottom_left))


def _is_thin(corners: tuple[tuple[int, int], ...]) -> bool:
    top_left, top_right, _, bottom_left = corners
    return 100 * math.dist(top_left, bottom_left) < RETAIL_STRIP_PERCENT * math.dist(top_left, top_right)


def _zbar() -> Callable[[Any], Iterator[Code]] | None:
    try:
        from pyzbar.pyzbar import ZBarSymbol, decode
    except ImportError:  # without the package, or without libzbar0
        return None
    # Those with a strong check of their own. zbar tells no AIM identifier.
    symbols = [ZBarSymbol.CODE128, ZBarSymbol.QRCODE]

    def read(image: Any) -> Iterator[Code]:  # noqa: ANN401  # as above
        for one in decode(image, symbols=symbols):
            box = one.rect
            data = one.data.decode("utf-8", "replace")
            if data:
                yield Code(data, None, box.left + box.width // 2, box.top + box.height // 2)

    return read


def read_file(path: str) -> bytes:
    """A whole picture, in bounds. Raises UnreadableError."""
    try:
        # NONBLOCK: a named pipe must not hold the worker up.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise UnreadableError("no regular file")
            data = file.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableError(os.strerror(error.errno or 0)) from None
    if len(data) > FILE_MAX_BYTES:
        raise UnreadableError(f"more than {FILE_MAX_BYTES} bytes")
    if not _is_whole(data):
        raise UnreadableError("no whole PNG, JPEG or WebP; write it under another name, then rename it")
    return data


def _is_whole(data: bytes) -> bool:
    """A JPEG that breaks off would still give a picture, grey from there on: "no code" would be a lie."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND" in data[-64:]
    if data.startswith(b"\xff\xd8"):
        return b"\xff\xd9" in data[-64:]
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return False


def _tell_picture(out: int, decoder: Decoder, folder: str, picture: Sighting) -> None:
    file = picture.name.encode("utf-8", "replace").decode("utf-8")
    signal.alarm(DECODE_MAX_S)
    try:
        data = read_file(os.path.join(folder, picture.name))
        width, height, codes = decoder.decode(data)
    except UnreadableError as why:
        told: dict[str, object] = {"file": file, "fault": str(why)}
    else:
        told = {
            "file": file,
            "sha256": hashlib.sha256(data).hexdigest(),
            "width": width,
            "height": height,
            "seen_ns": picture.seen_ns,
            "codes": [code._asdict() for code in codes],
        }
        if len(_line(told)) > LINE_MAX_BYTES:
            told = {"file": file, "fault": f"its codes need more than {LINE_MAX_BYTES} bytes"}
    signal.alarm(0)
    _tell(out, told)


def _line(told: dict[str, object]) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode("ascii") + b"\n"


def _tell(out: int, told: dict[str, object]) -> None:
    rest = memoryview(_line(told))
    while rest:
        rest = rest[os.write(out, rest) :]


def _input_ended(wait_s: float) -> bool:
    ready, _, _ = select.select([_IN], [], [], wait_s)
    return bool(ready) and not os.read(_IN, 4_096)


def _keep_native_code_quiet() -> int:
    """Libraries print to descriptors 1 and 2 as they like: into our lines, and over whatever the terminal shows.
    Returns where the lines go; what Python itself says of a crash still reaches the log."""
    out, err = os.dup(_OUT), os.dup(_ERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _OUT)
    os.dup2(nowhere, _ERR)
    os.close(nowhere)
    sys.stderr = open(err, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115  # for life
    return out


if __name__ == "__main__":
    os.nice(5)  # the gateway goes first
    sys.exit(main(sys.argv[1:]))
