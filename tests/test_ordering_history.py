"""An order history is brought in once, whole, and with a word for every row that cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goodtaste.menu import api as menu
from goodtaste.ordering import api as ordering
from goodtaste.ordering import history_orders
from goodtaste.org import api as org
from tests.history_kit import HEADER, Folder, many_rows
from tests.ledger_kit import broken_proofs
from tests.shop import Shop

NOODLES = "A1,31/12/2018 18:05,牛肉面,2,38.00,"
TEA = "A1,31/12/2018 18:05,柠檬茶,1,12.00,"
OTHER = "A2,31/12/2018 18:06,柠檬茶,3,12.00,"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Give a folder for the files of a history."""
    return Folder(tmp_path)


async def test_lines_that_stand_apart_become_one_order(shop: Shop, folder: Folder) -> None:
    folder.write(NOODLES, OTHER, TEA)
    report = await folder.bring_in(shop)
    assert report.fresh == await folder.in_house(shop) == ordering.Count(2, 3, 124_00)
    assert (report.rows, report.known, report.rejected, report.left_out) == (3, ordering.Count(), 0, 0)
    [(state, pay_state, day)] = await shop.db.execute(
        f"SELECT state, pay_state, business_date FROM ordering_order WHERE source = '{folder.source}' AND external_no = 'A1'"
    )
    assert (state, pay_state, str(day)) == ("completed", "paid", "2018-12-31")
    assert await broken_proofs(shop) == {}


async def test_its_store_is_made_closed_and_its_dishes_stand_off_sale(shop: Shop, folder: Folder) -> None:
    folder.write(NOODLES)
    await folder.bring_in(shop)
    store = shop.process.see(org.Directory).store_by_code(folder.store_code)
    assert store is not None
    assert (store.name, store.zone, store.day_start_minute, store.open) == ("老店", "Europe/London", 300, False)
    book = shop.process.see(menu.MenuBook)
    dishes = [each for each in book.dishes if each.code == menu.past_code(folder.source, "牛肉面")]
    assert [(each.name, each.on_sale) for each in dishes] == [("牛肉面", False)]
    assert not [each for each in book.dishes if each.code == menu.past_code(folder.source, "柠檬茶")], (
        "it was never sold"
    )


@pytest.mark.parametrize(
    "row,column,why",
    [
        ("A1,31/12/2018 18:05,佛跳墙,1,38.00,", "Dish", "dish"),
        ("A1,31/12/2018 18:05,,1,38.00,", "Dish", "dish"),
        ("A1,12/31/2018 18:05,牛肉面,1,38.00,", "When", "date"),
        ("A1,2018-12-31 18:05,牛肉面,1,38.00,", "When", "date"),
        ("A1,29/02/2019 18:05,牛肉面,1,38.00,", "When", "date"),
        ("A1,,牛肉面,1,38.00,", "When", "date"),
        ("A1,31/03/2019 01:30,牛肉面,1,38.00,", "When", "skipped"),
        ("A1,31/12/2999 18:05,牛肉面,1,38.00,", "When", "late"),
        ("A1,31/12/9999 23:59,牛肉面,1,38.00,", "When", "late"),
        ("A1,31/12/1969 18:05,牛肉面,1,38.00,", "When", "early"),
        ("A1,01/01/0001 00:00,牛肉面,1,38.00,", "When", "early"),
        ("A1,31/12/2018 18:05,牛肉面,0,38.00,", "Qty", "qty"),
        ("A1,31/12/2018 18:05,牛肉面,-1,38.00,", "Qty", "qty"),
        ("A1,31/12/2018 18:05,牛肉面,1.5,38.00,", "Qty", "qty"),
        ("A1,31/12/2018 18:05,牛肉面,1000,38.00,", "Qty", "qty"),
        ("A1,31/12/2018 18:05,牛肉面,99999999999999999999,38.00,", "Qty", "qty"),
        ("A1,31/12/2018 18:05,牛肉面,two,38.00,", "Qty", "qty"),
        ("A1,31/12/2018 18:05,牛肉面,²,38.00,", "Qty", "qty"),
        ("A1,31/12/2018 18:05,牛肉面,,38.00,", "Qty", "qty"),
        ("A1,31/12/2018 18:05,牛肉面,1,-38.00,", "Price", "price"),
        ("A1,31/12/2018 18:05,牛肉面,1,38.005,", "Price", "price"),
        ("A1,31/12/2018 18:05,牛肉面,1,3.8e1,", "Price", "price"),
        ("A1,31/12/2018 18:05,牛肉面,1,NaN,", "Price", "price"),
        ("A1,31/12/2018 18:05,牛肉面,1,38.,", "Price", "price"),
        ("A1,31/12/2018 18:05,牛肉面,1,¥38,", "Price", "price"),
        ("A1,31/12/2018 18:05,牛肉面,1,999999999999,", "Price", "price"),
        ("A1,31/12/2018 18:05,牛肉面,1,,", "Price", "price"),
        (",31/12/2018 18:05,牛肉面,1,38.00,", "No", "number"),
        (f"{'9' * 65},31/12/2018 18:05,牛肉面,1,38.00,", "No", "number"),
        ("A\x07,31/12/2018 18:05,牛肉面,1,38.00,", "No", "number"),
        ("A1,31/12/2018 18:05,牛肉面,1", "", "fields"),
        ("A1,31/12/2018 18:05,牛肉面,1,38.00,,", "", "fields"),
    ],
)
async def test_a_row_that_cannot_be_is_named(shop: Shop, folder: Folder, row: str, column: str, why: str) -> None:
    folder.write(OTHER, row)
    report = await folder.bring_in(shop)
    assert folder.named == [(3, column, why)]
    assert (report.rows, report.rejected, report.fresh) == (2, 1, ordering.Count(1, 1, 36_00))
    assert await folder.in_house(shop) == report.fresh


