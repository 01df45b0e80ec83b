"""ESC/POS: documents as bytes for receipt printers with a Chinese font, and the questions that are asked of them.

The commands are few and stand here with their names; no byte below a space reaches the paper's text but those written down in this file.
"""

from __future__ import annotations

from typing import Literal

from goodtaste.floor.printing.paper import Cut, Document, Drawer, Feed, Qr, lay_out
from goodtaste.floor.printing.text import coded

Mm = Literal[58, 80]
COLUMNS: dict[int, int] = {58: 32, 80: 48}  # of 12 dots; a Chinese character takes two
DOTS: dict[int, int] = {58: 384, 80: 576}

INIT = b"\x1b@"
CHINESE = b"\x1c&"
LF = b"\n"
ALIGN = {"left": b"\x1ba\x00", "center": b"\x1ba\x01", "right": b"\x1ba\x02"}
SIZE = {"normal": b"\x1d!\x00", "tall": b"\x1d!\x01", "big": b"\x1d!\x11"}
BOLD = {False: b"\x1bE\x00", True: b"\x1bE\x01"}
CUT = b"\x1dVB\x00"  # feed to the knife, then cut
DRAWER = b"\x1bp\x00\x32\x32"  # pin 2, 100 ms
FEED = b"\x1bd"
QR_MODEL, QR_LEVEL_M = b"\x1d(k\x04\x001A2\x00", b"\x1d(k\x03\x001E1"
QR_PRINT = b"\x1d(k\x03\x001Q0"

PROCESS_ID = b"\x1d(H\x06\x0000"  # answered, when all before it is printed, with 37 22, the id and 00
PAPER_STATUS = b"\x1dr\x01"  # answered in its turn with one byte
REAL_TIME = {
    "printer": b"\x10\x04\x01",
    "offline": b"\x10\x04\x02",
    "paper": b"\x10\x04\x04",
}  # answered at once, whatever waits


def encode(document: Document, *, columns: int) -> bytes:
    """Return a document as bytes for paper of so many columns.  They begin with a reset, so nothing is left of what came before."""
    out = bytearray(INIT + CHINESE)
    for block in document.blocks:
        if isinstance(block, Qr):
            out += ALIGN["center"] + _qr(block) + ALIGN["left"]
        elif isinstance(block, Feed):
            out += FEED + bytes([min(block.lines, 255)])
        elif isinstance(block, Cut):
            out += CUT
        elif isinstance(block, Drawer):
            out += DRAWER
        else:
            for line in lay_out(block, columns):
                out += ALIGN[line.align] + SIZE[line.size] + BOLD[line.bold] + coded(line.text) + LF
            out += ALIGN["left"] + SIZE["normal"] + BOLD[False]
    return bytes(out)


def _qr(block: Qr) -> bytes:
    data = b"1P0" + block.data.encode()
    size = b"\x1d(k\x03\x001C" + bytes([min(max(block.module, 1), 16)])
    return QR_MODEL + size + QR_LEVEL_M + b"\x1d(k" + len(data).to_bytes(2, "little") + data + QR_PRINT


def question(mark: bytes, *, by_id: bool) -> bytes:
    """Return what is sent after a document to learn that it was printed: a process id of four printable bytes, or the paper status."""
    return PROCESS_ID + mark if by_id else PAPER_STATUS
