"""Drawers and shifts: opened with a float, counted blind, signed by two, reported by number without a gap; days that are closed."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from goodtaste.app import rooms
from goodtaste.kernel.ids import new_id
from goodtaste.menu import api as menu
from tests import org_kit
from tests.org_kit import Headers
from tests.shop_kit import Floor, all_at_once, line, spread

PIN = "736194"


class Team:
    """A store of its own with two cashiers and a manager who have PINs, and a till."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor

    async def hire(self) -> Team:
        """Open the store and hire people."""
        floor = self.floor
        self.store = await floor.a_store()
        self.one, self.two, self.manager = [
            (await org_kit.a_person(floor, (role, self.store.id), pin=PIN)).id
            for role in ("cashier", "cashier", "store_manager")
        ]
        self.till = await org_kit.a_terminal(floor, self.store.id)
        return self

    def at_till(self, person: str | None = None) -> Headers:
        """Return the headers of a cashier at the till."""
        return self.floor.token("staff", person or self.one, terminal_id=self.till.id)

    def by(self, person: str) -> Headers:
        """Return the headers of a person without a terminal."""
        return self.floor.token("staff", person)

    def pin(self, person: str, pin: str = PIN) -> dict[str, str]:
        """Return a PIN."""
        return {"staff_id": person, "pin": pin}

    async def opened(self, *pieces: tuple[int, int], by: Headers | None = None, **more: Any) -> Any:
        """Open a shift with these pieces in the drawer."""
        asked = {"id": new_id(), "store_id": self.store.id, "float_pieces": counted(*pieces)} | more
        return await self.floor.done("POST", "/v1/shifts", asked, by or self.at_till())

    async def sold(self, name: str = "tea", by: Headers | None = None) -> Any:
        """Sell something for cash; tea is 3.33."""
        by = by or self.at_till()
        asked = await self.floor.cart([line(name)], by=by, cash=True, store_id=self.store.id)
        return await self.floor.done("POST", "/v1/orders", asked, by)

    async def counts(self, shift: Any, *pieces: tuple[int, int], by: Headers | None = None, **more: Any) -> Any:
        """Count a drawer."""
        asked = {"id": new_id(), "pieces": counted(*pieces)} | more
        return await self.floor.done("POST", f"/v1/shifts/{shift['id']}/count", asked, by or self.at_till())

    def signed(self, **more: Any) -> dict[str, Any]:
        """Return what is sent to close a shift."""
        return {"cashier": self.pin(self.one), "witness": self.pin(self.manager)} | more

    async def closed(self, shift: Any, **more: Any) -> Any:
        """Close a shift."""
        return await self.floor.done("POST", f"/v1/shifts/{shift['id']}/close", self.signed(**more), self.at_till())

    async def day(self, on: date | str | None = None) -> Any:
        """Show a trading day."""
        path = f"/v1/stores/{self.store.id}/days/{on or self.today}"
        return await self.floor.done("GET", path, None, self.by(self.manager))

    async def close_day(self, on: Any = None, **more: Any) -> Any:
        """Close a trading day."""
        path = f"/v1/stores/{self.store.id}/days/{on or self.today}/close"
        return await self.floor.do("POST", path, {"reason": ""} | more, self.by(self.manager))

    @property
    def today(self) -> date:
        """The calendar's day in Shanghai, which begins at midnight."""
        return (self.floor.now + timedelta(hours=8)).date()


def counted(*pieces: tuple[int, int]) -> list[dict[str, int]]:
    """Return a count: pieces by denomination."""
    return [{"fen": fen, "pieces": n} for fen, n in pieces]


@pytest.fixture
async def team(floor: Floor) -> Team:
    """Give a store with its team."""
    return await Team(floor).hire()


