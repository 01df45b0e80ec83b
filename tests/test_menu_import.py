"""The catalogue as a file: every bad cell is named, nothing is written while one is bad, and a second time changes nothing."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from goodtaste.kernel.ids import new_id
from goodtaste.menu import api as menu
from goodtaste.menu.book import Dish, MenuBook
from goodtaste.menu.columns import Wrong, money
from goodtaste.menu.sheets import BYTES_MAX, BadFile, csv_of, read, xlsx_of
from goodtaste.menu.transfer import Report, export, template
from tests.menu_kit import a_dish, a_selling_store, stock_of
from tests.org_kit import a_person, an_admin, code_of, serial
from tests.shop import Shop, at_once

HEAD = ["分类", "菜品编号", "菜名", "规格编号", "规格", "价格", "会员价", "辣度", "标签"]


async def take(shop: Shop, data: bytes, *, dry_run: bool = False) -> Report:
    return await menu.import_menu(data, dry_run=dry_run, ctx=shop.process.context())


def a_file(*rows: list[Any], head: list[str] = HEAD, more: dict[str, list[list[Any]]] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "菜品"
    for row in (head, *rows):
        sheet.append(row)
    for name, table in (more or {}).items():
        other = book.create_sheet(name)
        for row in table:
            other.append(row)
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def found(shop: Shop, code: str) -> Dish | None:
    return next((d for d in shop.process.see(MenuBook).dishes if d.code == code), None)


def fen_of(shop: Shop, sku_id: str, kind: str = "list") -> int | None:
    row = shop.process.see(MenuBook).brand_price(sku_id, kind, at=shop.now)
    return row.amount_fen if row else None


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("38", 3800), ("38.00", 3800), ("¥38", 3800), ("￥38.5", 3850), ("38元", 3800), ("1,280.00", 128_000), ("３８．０１", 3801),
        ("0", 0), ("RMB 19.9", 1990), ("0.01", 1), (" 38 ", 3800),
        ("38.005", None), ("-1", None), ("1e3", None), ("", None), ("38,00", None), ("12,80.00", None), ("abc", None), ("38元元", None),
        ("NaN", None), ("99999999999", None), ("0x10", None), ("3 8", None), ("=38", None),
    ],
)  # fmt: skip
def test_money_is_read_to_the_fen_or_not_at_all(text: str, fen: int | None) -> None:
    try:
        read_as: int | None = money(text)
    except Wrong:
        read_as = None
    assert read_as == fen


async def test_a_file_makes_the_catalogue_and_a_second_time_changes_nothing(shop: Shop) -> None:
    store_id, one, two = await a_selling_store(shop), f"A{serial()}", f"B{serial()}"
    rice, set_, category = f"R{serial()}", f"T{serial()}", f"热菜{serial()}"
    data = a_file(
        [category, one, "宫保鸡丁", f"{one}-S", "小份", 38, "¥35.00", 2, "招牌、下饭"],
        [category, one, "宫保鸡丁", f"{one}-L", "大份", 58.5, "", "", ""],
        [None] * 9,
        [category, two, "拍黄瓜", "", "", "16.00", None, None, None],
        [category, rice, "米饭", "", "", 3, None, None, None],
        [category, set_, "单人套餐", "", "", 45, None, None, None],
        head=HEAD,
        more={
            "做法": [["菜品编号", "做法组", "最少", "最多", "做法", "加价"], [one, "辣度", 1, 1, "少辣", None],
                [one, "辣度", 1, 1, "多辣", 1]],
            "备注": [["随便写"]],
        },
    )  # fmt: skip
    # a set meal needs its kind and its slots: both are named
    with pytest.raises(menu.ImportRefused):
        await take(
            shop,
            a_file(
                [category, set_, "套餐", "", "", 45, "", "", ""],
                more={"套餐": [["套餐编号", "套餐项", "可选规格编号"], [set_, "主食", rice]]},
            ),
        )
    dry = await take(shop, data, dry_run=True)
    assert (dry.dishes_made, dry.categories_made, dry.prices_set, dry.fault_count) == (4, 1, 6, 0)
    assert found(shop, one) is None
    done = await take(shop, data)
    assert (done.dishes_made, done.ignored) == (4, ["备注"])
    dish = found(shop, one)
    assert dish is not None
    assert [(s.code, s.name, fen_of(shop, s.id)) for s in dish.skus] == [
        (f"{one}-S", "小份", 3800), (f"{one}-L", "大份", 5850)
    ]  # fmt: skip
    assert fen_of(shop, dish.skus[0].id, "member") == 3500
    assert (dish.spice, dish.tags, [o.price_fen for o in dish.groups[0].options]) == (2, ("招牌", "下饭"), [0, 100])
    assert (await stock_of(shop, store_id, dish.skus[0].id)).portions_left is None
    again = await take(shop, data)
    assert (again.dishes_made, again.dishes_changed, again.dishes_same, again.prices_set) == (0, 0, 4, 0)
    assert found(shop, one) == dish


async def test_a_file_changes_what_it_names_and_leaves_the_rest(shop: Shop) -> None:
    made = await a_dish(shop, list_fen=3800, member_fen=3500, spice=2, tags=("招牌",), description="花生酥脆")
    category = shop.process.see(MenuBook).category[made.category_id].name
    head = ["分类", "菜品编号", "菜名", "价格", "会员价", "标签"]
    report = await take(shop, a_file([category, made.code, "新名字", "39.90", "", ""], head=head))
    assert (report.dishes_changed, report.prices_set, report.categories_made) == (1, 2, 0)
    dish = found(shop, made.code)
    assert dish is not None
    assert (dish.name, dish.tags, dish.spice, dish.description, dish.version) == ("新名字", (), 2, "花生酥脆", 2)
    assert [s.id for s in dish.skus] == [s.id for s in made.skus]
    assert (fen_of(shop, dish.skus[0].id), fen_of(shop, dish.skus[0].id, "member")) == (3990, None)


async def test_a_set_meal_comes_with_its_slots(shop: Shop) -> None:
    part, set_, category = f"P{serial()}", f"T{serial()}", f"套餐{serial()}"
    head = ["category", "dish code", "dish", "kind", "price"]
    slots = [["set code", "slot", "sku code", "qty", "extra"], [set_, "主菜", part, 2, "¥1.00"]]
    await take(
        shop,
        a_file(
            [category, part, "米饭", "单品", 3],
            [category, set_, "双人套餐", "套餐", 45],
            head=head,
            more={"Sets": slots},
        ),
    )
    dish, rice = found(shop, set_), found(shop, part)
    assert dish is not None
    assert rice is not None
    [choice] = dish.slots[0].choices
    assert (choice.sku_id, choice.qty, choice.extra_fen) == (rice.skus[0].id, 2, 100)
    nested = [["套餐编号", "套餐项", "可选规格编号"], [set_, "主菜", set_], [set_, "汤", "NONE"], ["NONE", "汤", part]]
    report = await take(shop, a_file(head=HEAD, more={"套餐": nested}), dry_run=True)
    assert [(f.sheet, f.line, f.code) for f in report.faults] == [
        ("套餐", 2, "part_is_set"), ("套餐", 3, "sku_unknown"), ("套餐", 4, "dish_unknown")
    ]  # fmt: skip


async def test_every_bad_cell_is_named_with_what_to_write_and_nothing_is_taken(shop: Shop) -> None:
    good, bad, twice = f"G{serial()}", f"H{serial()}", f"W{serial()}"
    other = await a_dish(shop)
    data = a_file(
        ["热菜", good, "好菜", "", "", 38, "", "", ""],
        ["", bad, "坏菜", "", "", "38.005", "免费", 4, ""],
        ["热菜", "编 号", "坏菜", "", "", "", "", 1.5, ""],
        ["热菜", twice, "两次", twice, "", 1, "", "", ""],
        ["热菜", twice, "别名", twice, "", 1, "", "", ""],
        ["热菜", f"X{serial()}", "占用", other.skus[0].code, "", 1, "", "", ""],
        ["热菜", f"Y{serial()}", "x" * 65, "", "", -1, "", "", ""],
        ["热菜", f"Z{serial()}", "无价", "", "", "", "", "", ""],
    )
    report = await take(shop, data, dry_run=True)
    assert [(f.line, f.column, f.code) for f in report.faults] == [
        (3, "分类", "empty"), (3, "价格", "money"), (3, "会员价", "money"), (3, "辣度", "whole"), (4, "菜品编号", "code"),
        (4, "辣度", "whole"), (6, "菜名", "differs"), (6, "规格编号", "sku_twice"), (7, "规格编号", "sku_taken"), (8, "菜名", "long"),
        (8, "价格", "money"), (9, "价格", "empty"),
    ]  # fmt: skip
    wrong = report.faults[1]
    assert (wrong.sheet, wrong.value, wrong.reason) == ("菜品", "38.005", "“38.005”不是金额")
    assert "38.00" in wrong.write
    with pytest.raises(menu.ImportRefused) as refused:
        await take(shop, data)
    assert (refused.value.facts["count"], len(refused.value.facts["faults"])) == (12, 12)
    assert found(shop, good) is None


async def test_a_file_without_its_headings_is_told_which(shop: Shop) -> None:
    missing = await take(shop, a_file(["热菜", "A1"], head=["分类", "菜品编号"]), dry_run=True)
    assert [(f.code, f.column) for f in missing.faults] == [("heading_missing", "菜名"), ("heading_missing", "价格")]
    twice = await take(shop, a_file(head=[*HEAD, "price"]), dry_run=True)
    assert [f.code for f in twice.faults] == ["heading_twice"]
    nothing = await take(shop, csv_of([("", ["a", "b"], [["1", "2"]])]), dry_run=True)
    assert [f.code for f in nothing.faults] == ["no_table"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
async def test_csv_is_read_as_other_systems_write_it(shop: Shop, encoding: str, delimiter: str) -> None:
    code = f"C{serial()}"
    lines = [
        ["分类", "菜品编号", "菜名", "价格", "描述"],
        ["凉菜", code, "皮蛋豆腐", "¥18.00", '"两行\n描述"'],
        [],
        ["凉菜", "坏 码", "错", "1", ""],
    ]
    text = "\r\n".join(delimiter.join(cells) for cells in lines)
    report = await take(shop, text.encode(encoding), dry_run=True)
    assert (report.dishes_made, [(f.line, f.column) for f in report.faults]) == (1, [(5, "菜品编号")])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"), (b" \n", "empty"), (b"PK\x03\x04 nonsense", "format"), (b"\x00\x01\x02\xff", "encoding"),
        (b"a,b\n" * 60_000, "rows"), (b",".join([b"x"] * 70), "columns"), (b"x" * (BYTES_MAX + 1), "large"),
    ],
    ids=["empty", "blank", "no xlsx", "no text", "rows", "columns", "large"],
)  # fmt: skip
async def test_a_file_that_cannot_be_read_is_refused_as_a_whole(shop: Shop, data: bytes, why: str) -> None:
    with pytest.raises(BadFile) as refused:
        await take(shop, data, dry_run=True)
    assert refused.value.facts["why"] == why


def test_an_xlsx_that_unpacks_to_too_much_is_refused_before_it_is() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"0" * 31_000_000)
    assert len(out.getvalue()) < 100_000
    with pytest.raises(BadFile) as refused:
        read(out.getvalue())
    assert refused.value.facts["why"] == "large"


async def test_merged_cells_count_for_all_their_rows_and_formulas_for_their_value(shop: Shop) -> None:
    one, two = f"M{serial()}", f"N{serial()}"
    book = Workbook()
    sheet = book.active
    for row in (["分类", "菜品编号", "菜名", "价格"], ["凉菜", one, "一", 18], [None, two, "二", "=9+9"]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    report = await take(shop, saved(book), dry_run=True)
    assert [(f.line, f.column, f.code, f.value) for f in report.faults] == [(3, "价格", "formula", "=9+9")]
    report = await take(shop, _with_value(saved(book), r"<f>9\+9</f><v ?(/>|></v>)", "<f>9+9</f><v>18</v>"))
    assert report.dishes_made == 2
    dish = found(shop, two)
    assert dish is not None
    assert fen_of(shop, dish.skus[0].id) == 1800


def _with_value(data: bytes, formula: str, valued: str) -> bytes:
    """Return the file as a spreadsheet would have saved it, with the value of its formula."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(out, "w") as again:
        for name in packed.namelist():
            text = packed.read(name)
            again.writestr(name, re.sub(formula, valued, text.decode()) if name.endswith("sheet1.xml") else text)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