async def test_what_was_written_is_told_with_the_row(shop: Shop, folder: Folder) -> None:
    folder.write("A1,31/12/2018 18:05,牛肉面,1.5,38.00,")
    await folder.bring_in(shop)
    [fault] = folder.faults
    assert (fault.line, fault.order, fault.column, fault.value) == (2, "A1", "Qty", "1.5")


async def test_an_order_with_a_rejected_row_is_left_out_whole(shop: Shop, folder: Folder) -> None:
    bad = "A1,31/12/2018 18:05,佛跳墙,1,388.00,"
    folder.write(NOODLES, OTHER, bad, TEA)
    report = await folder.bring_in(shop)
    assert sorted(folder.named) == [(2, "No", "left_out"), (4, "Dish", "dish"), (5, "No", "left_out")]
    assert report.rows == report.all.lines + report.rejected + report.left_out == 4
    assert await folder.in_house(shop) == ordering.Count(1, 1, 36_00)
    folder.prices.write_text("Dish,Price\n牛肉面,38.00\n柠檬茶,12.00\n佛跳墙,388.00\n", "utf-8")
    again = await folder.bring_in(shop)
    assert (again.fresh, again.known) == (ordering.Count(1, 3, 476_00), ordering.Count(1, 1, 36_00))
    assert folder.faults == []


@pytest.mark.parametrize(
    "row,column,why",
    [
        ("A1,31/12/2018 18:06,柠檬茶,1,12.00,", "When", "other_date"),
        ("A1,31/12/2018 18:05,柠檬茶,999,2000000,", "Price", "total"),
    ],
)
async def test_a_row_that_does_not_fit_its_order_is_named(
    shop: Shop, folder: Folder, row: str, column: str, why: str
) -> None:
    folder.write(NOODLES, OTHER, row)
    report = await folder.bring_in(shop)
    assert sorted(folder.named) == [(2, "No", "left_out"), (4, column, why)]
    assert report.fresh == await folder.in_house(shop) == ordering.Count(1, 1, 36_00)


async def test_an_order_has_at_most_so_many_lines(shop: Shop, folder: Folder) -> None:
    folder.write(*[TEA] * 200, *[OTHER] * 201)
    report = await folder.bring_in(shop)
    assert report.fresh == ordering.Count(1, 200, 2_400_00)
    assert (report.rejected, report.left_out) == (1, 200)
    assert (402, "No", "lines") in folder.named


async def test_another_price_than_the_price_files_is_kept_or_rejected_as_the_map_says(
    shop: Shop, folder: Folder
) -> None:
    folder.write("A1,31/12/2018 18:05,牛肉面,1,36.00,", "A2,31/12/2018 18:05,牛肉面,1,38,")
    folder.write_map(others="reject")
    report = await folder.bring_in(shop)
    assert folder.named == [(2, "Price", "other_price")]
    assert folder.faults[0].facts == {"listed_fen": 3800}
    assert report.fresh == ordering.Count(1, 1, 38_00)
    folder.write_map(others="keep")
    report = await folder.bring_in(shop)
    assert (report.other_prices, report.all) == (1, ordering.Count(2, 2, 74_00))