async def test_a_shift_from_its_float_to_its_report(team: Team) -> None:
    floor = team.floor
    shift = await team.opened((100_00, 2), (1_00, 50))
    assert (shift["state"], shift["float_fen"], shift["drawer_id"]) == ("open", 250_00, team.till.id)
    floor.later(minutes=1)
    for _ in range(3):
        await team.sold()
    order = await team.sold("dumplings")
    asked = {"id": new_id(), "reason": "退菜", "seen_amount_fen": 1_899}
    there = floor.token("staff", team.manager, terminal_id=team.till.id)
    await floor.done("POST", f"/v1/orders/{order['id']}/refunds", asked, there)
    cash = f"/v1/shifts/{shift['id']}/cash"
    for kind, fen in (("in", 100_00), ("out", 30_00)):
        asked = {"id": new_id(), "kind": kind, "amount_fen": fen, "reason": "换零钱"}
        if kind == "out":
            assert await floor.refuses("POST", cash, asked, team.at_till()) == "auth.not_allowed"
            asked["approval"] = team.pin(team.manager)
        assert await floor.done("POST", cash, asked, team.at_till()) == await floor.done(
            "POST", cash, asked, team.at_till()
        )
    opening = {"id": new_id(), "store_id": team.store.id, "reason": "换零"}
    await floor.done("POST", "/v1/drawer-openings", opening, team.at_till())
    floor.later(minutes=1)
    mine = await team.counts(shift, (100_00, 3), (10_00, 2), (1_00, 9), (50, 1), (10, 4), (1, 8))
    assert (mine["state"], mine["counted_fen"], mine["expected_fen"], mine["difference_fen"]) == (
        "counted",
        329_98,
        None,
        None,
    )
    assert mine["changed"] == {"10000": 1, "1000": 2, "100": -41, "50": 1, "10": 4, "1": 8}
    path = f"/v1/shifts/{shift['id']}/close"
    answer = await floor.do("POST", path, team.signed(), team.at_till())
    assert (answer.json()["code"], answer.json()["facts"]["difference_fen"]) == ("payment.difference_unexplained", -1)
    done = await team.closed(shift, reason="少一分")
    assert (done["expected_fen"], done["difference_fen"], done["z_number"]) == (329_99, -1, 1)
    assert (done["signed_by"], done["witness"]) == (team.one, team.manager)
    assert await team.closed(shift, reason="少一分") == done, "closed once"
    z = await floor.done("GET", f"/v1/stores/{team.store.id}/z-reports/1", None, team.by(team.manager))
    said = z["report"]
    assert said["cash"] | {"counted_fen": 0} == {
        "float_fen": 250_00, "taken_fen": 28_98, "back_fen": 18_99, "settled_fen": 0, "in_fen": 100_00, "out_fen": 30_00,
        "expected_fen": 329_99, "counted_fen": 0, "difference_fen": -1, "loose_fen": 0, "openings": 1,
    }  # fmt: skip
    assert (said["sales"]["orders"], said["sales"]["due_fen"], said["sales"]["last_order_id"]) == (
        4,
        28_98,
        order["id"],
    )
    assert said["tenders"] == [{"method": "cash", "payments": 4, "paid_fen": 28_98, "refunds": 0, "back_fen": 0}]
    [written] = await floor.db.execute(
        f"SELECT facts FROM kernel_audit WHERE action = 'payment.shift_closed' AND subject = 'shift/{shift['id']}'"
    )
    assert json.loads(written[0])["digest"] == z["digest"]
    await floor.books_hold()


async def test_one_shift_a_drawer_and_each_drawer_its_own_cash(team: Team) -> None:
    floor = team.floor
    asked = [
        floor.do("POST", "/v1/shifts", {"id": new_id(), "store_id": team.store.id}, team.at_till()) for _ in range(5)
    ]
    assert spread(await all_at_once(asked)) == {"done": 1, "payment.shift_open": 4}
    common = await team.opened(by=team.by(team.two))
    assert common["drawer_id"] == team.store.id
    floor.later(minutes=1)
    await team.sold()
    await team.sold(by=team.by(team.two))
    await team.sold(by=team.by(team.two))
    floor.later(minutes=1)
    mine = await floor.done("GET", f"/v1/stores/{team.store.id}/drawer", None, team.at_till())
    await team.counts(mine, (1, 333))
    await team.counts(common, (1, 666), by=team.by(team.two))
    assert (await team.closed(mine))["difference_fen"] == 0
    signed = {"cashier": team.pin(team.two), "witness": team.pin(team.manager)}
    other = await floor.done("POST", f"/v1/shifts/{common['id']}/close", signed, team.by(team.two))
    assert (other["expected_fen"], other["z_number"]) == (666, 2)


