"""What a printer did, as a picture: for tests, for the documentation, and for who plays with the sandbox printer.

It needs a font with Chinese characters, which the house does not bring along: the setting `printer_font` names its file.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import segno
from PIL import Image, ImageDraw, ImageFont

from goodtaste.floor.printing import escpos
from goodtaste.floor.printing.emulator import Code, Done, Fed, Printed, WasCut, read
from goodtaste.floor.printing.paper import Document
from goodtaste.floor.printing.text import columns

CELL, LINE, MARGIN, GAP = 12, 30, 24, 40  # dots: a column, a line, the paper's edge, what a cut takes
INK = 20
SHADES = 6  # of grey in a file: paper has two
FONTS = (  # where Debian (fonts-noto-cjk, fonts-wqy-zenhei) and macOS keep one
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/System/Library/Fonts/PingFang.ttc",
)
SIMPLIFIED = {"NotoSansCJK-Regular.ttc": 2}  # which font of a collection is the Simplified Chinese one


class NoFont(Exception):
    """Raised where no font with Chinese characters is found; it says where it was looked for."""


def font_file(named: str = "") -> Path:
    """Return the file of a font with Chinese characters: the one that is named, else one of `FONTS`.  Raises `NoFont`."""
    looked = [named] if named else FONTS
    for each in looked:
        if Path(each).is_file():
            return Path(each)
    raise NoFont(
        f"no font with Chinese characters at {', '.join(looked)}: install fonts-noto-cjk, or name a font file in GOODTASTE_PRINTER_FONT"
    )


@lru_cache(8)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, index=SIMPLIFIED.get(path.name, 0))


def draw(done: Sequence[Done], *, dots: int, font: Path) -> Image.Image:
    """Return a picture of a strip of paper that is `dots` wide."""
    strips = [each for each in (_strip(each, dots, font) for each in done) if each is not None]
    paper = Image.new("L", (dots + 2 * MARGIN, sum(each.height for each in strips) + 2 * MARGIN), 255)
    y = MARGIN
    for strip in strips:
        paper.paste(strip, (MARGIN, y))
        y += strip.height
    return paper


def preview(document: Document, *, paper_mm: int, font: Path, kind: Literal["PNG", "WEBP"] = "PNG") -> bytes:
    """Return what a receipt printer with such paper makes of a document, as a file; labels are drawn on the narrower paper."""
    mm = paper_mm if paper_mm in escpos.DOTS else min(escpos.DOTS)
    done = read(escpos.encode(document, columns=escpos.COLUMNS[mm]))
    return file_of(draw(done, dots=escpos.DOTS[mm], font=font), kind)


def file_of(picture: Image.Image, kind: Literal["PNG", "WEBP"]) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    picture.quantize(SHADES).convert("L").save(
        out, kind, **({"lossless": True, "method": 6} if kind == "WEBP" else {"optimize": True})
    )
    return out.getvalue()


def _strip(each: Done, dots: int, font: Path) -> Image.Image | None:
    if isinstance(each, Printed):
        return _line(each, dots, font)
    if isinstance(each, Code):
        return _code(each, dots)
    if isinstance(each, Fed):
        return Image.new("L", (dots, LINE * each.lines), 255)
    if isinstance(each, WasCut):
        strip = Image.new("L", (dots, GAP), 255)
        pen = ImageDraw.Draw(strip)
        for x in range(0, dots, 12):
            pen.line((x, GAP // 2, x + 6, GAP // 2), fill=150)
        return strip
    return None


def _line(each: Printed, dots: int, font: Path) -> Image.Image:
    strip = Image.new("L", (dots, LINE * each.tall), 255)
    x = _start(each.align, columns(each.text) * CELL * each.wide, dots)
    for character in each.text:
        wide = columns(character) * CELL
        cell = Image.new("L", (wide, LINE), 255)
        pen = ImageDraw.Draw(cell)
        for shift in (0, 1) if each.bold else (0,):
            pen.text(
                (wide / 2 + shift, 22), character, font=_font(font, 24 if wide > CELL else 20), fill=INK, anchor="ms"
            )
        strip.paste(cell.resize((wide * each.wide, LINE * each.tall)), (x, 0))
        x += wide * each.wide
    return strip


def _code(each: Code, dots: int) -> Image.Image:
    out = io.BytesIO()
    segno.make(each.data, micro=False, error="m", boost_error=False).save(out, kind="png", scale=each.module, border=0)
    code = Image.open(out).convert("L")
    strip = Image.new("L", (dots, code.height + 16), 255)
    strip.paste(code, (_start(each.align, code.width, dots), 8))
    return strip


def _start(align: str, wide: int, dots: int) -> int:
    return {"left": 0, "center": (dots - wide) // 2, "right": dots - wide}[align]
