"""A printer in memory: ESC/POS bytes become what a printer would do.  It knows the commands of `escpos` and stumbles over any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

Align = Literal["left", "center", "right"]
_ALIGNS: tuple[Align, ...] = ("left", "center", "right")


class NotEscPos(Exception):
    """Raised for bytes that are no command this printer knows; it says at which byte."""

    def __init__(self, offset: int, found: bytes) -> None:
        super().__init__(f"byte {offset}: {found.hex(' ')}")
        self.offset = offset


class Printed(msgspec.Struct, frozen=True, tag="printed"):
    """A line of text."""

    text: str
    align: Align = "left"
    wide: int = 1
    tall: int = 1
    bold: bool = False


class Code(msgspec.Struct, frozen=True, tag="code"):
    """A QR code."""

    data: str
    module: int
    align: Align = "left"


class Fed(msgspec.Struct, frozen=True, tag="fed"):
    """Empty lines."""

    lines: int


class WasCut(msgspec.Struct, frozen=True, tag="cut"):
    """The paper was cut."""


class Opened(msgspec.Struct, frozen=True, tag="drawer"):
    """The drawer was opened."""


class Asked(msgspec.Struct, frozen=True, tag="asked"):
    """Something was asked: `what` is "id" (with the id), "paper" in its turn, or the number of a question in real time."""

    what: str
    id: str = ""


Done = Printed | Code | Fed | WasCut | Opened | Asked


class Printer:
    """Takes bytes in pieces of any size, and tells what it did."""

    def __init__(self) -> None:
        self._waiting, self._taken = b"", 0
        self._reset()

    def _reset(self) -> None:
        self._align: Align = "left"
        self._wide = self._tall = 1
        self._bold = self._chinese = False
        self._text = bytearray()
        self._qr, self._module = b"", 3

    def take(self, data: bytes) -> Iterator[Done]:
        """Take bytes; give what was done with them.  A command that is not whole yet waits for the rest."""
        self._waiting += data
        while self._waiting:
            size, done = self._next(self._waiting)
            if size == 0:
                return
            self._waiting, self._taken = self._waiting[size:], self._taken + size
            yield from done

    @property
    def unfinished(self) -> bool:
        """Whether a command or a line waits for its rest."""
        return bool(self._waiting or self._text)

    def _next(self, b: bytes) -> tuple[int, list[Done]]:
        """Return the size of the first command and what it does; 0 while it is not whole."""
        first = b[0]
        if first == 0x0A:
            line = Printed(self._text.decode("gb18030"), self._align, self._wide, self._tall, self._bold)
            self._text.clear()
            return 1, [line]
        if first >= 0x20:
            return self._character(b)
        if first not in (0x10, 0x1B, 0x1C, 0x1D):
            raise NotEscPos(self._taken, b[:1])
        if len(b) < 2:
            return 0, []
        if first == 0x1B and b[1] == 0x40:
            self._reset()
            return 2, []
        if first == 0x1C and b[1] == 0x26:
            self._chinese = True
            return 2, []
        if len(b) < 3:
            return 0, []
        if first == 0x1D and b[1] == 0x28:
            return self._long(b)
        return self._short(b)

    def _character(self, b: bytes) -> tuple[int, list[Done]]:
        size = 1 if b[0] < 0x80 else 2
        if len(b) < size:
            return 0, []
        if size == 2 and not (self._chinese and 0x81 <= b[0] <= 0xFE and 0x40 <= b[1] <= 0xFE and b[1] != 0x7F):
            raise NotEscPos(self._taken, b[:2])
        self._text += b[:size]
        return size, []

    def _short(self, b: bytes) -> tuple[int, list[Done]]:
        name, n = b[:2], b[2]
        if name == b"\x1ba" and n < 3:
            self._align = _ALIGNS[n]
        elif name == b"\x1bE":
            self._bold = bool(n & 1)
        elif name == b"\x1d!":
            self._wide, self._tall = (n >> 4) + 1, (n & 15) + 1
        elif name == b"\x1bd":
            return 3, [Fed(n)]
        elif name == b"\x1dr":
            return 3, [Asked("paper")]
        elif name == b"\x10\x04":
            return 3, [Asked(str(n))]
        elif name == b"\x1dV":
            return (4, [WasCut()]) if len(b) >= 4 else (0, [])
        elif name == b"\x1bp":
            return (5, [Opened()]) if len(b) >= 5 else (0, [])
        else:
            raise NotEscPos(self._taken, b[:3])
        return 3, []

    def _long(self, b: bytes) -> tuple[int, list[Done]]:
        size = 5 + int.from_bytes(b[3:5], "little")
        if len(b) < 5 or len(b) < size:
            return 0, []
        kind, body = b[2:3], b[5:size]
        if kind == b"H" and body[:2] == b"00":
            return size, [Asked("id", body[2:6].decode("ascii"))]
        if kind != b"k" or body[:1] != b"1":
            raise NotEscPos(self._taken, b[:size])
        if body[1:2] == b"C":
            self._module = body[2]
        elif body[1:2] == b"P":
            self._qr = body[3:]
        elif body[1:2] == b"Q":
            return size, [Code(self._qr.decode(), self._module, self._align)]
        return size, []


def read(data: bytes) -> list[Done]:
    """Return what a printer does with bytes; raises `NotEscPos` for what it does not know and for what is cut off."""
    printer = Printer()
    done = list(printer.take(data))
    if printer.unfinished:
        raise NotEscPos(len(data), b"")
    return done