async def test_a_second_run_adds_nothing(shop: Shop, folder: Folder) -> None:
    folder.write(NOODLES, OTHER, TEA)
    first = await folder.bring_in(shop)
    folder.write(OTHER, NOODLES, TEA)  # in another order
    second = await folder.bring_in(shop)
    assert (second.fresh, second.known) == (ordering.Count(), first.fresh)
    assert await folder.in_house(shop) == first.fresh


async def test_an_order_that_comes_again_with_other_content_stands_and_is_named(shop: Shop, folder: Folder) -> None:
    folder.write(NOODLES, OTHER, TEA)
    await folder.bring_in(shop)
    folder.write(NOODLES, OTHER, TEA.replace("柠檬茶,1", "柠檬茶,2"))
    report = await folder.bring_in(shop)
    assert folder.named == [(2, "No", "differs"), (4, "No", "left_out")]
    assert (report.fresh, report.known) == (ordering.Count(), ordering.Count(1, 1, 36_00))
    assert await folder.in_house(shop) == ordering.Count(2, 3, 124_00)


async def test_it_goes_on_where_it_was_stopped(shop: Shop, folder: Folder) -> None:
    folder.write(*many_rows(2_000))
    seen: list[tuple[str, int]] = []
    report = await folder.bring_in(
        shop,
        progress=lambda what, done, of: seen.append((what, done)),
        stop=lambda: seen[-1][0] == "write" and seen[-1][1] >= 3_000,
    )
    part = await folder.in_house(shop)
    assert report.stopped
    assert 0 < part.orders < 2_000
    assert report.fresh == part
    again = await folder.bring_in(shop)
    assert (again.known, again.stopped) == (part, False)
    assert again.all == await folder.in_house(shop) == ordering.Count(2_000, 4_000, 100_000_00)


async def test_it_may_be_stopped_before_anything_is_written(shop: Shop, folder: Folder) -> None:
    folder.write(*many_rows(600))
    report = await folder.bring_in(shop, stop=lambda: True)
    assert (report.stopped, report.all) == (True, ordering.Count())
    assert shop.process.see(org.Directory).store_by_code(folder.store_code) is None


async def test_progress_goes_up_to_the_end(shop: Shop, folder: Folder) -> None:
    folder.write(*many_rows(1_500))
    seen: list[tuple[str, int, int]] = []
    await folder.bring_in(shop, progress=lambda *each: seen.append(each))
    size = folder.orders.stat().st_size
    for what, of in (("check", size), ("write", 3_000)):
        steps = [done for name, done, total in seen if name == what and total == of]
        assert len(steps) > 2
        assert steps == sorted(steps)
        assert steps[-1] == of


async def test_two_imports_of_one_history_at_once_bring_it_in_once(shop: Shop, folder: Folder) -> None:
    folder.write(*many_rows(700))
    reports = await asyncio.gather(*(folder.bring_in(shop) for _ in range(3)))
    assert sum(each.fresh.orders for each in reports) == 700
    assert all(each.all == ordering.Count(700, 1_400, 35_000_00) for each in reports)
    assert await folder.in_house(shop) == ordering.Count(700, 1_400, 35_000_00)


async def test_a_sale_after_midnight_belongs_to_the_evening_before_in_the_zone_of_the_store(
    shop: Shop, folder: Folder
) -> None:
    folder.write("N1,01/07/2018 04:59,小菜,1,0,", "N2,01/07/2018 05:00,小菜,1,0,", "N3,28/10/2018 01:30,小菜,1,0,")
    await folder.bring_in(shop)
    found = await shop.db.execute(
        f"SELECT external_no, business_date, placed_at FROM ordering_order WHERE source = '{folder.source}' ORDER BY external_no"
    )
    assert [(no, str(day)) for no, day, _ in found] == [
        ("N1", "2018-06-30"),
        ("N2", "2018-07-01"),
        ("N3", "2018-10-27"),
    ]
    assert [str(at)[11:16] for _, _, at in found] == ["03:59", "04:00", "00:30"]  # summer time; of two 01:30s the first