async def test_who_counts_is_not_told_and_every_count_is_kept(team: Team) -> None:
    floor = team.floor
    shift = await team.opened((1_00, 1))
    path = f"/v1/shifts/{shift['id']}"
    close = team.signed(reason="看错了")
    assert await floor.refuses("POST", f"{path}/close", close, team.at_till()) == "payment.not_counted"
    asked = {"id": new_id(), "pieces": counted((1_00, 2))}
    first = await floor.done("POST", f"{path}/count", asked, team.at_till())
    assert await floor.done("POST", f"{path}/count", asked, team.at_till()) == first
    assert not any(first[name] for name in ("expected_fen", "difference_fen"))
    again = {"id": new_id(), "pieces": counted((1_00, 1))}
    assert await floor.refuses("POST", f"{path}/count", again, team.at_till()) == "payment.shift_over"
    await floor.done("POST", f"{path}/count", again | {"approval": team.pin(team.manager)}, team.at_till())
    counts = await floor.db.execute(
        f"SELECT counted_fen, approved_by FROM payment_count WHERE shift_id = '{shift['id']}' ORDER BY id"
    )
    assert [tuple(each) for each in counts] == [(200, None), (100, team.manager)]
    assert (await team.closed(shift))["difference_fen"] == 0
    move = {"id": new_id(), "kind": "in", "amount_fen": 1, "reason": "晚了"}
    assert await floor.refuses("POST", f"{path}/cash", move, team.at_till()) == "payment.shift_over"
    assert (
        await floor.refuses("POST", f"{path}/count", again | {"id": new_id()}, team.at_till()) == "payment.shift_over"
    )
    nobody = f"/v1/shifts/{new_id()}"
    assert await floor.refuses("GET", nobody, None, team.by(team.manager)) == "payment.shift_unknown"


async def test_two_persons_sign_and_nobody_for_another(team: Team) -> None:
    floor = team.floor
    shift = await team.opened()
    await team.counts(shift)
    path = f"/v1/shifts/{shift['id']}/close"

    async def why(**more: Any) -> str:
        return await floor.refuses("POST", path, team.signed(**more), team.at_till())

    assert await why(witness=team.pin(team.two)) == "org.may_not_approve"
    assert await why(witness=team.pin(team.manager, "194736")) == "org.wrong_pin"
    assert await why(cashier=team.pin(team.manager)) == "payment.same_person"
    second = (await org_kit.a_person(floor, ("store_manager", team.store.id), pin=PIN)).id
    assert await why(cashier=team.pin(second)) == "payment.not_the_cashier"
    assert await why(cashier=team.pin(team.two), reason="不在") == "org.may_not_approve"
    done = await team.closed(shift, cashier=team.pin(second), reason="收银员病了")
    assert (done["signed_by"], done["witness"], done["cashier_id"]) == (second, team.manager, team.one)
    other = (await org_kit.a_person(floor, ("cashier", team.store.id))).id
    following = await team.opened()
    path, by = f"/v1/shifts/{following['id']}", team.by(other)
    assert await floor.refuses("POST", f"{path}/count", {"id": new_id(), "pieces": []}, by) == "auth.not_allowed"
    assert await floor.refuses("GET", path, None, by) == "auth.not_allowed"


