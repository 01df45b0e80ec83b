"""What reaches a printer: text that lines up, commands that we wrote, and nothing that a guest wrote as a command."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from goodtaste.floor.printing import emulator, escpos, tspl
from goodtaste.floor.printing.emulator import Code, NotEscPos, Opened, Printed, WasCut
from goodtaste.floor.printing.paper import (
    Cells,
    Cut,
    Document,
    Drawer,
    Feed,
    Qr,
    Rule,
    Text,
    headed,
    row,
    without_drawer,
)
from goodtaste.floor.printing.text import STAND_IN, coded, columns, plain, wrap

EVIL = (
    "\x1b@\x1bp\x00\x32\x32", "\x1dV\x00", "\x10\x04\x01", "\x1c.", "a\x00b", "\u202egnip",
    "z\u200bw", "🍜🍜", "\ud800", "𠮷野家", "\x9b31m", "\x7f",
)  # fmt: skip
anything = st.one_of(
    st.text(max_size=60), st.sampled_from(EVIL), st.text("\x1b\x1d\x1c\x10\x00\n@V!p(kAa红烧", max_size=40)
)
paper = st.sampled_from((32, 48))


def _lines(document: Document, width: int) -> list[Printed]:
    return [each for each in emulator.read(escpos.encode(document, columns=width)) if isinstance(each, Printed)]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("少糖\x1bp\x00\x32\x32加蛋", f"少糖{STAND_IN}p{STAND_IN}22加蛋"),
        ("a\x1b\x1d\x00b", f"a{STAND_IN}b"),
        ("不要\n香菜\t谢谢", "不要 香菜 谢谢"),
        ("¥12", "￥12"),
        ("王\u202e五\u200b", f"王{STAND_IN}五{STAND_IN}"),
        ("👨‍👩‍👧 好吃😀", f"{STAND_IN} 好吃{STAND_IN}"),
        ("Cafe\u0301", "Café"),
        ("𠮷", STAND_IN),
    ],
)
def test_what_a_guest_writes_is_shown_and_never_done(written: str, shown: str) -> None:
    assert plain(written) == shown


@given(anything)
@example("\x1b@")
def test_text_holds_no_byte_that_a_printer_obeys(text: str) -> None:
    raw = coded(text)
    assert min(raw, default=0x20) >= 0x20
    assert 0x7F not in raw
    assert raw.decode("gb18030") == plain(text)
    assert plain(plain(text)) == plain(text)


@settings(max_examples=300)
@given(anything, anything, paper)
def test_whatever_people_write_the_printer_does_what_the_layout_says(name: str, note: str, width: int) -> None:
    document = Document(
        (
            Text(name, "center", "big"),
            Cells(name, (("2", 4), (note[:8], 9))),
            Text(note),
            Rule(),
            row(note, "12.00"),
            Feed(2),
            Qr("https://x/r/1"),
            Cut(),
        )
    )
    done = emulator.read(escpos.encode(document, columns=width))
    others = [each for each in done if not isinstance(each, Printed)]
    assert others == [emulator.Fed(2), Code("https://x/r/1", 6, "center"), WasCut()]
    assert all(columns(each.text) * each.wide <= width for each in done if isinstance(each, Printed))


@given(anything, st.integers(2, 48))
def test_a_long_text_is_wrapped_and_loses_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == plain(text).replace(" ", "")


@pytest.mark.parametrize("width", [32, 48])
def test_amounts_line_up_at_the_right_edge_beside_chinese_and_latin_names(width: int) -> None:
    names = ("秘制红烧肉", "Coke", "蟹粉小笼包 (大份 8只) 配姜丝镇江香醋外加一碗紫菜汤", "Café 拿铁·冰")
    document = Document(tuple(Cells(name, (("x2", 5), ("1,158.00", 10))) for name in names))
    lines = _lines(document, width)
    amounts = [line for line in lines if line.text.endswith("1,158.00")]
    assert len(amounts) == len(names)
    assert {columns(line.text) for line in amounts} == {width}
    assert "".join(line.text for line in lines if "碗" in line.text)


def test_the_bytes_of_a_line_are_these() -> None:
    raw = escpos.encode(Document((row("小计", "￥9.90"), Cut())), columns=32)
    assert raw.hex(" ") == (
        "1b 40 1c 26 1b 61 00 1d 21 00 1b 45 00 d0 a1 bc c6 " + "20 " * 22 + "a3 a4 39 2e 39 30 0a "
        "1b 61 00 1d 21 00 1b 45 00 1d 56 42 00"
    )


def test_a_qr_code_carries_its_address_and_a_copy_leaves_the_drawer_shut() -> None:
    document = Document((Drawer(), Qr("https://goodtaste.example/r/中"), Cut()))
    done = emulator.read(escpos.encode(document, columns=48))
    assert done == [Opened(), Code("https://goodtaste.example/r/中", 6, "center"), WasCut()]
    copy = headed(without_drawer(document), ["补打 1"])
    done = emulator.read(escpos.encode(copy, columns=48))
    assert done == [Printed("补打 1", "center", tall=2, bold=True), *done[1:]]
    assert Opened() not in done


@pytest.mark.parametrize("raw", [b"\x1bZ\x00", b"\x01", b"\x1d(k\x03\x001Q", b"\x81\x30\x81\x30", b"\xd0\xa1"])
def test_the_emulator_stumbles_over_what_is_no_command_of_ours(raw: bytes) -> None:
    with pytest.raises(NotEscPos):
        emulator.read(raw)


@given(anything, st.integers(1, 7))
def test_the_emulator_takes_bytes_in_pieces(text: str, size: int) -> None:
    raw = escpos.encode(Document((Text(text), Qr("x"), Cut())), columns=32)
    printer = emulator.Printer()
    done = [each for i in range(0, len(raw), size) for each in printer.take(raw[i : i + size])]
    assert done == emulator.read(raw)


@given(anything)
@example('" \r\nPRINT 99\r\n')
@example('\\["]')
def test_no_name_ends_the_text_of_a_label(name: str) -> None:
    raw = tspl.encode(Document((Text(name, size="tall"), Text("少冰"), Cut(), Text("2/2"), Cut())))
    lines = raw.decode("gb18030").split("\r\n")
    assert lines[-1] == ""
    assert [line for line in lines if line.startswith("PRINT")] == ["PRINT 1,1"] * 2
    known = re.compile(r'(SIZE|GAP|DIRECTION|CLS|PRINT)[ 0-9,m]*|TEXT \d+,\d+,"TSS24.BF2",0,\d,\d,"[^"\\]*"')
    assert [line for line in lines[:-1] if not known.fullmatch(line)] == []


def test_a_label_that_overflows_says_so() -> None:
    raw = tspl.encode(Document((Text("很长的名字" * 40), Cut()))).decode("gb18030")
    assert f'"{tspl.MORE}"' in raw
    heights = [int(y) for y in re.findall(r"TEXT \d+,(\d+)", raw)]
    assert max(heights) < tspl.HEIGHT