async def test_a_column_tells_the_stores_apart(shop: Shop, folder: Folder) -> None:
    def with_stores(text: str) -> str:
        one = f'{{ code = "{folder.store_code}", in_file = "Soho", name = "一店", zone = "Europe/London" }}'
        two = f'{{ code = "{folder.store_code[:-1]}Z", in_file = "浦东", name = "二店", zone = "Asia/Shanghai" }}'
        head = text.split("stores = ")[0].replace('price = "Price" }', 'price = "Price", store = "Branch" }', 1)
        return f"{head}stores = [{one}, {two}]"

    folder.write_map(change=with_stores)
    row = "31/12/2018 18:05,柠檬茶,1,12.00"
    folder.write(f"S1,{row},Soho", f"S2,{row},浦东", f"S3,{row},Paris", f"S4,{row},Soho", f"S4,{row},浦东")
    report = await folder.bring_in(shop)
    assert sorted(folder.named) == [(4, "Branch", "store"), (5, "No", "left_out"), (6, "When", "other_date")]
    assert report.fresh.orders == 2
    found = await shop.db.execute(
        "SELECT s.name, o.placed_at FROM ordering_order o JOIN org_store s ON s.id = o.store_id"
        f" WHERE o.source = '{folder.source}' ORDER BY o.external_no"
    )
    assert [(name, str(at)[11:16]) for name, at in found] == [("一店", "18:05"), ("二店", "10:05")]


async def test_a_code_in_the_price_file_means_the_sku_of_the_menu(shop: Shop, folder: Folder) -> None:
    code = f"m{folder.source[-8:]}"
    known = await shop.process.context().run(menu.archive([menu.PastDish(code, "牛肉面")]))
    folder.prices.write_text(f"Dish,Price,Code\nBeef noodles,38.00,{code}\n", "utf-8")
    folder.write_map(change=lambda text: text.replace("others =", 'code = "Code", others ='))
    folder.write("A1,31/12/2018 18:05,Beef noodles,1,38.00,")
    await folder.bring_in(shop)
    [(sku_id, name)] = await shop.db.execute(
        "SELECT l.sku_id, l.name FROM ordering_line l JOIN ordering_order o ON o.id = l.order_id"
        f" WHERE o.source = '{folder.source}'"
    )
    assert (str(sku_id), name) == (known[code], "Beef noodles")


async def test_a_file_in_another_encoding_is_read_where_the_map_names_it(shop: Shop, folder: Folder) -> None:
    folder.prices.write_bytes("Dish,Price\n牛肉面,38.00\n".encode("gb18030"))
    folder.write("A1,31/12/2018 18:05,牛肉面,1,38.00,", encoding="gb18030")
    folder.write_map(encoding="gb18030")
    assert (await folder.bring_in(shop)).fresh == ordering.Count(1, 1, 38_00)


async def test_rows_in_the_wrong_encoding_are_named(shop: Shop, folder: Folder) -> None:
    folder.write(OTHER)
    latin = "\nA1,31/12/2018 18:05,Café,1,38.00,".encode("cp1252")
    folder.orders.write_bytes(folder.orders.read_bytes() + latin)
    report = await folder.bring_in(shop)
    assert folder.named == [(3, "Dish", "text")]
    assert folder.faults[0].value == "Caf�"
    assert report.fresh.orders == 1


async def test_blank_lines_and_line_breaks_in_quotes_keep_the_count_of_lines(shop: Shop, folder: Folder) -> None:
    folder.write("", NOODLES, '"A\n9",31/12/2018 18:05,牛肉面,1,38.00,', "", "A3,31/12/2018 18:05,佛跳墙,1,38.00,")
    report = await folder.bring_in(shop)
    assert folder.named == [(4, "No", "number"), (7, "Dish", "dish")]
    assert (report.rows, report.fresh.orders) == (3, 1)


async def test_a_file_with_a_header_alone_brings_nothing(shop: Shop, folder: Folder) -> None:
    folder.write()
    assert await folder.bring_in(shop) == ordering.Report()