async def test_a_drawer_is_handed_over_with_what_was_counted(team: Team) -> None:
    floor = team.floor
    shift = await team.opened((10_00, 1))
    floor.later(minutes=1)
    await team.sold()
    floor.later(minutes=1)
    await team.counts(shift, (10_00, 1), (1_00, 3), (10, 3), (1, 3))
    asked = {"next_id": new_id(), "cashier": team.pin(team.one), "next_cashier": team.pin(team.two)}
    path = f"/v1/shifts/{shift['id']}/hand-over"
    following = await floor.done("POST", path, asked, team.at_till())
    assert (following["cashier_id"], following["float_fen"], following["state"]) == (team.two, 13_33, "open")
    assert await floor.done("POST", path, asked, team.at_till()) == following
    floor.later(minutes=1)
    await team.sold(by=team.at_till(team.two))
    floor.later(minutes=1)
    await team.counts(following, (1, 16_66), by=team.at_till(team.two))
    signed = team.signed(cashier=team.pin(team.two))
    done = await floor.done("POST", f"/v1/shifts/{following['id']}/close", signed, team.at_till(team.two))
    assert (done["expected_fen"], done["difference_fen"], done["z_number"]) == (16_66, 0, 2)


async def test_reports_of_a_store_are_numbered_without_a_gap(team: Team) -> None:
    floor = team.floor
    tills = [await org_kit.a_terminal(floor, team.store.id) for _ in range(4)]
    shifts = []
    for till in tills:
        by = floor.token("staff", team.one, terminal_id=till.id)
        shifts.append(await team.opened(by=by))
        await team.counts(shifts[-1], by=by)
    done = await all_at_once(
        [floor.do("POST", f"/v1/shifts/{each['id']}/close", team.signed(), team.at_till()) for each in shifts]
    )
    assert sorted(each.json()["z_number"] for each in done) == [1, 2, 3, 4]
    path, by = f"/v1/stores/{team.store.id}/z-reports", team.by(team.manager)
    page = await floor.done("GET", f"{path}?limit=3", None, by)
    assert ([each["number"] for each in page["reports"]], page["next"]) == ([4, 3, 2], 2)
    rest = await floor.done("GET", f"{path}?limit=3&before={page['next']}", None, by)
    assert ([each["number"] for each in rest["reports"]], rest["next"]) == ([1], None)
    assert await floor.refuses("GET", f"{path}/5", None, by) == "payment.z_unknown"


async def test_a_day_is_closed_once_nothing_of_it_is_open(team: Team) -> None:
    floor = team.floor
    by = team.by(team.manager)
    on = team.today
    tomorrow = await team.close_day(on + timedelta(days=1))
    assert org_kit.code_of(tomorrow) == "payment.day_not_begun"
    shift = await team.opened()
    floor.later(minutes=1)
    await team.sold()
    order = await floor.done("POST", "/v1/orders", await floor.cart([line("tea")], by=by, store_id=team.store.id), by)
    floor.later(minutes=1)
    refused = await team.close_day()
    assert (org_kit.code_of(refused), refused.json()["facts"]["shift_ids"]) == ("payment.shifts_open", [shift["id"]])
    await team.counts(shift, (1, 333))
    await team.closed(shift)
    refused = await team.close_day()
    assert (org_kit.code_of(refused), refused.json()["facts"]["order_ids"]) == ("payment.bills_open", [order["id"]])
    await floor.done(
        "POST", f"/v1/orders/{order['id']}/cash", {"id": new_id(), "tendered_fen": 333, "seen_due_fen": 333}, by
    )
    refused = await team.close_day()
    assert (org_kit.code_of(refused), refused.json()["facts"]["loose_fen"]) == ("payment.loose_cash", 333)
    so_far = await team.day()
    done = (await team.close_day(reason="店长代收")).json()
    assert done["report"] == so_far["report"]
    assert (done["z_number"], done["report"]["cash"]["loose_fen"], done["report"]["sales"]["orders"]) == (2, 333, 2)
    assert [each["z_number"] for each in done["report"]["shifts"]] == [1]
    assert (await team.close_day(reason="店长代收")).json() == done == await team.day()
    floor.later(hours=1)
    late = await team.sold()
    assert date.fromisoformat(late["business_date"]) == on + timedelta(days=1), (
        "what comes after belongs to the next day"
    )
    assert (await team.day(on)) == done
    assert (await team.day(on + timedelta(days=1)))["report"]["carried_fen"] == 333
    floor.later(days=1)
    await menu.begin_days(floor.process)
    assert date.fromisoformat((await team.sold())["business_date"]) == on + timedelta(days=1)
    assert org_kit.code_of(await team.close_day(on - timedelta(days=1))) == "payment.day_past"
    await floor.books_hold()