async def test_what_goes_out_comes_in_again_without_a_change(shop: Shop, kind: Any) -> None:
    spicy = menu.GroupAsked(
        id=new_id(), name="辣度", options=(menu.OptionAsked(id=new_id(), name="少辣", price_fen=50),)
    )
    risky = await a_dish(
        shop, name="=HYPERLINK(1)", description="@SUM(A1)\n+1", groups=(spicy,), member_fen=1, tags=("-1",)
    )
    part = menu.SlotAsked(id=new_id(), name="主菜", choices=(menu.ChoiceAsked(sku_id=risky.skus[0].id, qty=2),))
    await a_dish(shop, kind="set", slots=(part,))
    await shop.process.snapshots.refresh()
    data = export(shop.process.see(MenuBook), kind=kind, at=shop.now)
    report = await take(shop, data)
    assert (report.dishes_made, report.dishes_changed, report.prices_set, report.fault_count) == (0, 0, 0, 0)
    assert report.dishes_same > 1


def test_nothing_that_goes_out_runs_as_a_formula() -> None:
    rows = [["=1+1", "+1", "-1", "@A1", "\tx", "菜"]]
    text = csv_of([("菜品", list("abcdef"), rows)]).decode("utf-8-sig")
    assert text.splitlines()[2] == "'=1+1,'+1,'-1,'@A1,'\tx,菜"
    sheet = load_workbook(io.BytesIO(xlsx_of([("菜品", list("abcdef"), rows)]))).active
    assert {cell.data_type for cell in sheet[2]} == {"s"}


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_template_shows_every_table_and_is_right_itself(kind: Any) -> None:
    tables = read(template(kind))
    assert [t.name for t in tables] == ["菜品", "做法", "套餐"]
    assert all(len(t.rows) for t in tables)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