@pytest.mark.parametrize(
    "content,line",
    [
        (b"", 1),
        (b"\n\n", 1),
        (HEADER.encode("utf-16"), 1),
        (b"No,When,Dish,Qty,Branch\n", 1),
        (b"No,When,Dish,Qty,Price,Price,Branch\n", 1),
        (HEADER.encode() + b'\nA1,"never closed', 2),
        (HEADER.encode() + b"\nA1," + b"x" * 200_000, 2),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused(shop: Shop, folder: Folder, content: bytes, line: int) -> None:
    folder.orders.write_bytes(content)
    with pytest.raises(ordering.BadFile) as refused:
        await folder.bring_in(shop)
    assert (refused.value.facts["file"], refused.value.facts["line"]) == (str(folder.orders), line)
    assert shop.process.see(org.Directory).store_by_code(folder.store_code) is None


async def test_a_file_that_is_not_there_is_refused(shop: Shop, folder: Folder) -> None:
    with pytest.raises(ordering.BadFile):
        await folder.bring_in(shop)


@pytest.mark.parametrize(
    "prices,line",
    [
        ("", 1),
        ("Dish,Cost\n牛肉面,38.00\n", 1),
        ("Dish,Price\n牛肉面,\n", 2),
        ("Dish,Price\n牛肉面,38.00\n,12.00\n", 3),
        ("Dish,Price\n牛肉面,38.00\n牛肉面,39.00\n", 3),
        ("Dish,Price\n牛肉面,38.00,1\n", 2),
        ("Dish,Price\n牛肉面,-1\n", 2),
    ],
)
async def test_a_price_file_that_cannot_be_is_refused(shop: Shop, folder: Folder, prices: str, line: int) -> None:
    folder.write(NOODLES)
    folder.prices.write_text(prices, "utf-8")
    with pytest.raises(ordering.BadFile) as refused:
        await folder.bring_in(shop)
    assert refused.value.facts["line"] == line


def _without(key: str) -> Callable[[str], str]:
    return lambda text: "\n".join(line for line in text.splitlines() if not line.strip().startswith(f"{key} ="))


def _with(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    "change,says",
    [
        (_without("source"), "source"),
        (_without("columns"), "columns"),
        (_without("stores"), "stores"),
        (_with("source =", "sauce ="), "sauce"),
        (_with('"pickup"', '"drive_in"'), "kind"),
        (_with('source = "', 'source = "Old Till '), "source"),
        (_with('qty = "Qty"', 'qty = "Price"'), "named twice"),
        (_with('encoding = "utf-8"', 'encoding = "klingon"'), "klingon"),
        (_with("Europe/London", "Europe/Gotham"), "Gotham"),
        (_with("stores = [", 'stores = [{ code = "X-1", name = "二", zone = "UTC" }, '), "columns.store"),
        (_with('price = "Price" }', 'price = "Price", store = "Branch" }'), "in_file"),
        (_with("source", "= = ="), "line"),
        (_with('name = "老店", ', ""), "give it a name and a zone"),
        (_with('code = "H-', 'code = "h '), "h "),
    ],
)
async def test_a_map_that_cannot_be_used_is_refused_and_says_why(
    shop: Shop, folder: Folder, change: Callable[[str], str], says: str
) -> None:
    folder.write(NOODLES)
    folder.write_map(change=change)
    with pytest.raises(ordering.BadMap) as refused:
        await folder.bring_in(shop)
    assert says in refused.value.facts["why"]
    assert await folder.in_house(shop) == ordering.Count()


async def test_a_map_that_is_not_there_or_not_a_map_is_refused(tmp_path: Path) -> None:
    for content in (None, b"\xff\xfe", b"x" * 1_000_001):
        path = tmp_path / "map.toml"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ordering.BadMap):
            ordering.read_map(path)


async def test_a_map_that_gives_a_store_another_zone_than_it_has_is_refused(shop: Shop, folder: Folder) -> None:
    folder.write(NOODLES)
    await folder.bring_in(shop)
    folder.write_map(change=_with("Europe/London", "Asia/Shanghai"))
    with pytest.raises(ordering.BadMap) as refused:
        await folder.bring_in(shop)
    assert "Europe/London" in refused.value.facts["why"]


@pytest.mark.parametrize("limit", ["ORDERS_MAX", "HELD_MAX"])
async def test_a_file_too_large_to_hold_is_refused(
    shop: Shop, folder: Folder, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    folder.write(*many_rows(20))
    monkeypatch.setattr(history_orders, limit, 10)
    with pytest.raises(ordering.BadFile) as refused:
        await folder.bring_in(shop)
    assert "more than 10" in refused.value.facts["why"]


async def test_a_file_that_changes_while_it_is_read_is_refused(shop: Shop, folder: Folder) -> None:
    folder.write(*many_rows(600))
    changed: list[Any] = []

    def progress(what: str, done: int, of: int) -> None:
        if what == "check" and done == of and not changed:
            changed.append(folder.orders.write_text(f"{HEADER}\n{OTHER}\n", "utf-8"))

    with pytest.raises(ordering.BadFile) as refused:
        await folder.bring_in(shop, progress=progress)
    assert "changed" in refused.value.facts["why"]