async def test_money_that_settles_after_the_day_was_closed_is_shown_as_late(team: Team) -> None:
    floor = team.floor
    done = (await team.close_day()).json()
    order = await team.sold()
    await floor.db.execute(
        f"UPDATE payment_payment SET business_date = '{done['business_date']}' WHERE order_id = '{order['id']}'"
    )
    shown = await team.day(done["business_date"])
    assert shown["report"] == done["report"]
    assert shown["late"] == [{"method": "cash", "payments": 1, "paid_fen": 333, "refunds": 0, "back_fen": 0}]


async def test_a_clock_that_was_set_back_ends_no_shift_before_it_began(team: Team) -> None:
    floor = team.floor
    shift = await team.opened()
    floor.later(hours=-1)
    asked = {"id": new_id(), "pieces": []}
    path = f"/v1/shifts/{shift['id']}"
    assert await floor.refuses("POST", f"{path}/count", asked, team.at_till()) == "payment.clock_back"
    floor.later(hours=2)
    await floor.done("POST", f"{path}/count", asked, team.at_till())
    floor.later(hours=-1)
    assert await floor.refuses("POST", f"{path}/close", team.signed(), team.at_till()) == "payment.clock_back"
    floor.later(hours=1)
    await team.closed(shift)
    floor.later(hours=-1)
    asked = {"id": new_id(), "store_id": team.store.id}
    assert await floor.refuses("POST", "/v1/shifts", asked, team.at_till()) == "payment.clock_back"
    floor.later(hours=1)


async def test_an_account_settled_in_cash_lies_in_the_drawer(team: Team) -> None:
    floor = team.floor
    admin = floor.at("hq_admin")
    account = {"id": new_id(), "name": f"公司 {org_kit.serial()}", "limit_fen": 1_000, "reason": "约"}
    await floor.done("POST", "/v1/accounts", account, admin)
    by = floor.token("staff", team.manager, terminal_id=team.till.id)
    order = await floor.done("POST", "/v1/orders", await floor.cart([line("tea")], by=by, store_id=team.store.id), by)
    shift = await team.opened()
    floor.later(minutes=1)
    part = {
        "id": new_id(),
        "amount_fen": 333,
        "seen_due_fen": 333,
        "tender": {"type": "account", "account_id": account["id"]},
    }
    await floor.done("POST", f"/v1/orders/{order['id']}/parts", part, by)
    settling = {"id": new_id(), "store_id": team.store.id, "amount_fen": 333, "method": "cash"}
    await floor.done("POST", f"/v1/accounts/{account['id']}/settlements", settling, by)
    floor.later(minutes=1)
    await team.counts(shift, (1, 333))
    done = await team.closed(shift)
    assert (done["expected_fen"], done["difference_fen"]) == (333, 0)
    assert (await team.day())["report"]["cash"]["settled_fen"] == 333


async def test_what_moves_without_a_sale_is_listed_by_day(team: Team) -> None:
    floor = team.floor
    for reason in ("试钱箱", "换零"):
        asked = {"id": new_id(), "store_id": team.store.id, "reason": reason}
        await floor.done("POST", "/v1/drawer-openings", asked, team.at_till())
        floor.later(seconds=1)
    path = f"/v1/stores/{team.store.id}/cash-moves?business_date={team.today}"
    page = await floor.done("GET", f"{path}&limit=1", None, team.by(team.manager))
    assert [(each["kind"], each["reason"], each["shift_id"]) for each in page["moves"]] == [("opened", "换零", None)]
    rest = await floor.done("GET", f"{path}&limit=1&before={page['next']}", None, team.by(team.manager))
    assert [each["reason"] for each in rest["moves"]] == ["试钱箱"]
    assert (await team.day())["report"]["cash"]["openings"] == 2


def test_the_proofs_of_shifts_are_proved() -> None:
    assert any(name.startswith("L6j") for name in rooms.PROOFS)
