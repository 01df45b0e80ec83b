"""Every hostile string that there is reaches printers and the pages that the house draws as text, or not at all."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from goodtaste.floor.invoice.receipt_view import Line, ReceiptView, page
from goodtaste.floor.printing import emulator, escpos, tspl
from goodtaste.floor.printing.emulator import Opened, Printed, WasCut
from goodtaste.floor.printing.paper import Cells, Cut, Document, Text
from goodtaste.floor.printing.text import coded, plain
from tests.hostile import ALL, strings

EVERY = strings()


class _Seen(HTMLParser):
    """What a page is made of for who reads it: its elements with the names of their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[tuple[str, ...]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, *(name for name, _ in attrs)))


def _receipt(text: str) -> _Seen:
    lines = [Line(text, 1, 5_800, (text,))]
    shown = ReceiptView("", text, text, text, text, None, lines, 5_800, 5_800, 0, 0, None)
    return _Seen(page(shown, text, new_id="", token=text))


def test_there_are_2000_of_them_and_always_the_same() -> None:
    assert len(set(EVERY)) == len(EVERY) == ALL == 2_000
    assert strings() == EVERY


def test_a_printer_does_with_none_of_them_what_the_layout_does_not_say() -> None:
    for text in EVERY:
        raw = coded(text)
        assert min(raw, default=0x20) >= 0x20, text
        assert 0x7F not in raw, text
        document = Document((Text(text, "center", "big"), Cells(text, (("2", 4),)), Cut()))
        done = emulator.read(escpos.encode(document, columns=32))
        assert [type(each) for each in done if not isinstance(each, Printed)].count(Opened) == 0, text
        assert sum(isinstance(each, WasCut) for each in done) == 1, text
        assert plain(plain(text)) == plain(text)


def test_a_label_printer_does_with_none_of_them_what_the_layout_does_not_say() -> None:
    known = re.compile(r'(SIZE|GAP|DIRECTION|CLS|PRINT)[ 0-9,m]*|TEXT \d+,\d+,"TSS24.BF2",0,\d,\d,"[^"\\]*"')
    for text in EVERY:
        lines = tspl.encode(Document((Text(text, size="tall"), Cut()))).decode("gb18030").split("\r\n")
        assert [line for line in lines[:-1] if not known.fullmatch(line)] == [], text


def test_a_receipt_that_holds_one_is_the_page_that_it_always_is() -> None:
    plain_page = _receipt("红烧肉").parts
    for text in EVERY:
        assert _receipt(text).parts == plain_page, text
