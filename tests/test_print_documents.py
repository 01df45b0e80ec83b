"""What stands on paper: amounts that add up and line up, what saved what, what people remarked, and one of each."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from tools.printing import SALE, TICKET

from goodtaste.floor.printing import emulator, escpos, forgetting, making, picture, slips, tokens
from goodtaste.floor.printing.emulator import Code, Opened, Printed
from goodtaste.floor.printing.paper import Document
from goodtaste.floor.printing.receipts import pre_bill, receipt
from goodtaste.floor.printing.text import columns
from goodtaste.floor.printing.tokens import ReceiptUnknown, order_of_token, receipt_token
from goodtaste.kernel.ids import new_id
from goodtaste.menu.asked import DishChange
from tests.databases import unavailable
from tests.print_kit import Desk, words
from tests.shop_kit import Floor, line, the


def _paper(document: Document, width: int) -> list[Any]:
    return emulator.read(escpos.encode(document, columns=width))


@pytest.mark.parametrize("width", [32, 48])
@pytest.mark.parametrize("english", [False, True])
def test_a_receipt_fits_its_paper_and_says_everything(width: int, english: bool) -> None:
    done = _paper(receipt(SALE, english=english, drawer=True), width)
    text = words(done)
    assert all(columns(each.text) * each.wide <= width for each in done if isinstance(each, Printed))
    flat = text.replace("\n", "").replace(" ", "")
    for said in (
        "184.00",
        "-20.00",
        "-8.60",
        "￥155.40",
        "200.00",
        "44.60",
        "+15",
        "441",
        "银卡",
        "4.1kg",
        "少糖",
        "0317",
        "满100减20",
    ):
        assert said in flat, said
    assert ("Youaved" in flat or "Yousaved" in flat) is english
    assert [type(each) for each in done].count(Opened) == 1
    assert [each.data for each in done if isinstance(each, Code)] == [SALE.qr_url]
    amounts = [each.text for each in done if isinstance(each, Printed) and each.text.endswith("155.40")]
    assert columns(amounts[0]) == width


def test_a_bill_that_is_not_paid_says_so_and_carries_no_code() -> None:
    done = _paper(pre_bill(SALE, english=False), 48)
    assert "预结单" in words(done)
    assert "不是付款凭证" in words(done)
    assert not any(isinstance(each, Code | Opened) for each in done)


@pytest.mark.parametrize("turn", ["fire", "hurry", "return"])
def test_a_kitchen_slip_shows_courses_remarks_and_what_it_is(turn: Any) -> None:
    from msgspec.structs import replace

    text = words(_paper(slips.kitchen(replace(TICKET, turn=turn, reason="客人走了"), english=True), 48))
    for said in ("A12", "红烧肉", "x2", "※ 少糖", "Course 1", "原因：客人走了"):
        assert said in text
    assert ("催菜" in text, "退菜" in text) == (turn == "hurry", turn == "return")
    assert text.index("第 1 道") < text.index("第 2 道")


def test_every_piece_gets_a_label_that_counts_them() -> None:
    made = slips.labels("0317", TICKET.dishes, at="12:46", english=False)
    done = _paper(made, 32)
    pieces = sum(dish.qty for dish in TICKET.dishes)
    assert f"1/{pieces}" in words(done)
    assert f"{pieces}/{pieces}" in words(done)
    many = slips.labels("1", [slips.Dish("茶", 500)], at="", english=False)
    assert words(_paper(many, 32)).count("茶") == slips.LABELS_MAX


def test_a_report_prints_the_rows_it_is_given() -> None:
    made = slips.report(
        "交班 Z", [slips.Section("现金", (("应有", "1,200.00"), ("实点", "1,199.00")))], signed_by=["收银", "店长"]
    )
    text = words(_paper(made, 48))
    assert "应有" in text
    assert "店长:" in text


def test_a_picture_is_drawn_of_what_was_printed_and_a_missing_font_is_told() -> None:
    done = _paper(receipt(SALE, english=False), 48)
    try:
        font = picture.font_file()
    except picture.NoFont as error:
        unavailable(str(error))
    drawn = picture.draw(done, dots=576, font=font)
    assert drawn.width == 576 + 2 * picture.MARGIN
    assert drawn.getextrema() == (0, 255)
    with pytest.raises(picture.NoFont, match="GOODTASTE_PRINTER_FONT"):
        picture.font_file("/nowhere/font.ttf")


async def test_staff_see_what_a_job_prints_as_a_picture_until_it_is_forgotten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    printer_id, _ = await desk.a_printer(paper_mm=58)
    path = f"/v1/print-jobs/{await desk.test_page(printer_id)}/picture"
    with monkeypatch.context() as bare:
        bare.setattr(picture, "FONTS", ("/nowhere/font.ttf",))
        assert await desk.refuses("GET", path) == "floor.no_printer_font"
    try:
        picture.font_file()
    except picture.NoFont as error:
        unavailable(str(error))
    shown = await desk.floor.do("GET", path, None, desk.floor.at("cashier", desk.store))
    assert shown.headers["content-type"] == "image/png"
    drawn = Image.open(io.BytesIO(shown.content))
    assert drawn.width == 384 + 2 * picture.MARGIN
    assert drawn.convert("L").getextrema() == (picture.INK, 255)
    await desk.serve()
    desk.floor.later(days=31)
    await forgetting.forget_job(desk.floor.process)({})
    assert await desk.refuses("GET", path) == "floor.print_not_now"


def test_the_code_of_a_receipt_opens_its_order_and_nothing_else(floor: Floor) -> None:
    order_id, keyring, at = new_id(), floor.process.keyring, floor.now
    token = receipt_token(order_id, paid_at=at, keyring=keyring)
    assert order_of_token(token, keyring=keyring, at=at) == order_id
    changed = ("B" if token[0] != "B" else "C") + token[1:]
    for bad in ("", "x", token[:-1], token + "A", changed, token.replace(token[-6], "!"), "é" * 42):
        with pytest.raises(ReceiptUnknown):
            order_of_token(bad, keyring=keyring, at=at)
    with pytest.raises(ReceiptUnknown):
        order_of_token(token, keyring=keyring, at=at + timedelta(days=tokens.DAYS + 2))


@pytest_asyncio.fixture(loop_scope="session")
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    """Give the store of the floor a printer for everything."""
    opened = Desk(floor, floor.store)
    yield opened
    for each in await opened.done("GET", f"/v1/stores/{floor.store.id}/printers"):
        gone = {name: each[name] for name in ("name", "kind", "address", "paper_mm", "version")}
        off = {"purposes": [], "active": False, "reason": "拆", "fallback_id": None, **gone}
        await opened.done("PUT", f"/v1/printers/{each['id']}", off, "store_manager")
    await opened.close()


async def _print(desk: Desk) -> None:
    """Hear what was told, make the documents, and print them."""
    await desk.floor.hear()
    await desk.floor.run_jobs()
    await desk.serve()


async def test_a_paid_order_gets_one_receipt_and_cash_opens_the_drawer(desk: Desk) -> None:
    _, printer = await desk.a_printer(f"前台 {new_id()}", purposes=["receipt", "pickup"])
    member = await desk.floor.a_member(points=500)
    order = await desk.floor.bought(line("noodles", 2, options=("hot", "egg")), member=member)
    await _print(desk)
    [slip, pickup] = sorted(printer.slips, key=lambda each: "取餐号" in words(each))
    text = words(slip).replace(" ", "")
    assert "noodles" in text
    assert "egg" in text
    assert f"￥{order['due_fen'] / 100:.2f}" in text
    assert "会员" in text
    [[no]] = await desk.floor.db.execute(f"SELECT no FROM floor_pickup WHERE order_id = '{order['id']}'")
    assert f"{no:03d}" in words(pickup)
    assert f"{no:03d}" in words(slip)
    assert [type(each) for each in printer.done].count(Opened) == 1
    [code] = [each for each in slip if isinstance(each, Code)]
    token = code.data.rpartition("/r/")[2]
    assert order_of_token(token, keyring=desk.floor.process.keyring, at=desk.floor.now) == order["id"]
    told = {"order_id": order["id"], "at": desk.floor.now}
    for _ in range(2):
        await making.job_functions(desk.floor.process)[making.PAID](told)
    await _print(desk)
    assert len(printer.slips) == 2
    path = f"/v1/orders/{order['id']}/prints"
    assert await desk.refuses("POST", path, {"id": new_id(), "what": "receipt"}) == "floor.nothing_to_print"


async def _says_carbon(desk: Desk, name: str, grams: int | None) -> None:
    """Let a dish of the menu say its carbon."""
    path = f"/v1/menu/dishes/{the(f'dish/{name}')}"
    found = await desk.done("GET", path, None, "hq_admin")
    kept = {each: found[each] for each in DishChange.__struct_fields__ if each in found}
    for part in [*kept["skus"], *kept["groups"], *kept["slots"]]:
        part.pop("dish_id", None)
    await desk.done("PUT", path, kept | {"carbon_g": grams}, "hq_admin")


async def test_the_receipt_says_the_carbon_of_all_of_it_where_each_dish_says_its_own(desk: Desk) -> None:
    _, printer = await desk.a_printer(f"前台 {new_id()}", purposes=["receipt"])
    await _says_carbon(desk, "tea", 120)
    await _says_carbon(desk, "noodles", 800)
    known = await desk.floor.bought(line("tea", 2), line("feast", parts={"main": "noodles"}))
    unknown = await desk.floor.bought(line("tea"), line("dumplings"))
    await _print(desk)
    said, unsaid = (words(each) for each in printer.slips)
    assert [each["carbon_g"] for each in known["lines"]] == [120, 800 + 2 * 120], "a set meal is the sum of its parts"
    assert (known["carbon_g"], (await desk.floor.seen(known["id"]))["carbon_g"]) == (1_280, 1_280)
    assert "1.3 kg" in said
    assert [each["carbon_g"] for each in unknown["lines"]] == [120, None]
    assert unknown["carbon_g"] is None
    assert "CO2" not in unsaid
    assert "碳" not in unsaid
    await _says_carbon(desk, "noodles", None)
    assert (await desk.floor.seen(known["id"]))["carbon_g"] == 1_280, "what was ordered stays as it was said"
    assert (await desk.floor.bought(line("feast", parts={"main": "noodles"})))["carbon_g"] is None
    await _print(desk)


async def test_a_drawer_does_not_open_when_nobody_stands_before_it_any_more(desk: Desk) -> None:
    _, printer = await desk.a_printer(f"前台 {new_id()}", purposes=["receipt"])
    printer.cover_open = True
    await desk.floor.bought(line("tea"))
    await _print(desk)
    desk.floor.later(minutes=2)
    printer.cover_open = False
    await desk.serve()
    assert len(printer.slips) == 1
    assert Opened() not in printer.done


async def test_a_store_that_prints_no_receipts_still_opens_the_drawer(desk: Desk) -> None:
    _, printer = await desk.a_printer(f"前台 {new_id()}", purposes=["receipt"])
    path = f"/v1/stores/{desk.store.id}/printing"
    habit = await desk.done("GET", path)
    asked = {"receipts": False, "english": False, "version": habit["version"]}
    await desk.done("PUT", path, asked, "store_manager")
    order = await desk.floor.bought(line("tea"))
    await _print(desk)
    assert printer.done == [Opened()]
    asked = {"id": new_id(), "what": "receipt"}
    made = await desk.done("POST", f"/v1/orders/{order['id']}/prints", asked)
    assert await desk.done("POST", f"/v1/orders/{order['id']}/prints", asked) == made
    await desk.serve()
    assert len(printer.slips) == 1
    await desk.done("PUT", path, {"receipts": True, "english": True, "version": asked_version(habit)}, "store_manager")


async def test_opening_the_drawer_without_a_sale_opens_it_once_and_within_a_minute(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer(f"前台 {new_id()}", purposes=["receipt"])
    opening = {"id": new_id(), "store_id": desk.store.id, "reason": "换零"}
    for _ in range(2):
        await desk.done("POST", "/v1/drawer-openings", opening)
    await _print(desk)
    assert printer.done == [Opened()]
    await desk.done("POST", "/v1/drawer-openings", opening | {"id": new_id()})
    await desk.floor.hear()
    desk.floor.later(minutes=2)
    await desk.serve()
    assert printer.done == [Opened()]
    late, first = [each for each in await desk.jobs() if each["printer_id"] == printer_id]
    assert (late["state"], first["state"], first["drawer"]) == ("expired", "confirmed", True)


async def test_a_drawer_without_a_printer_is_opened_by_its_key(desk: Desk) -> None:
    before = await desk.jobs()
    opening = {"id": new_id(), "store_id": desk.store.id, "reason": "换零"}
    await desk.done("POST", "/v1/drawer-openings", opening)
    await desk.floor.hear()
    assert await desk.jobs() == before


def asked_version(habit: Any) -> int:
    """Return the version of a habit that was changed once since it was read."""
    return int(habit["version"]) + 1


async def test_the_kitchen_is_told_once_of_what_is_fired_and_of_what_comes_back(desk: Desk) -> None:
    _, printer = await desk.a_printer(f"厨房 {new_id()}", purposes=["kitchen", "pre_bill"])
    asked = {"kind": "dine_in", "table_id": desk.store.tables[1], "channel": "table_qr"}
    evil = line("noodles") | {"note": "不辣\x1b@\x1dV".replace("\x1b", "").replace("\x1d", "")}
    order = await desk.floor.order(evil, line("tea", 2), member=await desk.floor.a_member(), **asked)
    await _print(desk)
    [slip] = printer.slips
    assert "A2" in words(slip)
    assert "noodles" in words(slip)
    assert "※ 不辣@V" in words(slip)
    more = {"id": new_id(), "lines": [line("dumplings")]}
    await desk.floor.done("POST", f"/v1/orders/{order['id']}/rounds", more, desk.floor.at("waiter"))
    await _print(desk)
    assert len(printer.slips) == 2
    assert "tea" not in words(printer.slips[1])
    path = f"/v1/orders/{order['id']}/prints"
    assert await desk.refuses("POST", path, {"id": new_id(), "what": "receipt"}) == "floor.nothing_to_print"
    await desk.done("POST", path, {"id": new_id(), "what": "pre_bill"})
    assert await desk.refuses("POST", path, {"id": new_id(), "what": "pre_bill"}) == "floor.nothing_to_print"
    await desk.serve()
    assert "预结单" in words(printer.slips[2])


async def test_each_station_gets_its_own_slip_and_what_has_none_goes_to_the_kitchen(desk: Desk) -> None:
    wok, by = new_id(), "store_manager"
    path = f"/v1/stores/{desk.store.id}/kitchen"
    await desk.done("PUT", f"{path}/stations/{wok}", {"name": f"炒锅 {wok}"}, by)
    await desk.done("PUT", f"{path}/stations/{new_id()}", {"name": f"吧台 {wok}"}, by)
    routes = {"routes": [{"subject_id": the("dish/noodles"), "station_id": wok}]}
    await desk.done("PUT", f"{path}/routes", routes, by)
    _, stove = await desk.a_printer(f"炒锅 {new_id()}", purposes=["kitchen"], stations=[wok])
    _, kitchen = await desk.a_printer(f"后厨 {new_id()}", purposes=["kitchen"])
    table = {"kind": "dine_in", "table_id": desk.store.tables[0], "channel": "table_qr"}
    member = await desk.floor.a_member()
    order = await desk.floor.order(line("noodles", 2), line("tea"), member=member, **table)
    await _print(desk)
    assert ["noodles" in words(each) for each in stove.slips] == [True]
    assert "tea" not in words(stove.slips[0])
    assert "炒锅" in words(stove.slips[0])
    assert ["tea" in words(each) for each in kitchen.slips] == [True]
    await desk.floor.done("POST", f"/v1/orders/{order['id']}/hurry", None, desk.floor.at("waiter"))
    await _print(desk)
    assert "催菜" in words(stove.slips[1])
    assert "x2" in words(stove.slips[1])
    back = {"id": new_id(), "version": order["version"], "reason": "客人不要了", "pieces": [{"line_no": 1, "qty": 1}]}
    await desk.floor.done("POST", f"/v1/orders/{order['id']}/returns", back, desk.floor.at("store_manager"))
    await _print(desk)
    assert "退菜" in words(stove.slips[2])
    assert "客人不要了" in words(stove.slips[2])
    assert "x1" in words(stove.slips[2])
    assert len(kitchen.slips) == 2, "the hurry of its tea, and no return"


async def test_the_parts_of_a_set_meal_are_on_the_slips_of_their_stations_with_its_name(desk: Desk) -> None:
    bar, stove, by = new_id(), new_id(), "store_manager"
    path = f"/v1/stores/{desk.store.id}/kitchen"
    for station, name in ((bar, "水吧"), (stove, "面档")):
        await desk.done("PUT", f"{path}/stations/{station}", {"name": f"{name} {station}"}, by)
    to = {"dish/tea": bar, "dish/noodles": stove}
    routes = [{"subject_id": the(dish), "station_id": station} for dish, station in to.items()]
    await desk.done("PUT", f"{path}/routes", {"routes": routes}, by)
    _, drinks = await desk.a_printer(f"水吧 {new_id()}", purposes=["kitchen"], stations=[bar])
    _, kitchen = await desk.a_printer(f"后厨 {new_id()}", purposes=["kitchen"])
    table = {"kind": "dine_in", "table_id": desk.store.tables[0], "channel": "table_qr"}
    order = await desk.floor.order(line("feast", 2), member=await desk.floor.a_member(), **table)
    await _print(desk)
    back = {"id": new_id(), "version": order["version"], "reason": "不要了", "pieces": [{"line_no": 1, "qty": 1}]}
    await desk.floor.done("POST", f"/v1/orders/{order['id']}/returns", back, desk.floor.at("store_manager"))
    await _print(desk)
    for printer, dish, other in ((drinks, "tea", "noodles"), (kitchen, "noodles", "tea")):
        made, gone = (words(each) for each in printer.slips)
        assert all(dish in each and "[feast]" in each and other not in each for each in (made, gone))
        assert ("退菜" in made, "退菜" in gone) == (False, True)
    assert ["x4" in words(drinks.slips[0]), "x2" in words(drinks.slips[1])] == [True, True]


async def test_what_is_refunded_or_cancelled_while_it_is_made_is_on_a_slip(desk: Desk) -> None:
    _, printer = await desk.a_printer(f"厨房 {new_id()}", purposes=["kitchen"])
    order = await desk.floor.bought(line("dumplings", 2))
    await desk.floor.advance(order, "accepted", "preparing")
    await _print(desk)
    await desk.floor.refund(order, {1: 1})
    await _print(desk)
    table = {"kind": "dine_in", "table_id": desk.store.tables[0], "channel": "table_qr"}
    bill = await desk.floor.order(line("dumplings"), member=await desk.floor.a_member(), **table)
    await _print(desk)
    by = desk.floor.at("store_manager")
    await desk.floor.done("POST", f"/v1/orders/{bill['id']}/cancel", {"reason": "走了"}, by)
    await _print(desk)
    over = await desk.floor.bought(line("dumplings"))
    await _print(desk)
    await desk.floor.refund(over)
    await _print(desk)
    slips_ = [words(each) for each in printer.slips]
    assert ["退菜" in each for each in slips_] == [False, True, False, True, False, True]
    assert all("dumplings" in each and "x1" in each for each in slips_[1::2])


async def test_what_is_told_late_is_not_printed(desk: Desk) -> None:
    _, printer = await desk.a_printer(f"前台 {new_id()}", purposes=["receipt", "kitchen", "pickup"])
    await desk.floor.bought(line("tea"))
    await desk.floor.hear()
    desk.floor.later(hours=3)
    await _print(desk)
    assert printer.slips == []


@pytest.mark.parametrize(("purpose", "wanted"), [("report", set()), ("kitchen", {"fired"}), ("pickup", {"paid"})])
async def test_nothing_is_made_that_the_store_has_no_printer_for(desk: Desk, purpose: str, wanted: set[str]) -> None:
    await desk.a_printer(f"前台 {new_id()}", purposes=[purpose])
    order = await desk.floor.bought(line("tea"))
    await desk.floor.hear()
    there = "SELECT name FROM kernel_job WHERE name LIKE 'floor.print_%' AND CAST(args AS TEXT) LIKE '%{}%'"
    found = await desk.floor.db.execute(there.format(order["id"]))
    assert {name.removeprefix("floor.print_") for (name,) in found} == wanted