async def test_the_template_can_be_taken_in(shop: Shop, kind: Any) -> None:
    report = await take(shop, template(kind), dry_run=True)
    assert (report.fault_count, report.faults) == (0, [])


async def test_of_files_taken_at_once_each_is_taken_once(shop: Shop) -> None:
    code = f"Q{serial()}"
    files = [a_file(["热菜", code, f"名{n}", "", "", 10 + n, "", "", ""]) for n in range(4)]
    outcomes = await at_once(4, lambda n: take(shop, files[n]))
    assert sum(isinstance(each, Report) and each.dishes_made for each in outcomes) == 1
    [(dishes,)] = await shop.db.execute(f"SELECT count(*) FROM menu_dish WHERE code = '{code}'")
    assert dishes == 1


async def test_a_dry_run_tells_what_changes_and_a_file_is_taken_only_while_that_holds(shop: Shop) -> None:
    code = serial()
    await take(shop, a_file(["热菜", code, "鸡丁", code, "", "38", "", "1", ""]))
    file = a_file(["热菜", code, "宫保鸡丁", code, "", "39", "", "1", ""])
    told = await take(shop, file, dry_run=True)
    assert [(each.kind, each.made, each.fields, each.before_fen, each.after_fen) for each in told.changes] == [
        ("dish", False, ["name"], None, None), ("price", False, [], 3800, 3900),
    ]  # fmt: skip
    await a_dish(shop)
    ctx = shop.process.context()
    with pytest.raises(menu.ChangedMeanwhile):
        await menu.import_menu(file, dry_run=False, ctx=ctx, seen_version=told.seen)
    again = await take(shop, file, dry_run=True)
    await menu.import_menu(file, dry_run=False, ctx=ctx, seen_version=again.seen)
    dish = found(shop, code)
    assert dish
    assert (dish.name, fen_of(shop, dish.skus[0].id)) == ("宫保鸡丁", 3900)


