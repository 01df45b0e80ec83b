"""TSPL: documents as bytes for label printers.  A label ends where the document is cut; what does not fit on it is left out and marked."""

from __future__ import annotations

from goodtaste.floor.printing.paper import Block, Cut, Document, Drawer, Feed, Qr, lay_out
from goodtaste.floor.printing.text import CODEC

DOTS_PER_MM = 8
WIDTH_MM, HEIGHT_MM, GAP_MM = 40, 30, 2
MARGIN, LINE = 8, 28  # dots
COLUMNS = (WIDTH_MM * DOTS_PER_MM - 2 * MARGIN) // 12
HEIGHT = HEIGHT_MM * DOTS_PER_MM
FONT = "TSS24.BF2"  # the Chinese font, 24 dots
TIMES = {"normal": (1, 1), "tall": (1, 2), "big": (2, 2)}
QR_CELL = 4
MORE = "…"

STATUS = b"\x1b!?"  # answered at once with one byte
READY, PRINTING = 0x00, 0x20
FAULTS = {0x01: "cover_open", 0x02: "jammed", 0x04: "paper_out", 0x08: "ribbon_out", 0x10: "paused"}
_APART = str.maketrans({'"': "＂", "\\": "＼"})  # what ends a text in TSPL, as characters that do not


def encode(document: Document) -> bytes:
    """Return a document as bytes, a label for each part of it that ends with a cut."""
    head = f"SIZE {WIDTH_MM} mm,{HEIGHT_MM} mm\r\nGAP {GAP_MM} mm,0\r\nDIRECTION 1\r\n"
    labels = "".join(_label(part) for part in _parts(document))
    return (head + labels).encode(CODEC)


def _parts(document: Document) -> list[list[Block]]:
    parts: list[list[Block]] = [[]]
    for block in document.blocks:
        if isinstance(block, Cut):
            parts.append([])
        else:
            parts[-1].append(block)
    return [part for part in parts if part]


def _label(blocks: list[Block]) -> str:
    out, y = "CLS\r\n", MARGIN
    for block in blocks:
        if isinstance(block, Drawer | Cut):
            continue
        if isinstance(block, Feed):
            y += LINE * block.lines
            continue
        if isinstance(block, Qr):
            data = block.data.translate(_APART)
            out += f'QRCODE {WIDTH_MM * DOTS_PER_MM - 110},{HEIGHT - 118},M,{QR_CELL},A,0,"{data}"\r\n'
            continue
        for line in lay_out(block, COLUMNS):
            across, down = TIMES[line.size]
            if y + LINE * down > HEIGHT - MARGIN:
                out += f'TEXT {WIDTH_MM * DOTS_PER_MM - 32},{HEIGHT - LINE},"{FONT}",0,1,1,"{MORE}"\r\n'
                return out + "PRINT 1,1\r\n"
            out += f'TEXT {MARGIN},{y},"{FONT}",0,{across},{down},"{line.text.translate(_APART)}"\r\n'
            y += LINE * down
    return out + "PRINT 1,1\r\n"
