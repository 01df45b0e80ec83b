"""Documents as data: what is to stand on paper, in the order in which it stands there.  Every printer makes its own bytes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from goodtaste.floor.printing.text import beside, columns, plain, wrap

Align = Literal["left", "center", "right"]
BLOCKS_MAX = 1_000  # of a document
QR_MAX = 300  # characters in a QR code


class Text(msgspec.Struct, frozen=True, omit_defaults=True, tag="text"):
    """A paragraph.  `big` is twice as wide and high, `tall` twice as high."""

    text: str
    align: Align = "left"
    size: Literal["normal", "tall", "big"] = "normal"
    bold: bool = False


class Cells(msgspec.Struct, frozen=True, omit_defaults=True, tag="cells"):
    """A line of a table: the first cell takes what is left and wraps, the others stand at the right end of its first line.

    `others`: each with the columns it takes; it is pushed to their right end, and takes more where it needs more.
    """

    first: str
    others: tuple[tuple[str, int], ...]
    size: Literal["normal", "tall"] = "normal"
    bold: bool = False


class Rule(msgspec.Struct, frozen=True, tag="rule"):
    """A line across the paper."""


class Qr(msgspec.Struct, frozen=True, omit_defaults=True, tag="qr"):
    """A QR code; `module` is the side of one of its squares, in dots."""

    data: str
    module: int = 6


class Feed(msgspec.Struct, frozen=True, omit_defaults=True, tag="feed"):
    """Empty lines."""

    lines: int = 1


class Cut(msgspec.Struct, frozen=True, tag="cut"):
    """The paper is cut, or the label ends."""


class Drawer(msgspec.Struct, frozen=True, tag="drawer"):
    """The cash drawer opens."""


Block = Text | Cells | Rule | Qr | Feed | Cut | Drawer


class Document(msgspec.Struct, frozen=True):
    """What is to be printed."""

    blocks: tuple[Block, ...]


class Laid(msgspec.Struct, frozen=True):
    """A line as it is printed: a `plain` text that fits the paper, and how it looks."""

    text: str
    align: Align
    size: Literal["normal", "tall", "big"]
    bold: bool


def row(left: str, right: str, *, bold: bool = False, size: Literal["normal", "tall"] = "normal") -> Cells:
    """Return a line with a text at each end."""
    return Cells(left, ((right, 0),), size, bold)


def lay_out(block: Text | Cells | Rule, width: int) -> Iterator[Laid]:
    """Give the lines of a block on paper of `width` columns."""
    if isinstance(block, Rule):
        yield Laid("-" * width, "left", "normal", bold=False)
    elif isinstance(block, Text):
        room = width // 2 if block.size == "big" else width
        for line in wrap(block.text, room):
            yield Laid(line, block.align, block.size, block.bold)
    else:
        for line in _cells(block, width):
            yield Laid(line, "left", block.size, block.bold)


def _cells(block: Cells, width: int) -> Iterator[str]:
    texts = [(plain(text), least) for text, least in block.others]
    right = "".join(" " * max(least - columns(text), 1) + text for text, least in texts)
    room = width - columns(right)
    if room < width // 4:  # no room beside it: it stands below, wrapped
        yield from wrap(block.first, width)
        yield from (beside("", line, width) for line in wrap(right.strip(" "), width))
        return
    first, *rest = wrap(block.first, room)
    yield beside(first, right, width)
    yield from rest


def without_drawer(document: Document) -> Document:
    """Return a document that leaves the drawer shut."""
    return Document(tuple(each for each in document.blocks if not isinstance(each, Drawer)))


def opens_drawer(document: Document) -> bool:
    """Tell whether a document opens the drawer."""
    return any(isinstance(each, Drawer) for each in document.blocks)


def is_drawer_alone(document: Document) -> bool:
    """Tell whether a document opens the drawer, and prints nothing."""
    return document.blocks == (Drawer(),)


def headed(document: Document, marks: Iterable[str]) -> Document:
    """Return a document with marks above everything else, such as that it was printed before."""
    above = tuple(Text(mark, "center", "tall", bold=True) for mark in marks)
    return Document((*above, *document.blocks))
