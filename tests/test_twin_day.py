"""A day of the demo brand, played over HTTP: it reconciles to the fen and the point, and a row that lies is found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner

from goodtaste.app.cli import main
from goodtaste.app.rooms import PROOFS
from goodtaste.twin import day, plan
from goodtaste.twin.client import Unexpected
from goodtaste.twin.floor import open_floor
from goodtaste.twin.goods import Item, Offer, Wish, earned, reckon
from goodtaste.twin.person import Person
from goodtaste.twin.proof import prove_house
from tests.shop import Shop

pytestmark = pytest.mark.long

ORDERS, DINERS, STORES = 24, 8, 2
ITEMS = [Item(f"sku-{i}", f"菜{i}", 1_000 + i, 900 + i, (), ()) for i in range(9)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def played(demo: Shop) -> AsyncIterator[day.Day]:
    """Give a small day that was played and reconciled."""
    made = await day.play(demo.client, orders=ORDERS, diners=DINERS, seed=4, stores=STORES)
    await made.reconcile()
    yield made


async def test_a_day_reconciles_to_the_fen_and_the_point(demo: Shop, played: day.Day) -> None:
    await prove_house(played.floor, PROOFS, demo.db.execute)
    report = played.report()
    assert (report.differences, report.unexpected) == ([], [])
    assert report.holds
    assert report.orders > ORDERS
    assert {"cash", "wallet"} == set(report.paid_fen)
    assert min(report.coupons_used, report.points_used, report.points_earned) > 0
    assert sum(report.refunded_fen.values()) > 0
    wanted = {"member.code_used", "menu.sold_out", "ordering.being_paid", "org.wrong_pin", "promo.coupon_used"}
    assert wanted <= report.refusals.keys()
    assert report.times["payment to balance"]


async def test_the_stores_keep_their_hours_once_the_day_is_over(demo: Shop, played: day.Day) -> None:
    assert played.floor.stores
    assert [each["special_days"] for each in (await demo.get("/v1/stores")).json()] == [[]] * 5


LIES = {
    "portions": "UPDATE menu_stock SET sold = sold {} 1 WHERE store_id = '{store}' AND sku_id = '{sku}'",
    "points": "UPDATE ledger_account SET balance = balance {} 1 WHERE owner_id = '{member}' AND kind = 'member' AND unit = 'PT'",
    "growth": "UPDATE ledger_account SET balance = balance {} 1 WHERE owner_id = '{member}' AND kind = 'member' AND unit = 'GROWTH'",
    "payments": (
        "UPDATE payment_payment SET amount_fen = amount_fen {0} 1, tendered_fen = tendered_fen {0} 1"
        " WHERE order_id = '{order}' AND state = 'succeeded'"
    ),
    "coupons": "UPDATE promo_template SET issued = issued {} 1 WHERE id = '{template}'",
}

MONDAY = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
AFTERNOON = MONDAY.replace(hour=14)
WEDNESDAY = MONDAY + timedelta(days=2)


@pytest.mark.parametrize("what", LIES)
async def test_a_row_that_lies_is_found(
    demo: Shop, played: day.Day, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr("goodtaste.twin.floor.WAIT_MAX_S", 0.5)
    floor = played.floor
    sale = next(sale for sale in floor.books.sales.values() if sale.method == "wallet")
    member = next(person.id for person in played.people if person.purse.growth and person.purse.available)
    facts = {"store": sale.store_id, "sku": next(iter(sale.takes)), "member": member, "order": sale.id}
    facts["template"] = next(iter(floor.books.issued))
    before = list(floor.differences)
    await demo.db.execute(LIES[what].format("+", **facts))
    try:
        await played.reconcile()
        found = floor.differences[len(before) :]
    finally:
        await demo.db.execute(LIES[what].format("-", **facts))
        floor.differences[:] = before
    assert found, what


async def test_an_answer_that_nobody_reckoned_with_breaks_the_day(demo: Shop) -> None:
    floor = await open_floor(day.Api(demo.client), stores=1)
    with pytest.raises(Unexpected):
        await floor.api.get("/v1/me", floor.stores[0].cashier)
    assert floor.api.unexpected
    assert floor.api.refusals == {"auth.not_allowed": 1}


def test_the_same_seed_makes_the_same_day() -> None:
    one = plan.make(seed=7, orders=300, stores=5, items=ITEMS)
    assert one == plan.make(seed=7, orders=300, stores=5, items=ITEMS)
    assert one != plan.make(seed=8, orders=300, stores=5, items=ITEMS)
    visits = [visit for diner in one for visit in diner.visits]
    assert len(visits) == 300
    assert {visit.kind for visit in visits} == {"counter", "pickup", "table"}
    assert 0 < sum(diner.gift for diner in one) <= plan.GIFTS_MAX, "no more than a manager may give alone"
    assert {visit.end for visit in visits} == {"completed", "cancelled", "refunded", "pieces back"}


def test_a_cart_is_reckoned_as_the_brief_says() -> None:
    wishes = [Wish({}, 2, 3_000, 2_700, {}), Wish({}, 1, 600, None, {})]
    coupon = Offer("c", "t", "cash", 2_000, 5_000, None)
    assert reckon(wishes, member=False, at=MONDAY).due_fen == 6_600
    bill = reckon(wishes, member=True, at=MONDAY, offer=coupon, points=10_000)
    assert (bill.amount_fen, bill.coupon_fen, bill.points, bill.due_fen) == (6_000, 2_000, 400, 3_600)
    assert earned(10_000, earn_bp=10_000) == 10
    assert Offer("c", "t", "percent", 2_000, 5_000, 3_000).saves_fen(20_000) == 3_000
    assert coupon.saves_fen(4_999) == 0


@pytest.mark.parametrize(
    ("wishes", "at", "coupon", "due_fen"),
    [
        ([(1, 8_000, "菜")], MONDAY, None, 7_200),
        ([(1, 15_000, "菜")], MONDAY, None, 13_000),
        ([(1, 10_000, "菜")], WEDNESDAY, None, 8_800),  # members' day takes 12, the threshold 8
        ([(1, 16_000, "菜")], WEDNESDAY, None, 14_000),  # 12 % are 19.20
        ([(3, 1_600, "冻柠茶")], AFTERNOON, None, 4_000),  # of three one is at half price
        ([(1, 1_600, "冻柠茶"), (1, 1_200, "酸梅汤")], AFTERNOON, None, 2_200),
        ([(1, 1_600, "冻柠茶"), (1, 1_200, "豆浆")], AFTERNOON, None, 2_800),
        ([(1, 1_600, "冻柠茶"), (1, 1_200, "酸梅汤")], MONDAY, None, 2_800),
        ([(1, 7_200, "菜"), (2, 800, "冻柠茶")], AFTERNOON, None, 7_600),  # 84 are left of 88: 8 off 80
        (
            [(1, 6_700, "菜"), (2, 800, "冻柠茶")],
            AFTERNOON,
            None,
            7_500,
        ),  # with the drink 79 are left: 8 off 83 is more
        ([(1, 10_500, "菜")], MONDAY, (2_000, 10_000), 8_500),  # the coupon alone: with 8 off it lacks its threshold
        ([(1, 15_000, "菜")], MONDAY, (2_000, 10_000), 11_000),
    ],
)
def test_the_offers_of_the_brand_are_reckoned_as_the_brief_says(
    wishes: list[tuple[int, int, str]], at: datetime, coupon: tuple[int, int] | None, due_fen: int
) -> None:
    cart = [Wish({}, qty, fen, None, {}, name) for qty, fen, name in wishes]
    offer = Offer("c", "t", "cash", *coupon, None) if coupon else None
    assert reckon(cart, member=True, at=at, offer=offer).due_fen == due_fen


def test_the_command_says_what_to_do_when_no_house_answers(tmp_path: Path) -> None:
    answer = CliRunner(env={"LANG": "en_GB"}).invoke(main, ["twin", "day", "--url", "http://127.0.0.1:9"])
    assert answer.exit_code == 1
    assert "goodtaste serve --demo" in answer.output


def test_the_brand_is_seeded_from_the_command_line_once(tmp_path: Path) -> None:
    shell = CliRunner(env={"LANG": "en_GB", "GOODTASTE_DATA_DIR": str(tmp_path), "GOODTASTE_LOG_LEVEL": "error"})
    assert "38 dishes" in shell.invoke(main, ["twin", "brand"]).output
    assert "already" in shell.invoke(main, ["twin", "brand"]).output


async def test_at_a_pace_nobody_keeps_a_seat_until_they_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[tuple[int, int]] = []

    async def visit(_: object, person: Person, each: plan.Visit) -> None:
        came.append((person.plan.no, each.at_s))

    monkeypatch.setattr(day, "visit", visit)

    def guest(no: int, *times: int) -> Person:
        visits = [
            plan.Visit(0, at_s, 0, "counter", [], [], "cash", "completed", False, False, False, 0) for at_s in times
        ]
        return Person(plan.Diner(no, "guest", 0, 0, visits), "run")

    seats, started = asyncio.Semaphore(1), time.perf_counter()
    serve = [day._serve(None, each, seats, started=started, speed=100) for each in (guest(1, 0, 20), guest(2, 10))]  # type: ignore[arg-type]
    await asyncio.gather(*serve)
    assert came == [(1, 0), (2, 10), (1, 20)]
    assert time.perf_counter() - started >= 20 / 100