async def test_the_head_office_uploads_and_downloads_and_nobody_else(shop: Shop) -> None:
    admin, manager, code = await an_admin(shop), await a_person(shop, ("store_manager", None)), f"U{serial()}"
    data = a_file(["热菜", code, "上传的菜", "", "", 38, "", "", ""])
    typed = {"content-type": "application/octet-stream", "accept-language": "en"}

    async def upload(body: bytes, headers: dict[str, str], query: str = "") -> Any:
        return await shop.client.post(f"/v1/menu/import{query}", content=body, headers={**typed, **headers})

    assert code_of(await upload(data, manager.headers)) == "auth.not_allowed"
    assert (await upload(data, admin.headers, "?dry_run=true")).json()["dishes_made"] == 1
    assert (await upload(data, admin.headers)).json()["dry_run"] is False
    refused = await upload(a_file(["热菜", code, "菜", "", "", "38.005", "", "", ""]), admin.headers)
    assert (refused.status_code, code_of(refused)) == (422, "menu.import_refused")
    [fault] = refused.json()["facts"]["faults"]
    assert (fault["line"], fault["column"], fault["reason"]) == (2, "价格", "38.005 is not an amount")
    assert code_of(await upload(b"x" * (BYTES_MAX + 2), admin.headers)) == "request.too_large"
    for path in ("/v1/menu/export", "/v1/menu/import-template"):
        for kind in ("xlsx", "csv"):
            answer = await shop.get(f"{path}?kind={kind}", manager.headers)
            assert answer.status_code == 200
            assert f".{kind}" in answer.headers["content-disposition"]
            assert read(answer.content)[0].name == "菜品"
