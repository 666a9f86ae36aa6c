"""How large a picture says it is, from its header alone: no decoder ever sees an unchecked file."""

from pathlib import Path

_MAX_SEGMENTS = 4000
_MAX_PAGES = 500
_WIDTH, _HEIGHT = 256, 257
#: Start of frame, every coding; what lies between them are tables (DHT, JPG, DAC).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class DamagedImage(Exception):
    """The header cannot be read (图片损坏)."""


def png_size(head: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    if head[12:16] != b"IHDR":
        raise DamagedImage
    return _positive(int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))


def jpeg_size(path: Path) -> tuple[int, int]:
    """Width and height of the first frame; segments before it are skipped."""
    with path.open("rb") as file:
        file.seek(2)
        for _ in range(_MAX_SEGMENTS):
            mark = file.read(2)
            while mark[1:] == b"\xff":  # fill bytes
                mark = mark[1:] + file.read(1)
            if len(mark) < 2 or mark[0] != 0xFF:
                raise DamagedImage
            length = int.from_bytes(file.read(2), "big")
            if mark[1] in _FRAMES:
                frame = file.read(5)
                return _positive(int.from_bytes(frame[3:5], "big"), int.from_bytes(frame[1:3], "big"))
            if length < 2 or mark[1] == 0xDA:  # the picture's data begins and no frame was named
                raise DamagedImage
            file.seek(length - 2, 1)
    raise DamagedImage


def tiff_sizes(path: Path, size: int) -> list[tuple[int, int]]:
    """Width and height of every page."""
    with path.open("rb") as file:
        order = "little" if file.read(2) == b"II" else "big"

        def number(at: int, length: int) -> int:
            file.seek(at)
            found = file.read(length)
            if len(found) < length:
                raise DamagedImage
            return int.from_bytes(found, order)  # type: ignore[arg-type]

        sizes: list[tuple[int, int]] = []
        seen: set[int] = set()
        directory = number(4, 4)
        while directory:
            if directory in seen or len(seen) >= _MAX_PAGES or not 8 <= directory < size:
                raise DamagedImage
            seen.add(directory)
            count = number(directory, 2)
            tags: dict[int, int] = {}
            for index in range(count):
                entry = directory + 2 + index * 12
                tag = number(entry, 2)
                if tag in (_WIDTH, _HEIGHT):
                    tags[tag] = number(entry + 8, 2 if number(entry + 2, 2) == 3 else 4)
            sizes.append(_positive(tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0)))
            directory = number(directory + 2 + count * 12, 4)
    if not sizes:
        raise DamagedImage
    return sizes


def _positive(width: int, height: int) -> tuple[int, int]:
    if not width or not height:
        raise DamagedImage
    return width, height
