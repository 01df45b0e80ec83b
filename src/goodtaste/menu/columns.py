"""The columns of the menu's tables: their headings in both languages, and how each cell is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from goodtaste.kernel.money import FEN_MAX, parse_fen
from goodtaste.menu.asked import CARBON_MAX, CODE, DESCRIPTION_MAX, PICTURE, PICTURE_MAX, PICTURES_MAX, TAGS_MAX
from goodtaste.menu.sheets import CELL_MAX, UNRECKONED, Row, Table, plain

_CODE, _PICTURE = re.compile(CODE), re.compile(PICTURE)
_MONEY = re.compile(r"^(?:rmb|cny|[¥￥])?\s*(.*?)\s*(?:元|rmb|cny)?$", re.IGNORECASE)
_GROUPED = re.compile(r"^\d{1,3}(,\d{3})+(\.\d+)?$")
_YES = {"是", "在售", "上架", "y", "yes", "true", "1", "on", "√"}
_NO = {"否", "停售", "下架", "n", "no", "false", "0", "off", "×"}
_KINDS = {"单品": "dish", "菜": "dish", "dish": "dish", "套餐": "set", "set": "set"}


class Wrong(Exception):
    """A cell that cannot be read.  `why` names the sentence `menu.row_<why>`."""

    def __init__(self, why: str, **facts: Any) -> None:
        super().__init__(why)
        self.why, self.facts = why, facts


class Column(msgspec.Struct, frozen=True):
    """A column: its headings, how its cells are read, and what an empty cell stands for (`...`: it must not be empty).

    `needed`: the table is not one without it.
    """

    key: str
    zh: str
    en: str
    read: Callable[[str], Any]
    empty: Any = ...
    needed: bool = False


class Cells(msgspec.Struct, frozen=True):
    """A row that could be read: its line, and the values of the columns the table has."""

    line: int
    values: Mapping[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """A row that cannot be taken: where, what stands there, why not, and what to write instead."""

    sheet: str
    line: int
    column: str
    value: str
    why: str
    facts: dict[str, Any]


def _half(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def name(limit: int) -> Callable[[str], str]:
    """Return a reader of one line of text with so many characters at most."""

    def read(text: str) -> str:
        if len(text) > limit:
            raise Wrong("long", limit=limit)
        if any(unicodedata.category(c) == "Cc" for c in text):
            raise Wrong("control")
        return text

    return read


def story(text: str) -> str:
    """Read a description; it may have lines."""
    if len(text) > DESCRIPTION_MAX:
        raise Wrong("long", limit=DESCRIPTION_MAX)
    return text


def code(text: str) -> str:
    """Read a code."""
    if not _CODE.match(_half(text)):
        raise Wrong("code")
    return _half(text)


def money(text: str) -> int:
    """Read yuan such as 38, 38.00 or ¥1,280 as whole fen."""
    matched = _MONEY.match(_half(text))
    plain_text = matched[1] if matched else ""
    if _GROUPED.match(plain_text):
        plain_text = plain_text.replace(",", "")
    try:
        fen = parse_fen(plain_text)
    except ValueError as error:
        raise Wrong("money") from error
    if not 0 <= fen <= FEN_MAX:
        raise Wrong("money")
    return fen


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        half = _half(text)
        if not re.fullmatch(r"[0-9]{1,9}(\.0+)?", half) or not low <= int(half.split(".")[0]) <= high:
            raise Wrong("whole", low=low, high=high)
        return int(half.split(".")[0])

    return read


def yes(text: str) -> bool:
    """Read yes or no."""
    half = plain(text)
    if half not in _YES | _NO:
        raise Wrong("yes")
    return half in _YES


def kind(text: str) -> str:
    """Read whether it is a dish or a set meal."""
    found = _KINDS.get(plain(text))
    if found is None:
        raise Wrong("kind")
    return found


def words(text: str) -> tuple[str, ...]:
    """Read a list of words with commas between."""
    found = tuple(dict.fromkeys(part.strip() for part in re.split(r"[、,，;；\n]", text) if part.strip()))
    if len(found) > TAGS_MAX or any(len(part) > 64 for part in found):
        raise Wrong("words", limit=TAGS_MAX)
    return found


def pictures(text: str) -> tuple[str, ...]:
    """Read addresses or keys of pictures, blanks or lines between."""
    found = tuple(text.split())
    if len(found) > PICTURES_MAX or any(len(part) > PICTURE_MAX or not _PICTURE.match(part) for part in found):
        raise Wrong("pictures")
    return found


DISHES = (
    Column("category", "分类", "category", name(64)),
    Column("category_en", "分类英文", "category en", name(64), ""),
    Column("code", "菜品编号", "dish code", code),
    Column("name", "菜名", "dish", name(64)),
    Column("name_en", "英文名", "dish en", name(200), ""),
    Column("kind", "类型", "kind", kind, "dish"),
    Column("sku_code", "规格编号", "sku code", code, ""),
    Column("sku_name", "规格", "sku", name(64), ""),
    Column("sku_name_en", "规格英文", "sku en", name(200), ""),
    Column("list_fen", "价格", "price", money, None, needed=True),
    Column("member_fen", "会员价", "member price", money, None),
    Column("description", "描述", "description", story, ""),
    Column("description_en", "英文描述", "description en", story, ""),
    Column("tags", "标签", "tags", words, ()),
    Column("allergens", "过敏原", "allergens", words, ()),
    Column("spice", "辣度", "spice", whole(0, 3), 0),
    Column("calories_kcal", "热量", "calories", whole(0, 20_000), None),
    Column("carbon_g", "碳排放克", "carbon g", whole(0, CARBON_MAX), None),
    Column("prep_minutes", "出餐分钟", "prep minutes", whole(0, 240), 0),
    Column("station", "档口", "station", name(64), ""),
    Column("pictures", "图片", "pictures", pictures, ()),
    Column("on_sale", "在售", "on sale", yes, True),
)
OPTIONS = (
    Column("code", "菜品编号", "dish code", code),
    Column("group", "做法组", "group", name(64)),
    Column("group_en", "做法组英文", "group en", name(200), ""),
    Column("min_picks", "最少", "min", whole(0, 50), 0),
    Column("max_picks", "最多", "max", whole(1, 50), 1),
    Column("option", "做法", "option", name(64)),
    Column("option_en", "做法英文", "option en", name(200), ""),
    Column("price_fen", "加价", "extra", money, 0),
)
SETS = (
    Column("code", "套餐编号", "set code", code),
    Column("slot", "套餐项", "slot", name(64)),
    Column("slot_en", "套餐项英文", "slot en", name(200), ""),
    Column("sku_code", "可选规格编号", "sku code", code),
    Column("qty", "份数", "qty", whole(1, 99), 1),
    Column("extra_fen", "加价", "extra", money, 0),
)
SHEETS: Mapping[str, tuple[Column, ...]] = {"菜品": DISHES, "做法": OPTIONS, "套餐": SETS}
_ENGLISH = {"dishes": "菜品", "options": "做法", "sets": "套餐"}


def sheet_of(table: Table) -> str | None:
    """Return which table this is: by its name, else by its headings; None for one that is none of ours."""
    named = _ENGLISH.get(plain(table.name), table.name.strip())
    if named in SHEETS:
        return named
    given = {plain(heading) for heading in table.headings}
    for sheet, columns in SHEETS.items():
        needed = [c for c in columns if c.needed or c.empty is ...]
        if all({plain(c.zh), plain(c.en)} & given for c in needed):
            return sheet
    return None


def read_table(table: Table, sheet: str) -> tuple[list[Cells], list[Fault], list[str]]:
    """Return the rows of a table, what is wrong with it, and the headings that nobody knows and that are passed over."""
    columns: dict[str, Column] = {}
    faults: list[Fault] = []
    by_heading = {plain(h): c for c in SHEETS[sheet] for h in (c.zh, c.en)}
    unknown: list[str] = []
    for heading in table.headings:
        column = by_heading.get(plain(heading))
        if column is None:
            unknown.append(heading)
        elif column in columns.values() or table.headings.count(heading) > 1:
            faults.append(Fault(sheet, 1, heading, heading, "heading_twice", {}))
        else:
            columns[heading] = column
    missing = [c for c in SHEETS[sheet] if (c.needed or c.empty is ...) and c not in columns.values()]
    faults += [Fault(sheet, 1, c.zh, "", "heading_missing", {"heading": f"{c.zh} / {c.en}"}) for c in missing]
    if faults:
        return [], faults, unknown
    rows = []
    for row in table.rows:
        found = _read_row(row, columns, sheet, faults)
        if found is not None:
            rows.append(found)
    return rows, faults, unknown


def _read_row(row: Row, columns: Mapping[str, Column], sheet: str, faults: list[Fault]) -> Cells | None:
    values: dict[str, Any] = {}
    bad = False
    for heading, column in columns.items():
        text = row.cells.get(heading, "")
        try:
            values[column.key] = _value(column, text)
        except Wrong as wrong:
            faults.append(Fault(sheet, row.line, heading, text.removeprefix(UNRECKONED)[:80], wrong.why, wrong.facts))
            bad = True
    return None if bad else Cells(row.line, values)


def _value(column: Column, text: str) -> Any:
    if not text:
        if column.empty is ...:
            raise Wrong("empty")
        return column.empty
    if len(text) > CELL_MAX:
        raise Wrong("long", limit=CELL_MAX)
    if text.startswith(UNRECKONED):
        raise Wrong("formula")
    return column.read(text)


def heading_of(sheet: str, key: str) -> str:
    """Return the heading of a column."""
    return next(c.zh for c in SHEETS[sheet] if c.key == key)


def written(columns: Sequence[Column]) -> list[str]:
    """Return the headings that an export bears."""
    return [column.zh for column in columns]
