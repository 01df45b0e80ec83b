"""The kitchen: what is fired is made once, wherever it goes meanwhile; screens, promises and numbers follow it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goodtaste.events.ordering import (
    FiredLine,
    LinesFired,
    LinesMoved,
    LinesReturned,
    MovedLine,
    ReturnedLine,
    SetPart,
)
from goodtaste.floor.api import PROOFS
from goodtaste.floor.kitchen import hearing, rules
from goodtaste.floor.kitchen.parts import part_id
from goodtaste.floor.kitchen.rows import DishRow, OwedRow, Pass
from goodtaste.kernel.bus import hear
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import Envelope, tell
from tests.bill_kit import act, pieces
from tests.seating_kit import Hall, a_hall
from tests.shop import those_that_find, write
from tests.shop_kit import Floor, line, spread, the

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)


class Kitchen:
    """A kitchen that hears what is told of an order that waits to be paid, so that nothing else fires it."""

    def __init__(self, hall: Hall) -> None:
        self.hall, self.floor, self.store = hall, hall.floor, hall.store
        self.cook = hall.floor.at("kitchen", hall.store)

    async def order(self) -> str:
        """Have an order at the counter that nobody has paid."""
        lines: dict[str, Any] = {"store_id": self.store.id, "channel": "counter", "lines": [line("tea")]}
        asked = {"id": new_id(), "kind": "counter", "seen_due_fen": 333}
        by = self.floor.at("cashier", self.store)
        return str((await self.floor.done("POST", "/v1/orders", lines | asked, by))["id"])

    async def fires(self, order_id: str, *dishes: tuple[str, str, int], hear: bool = True) -> None:
        """Tell that dishes of a name are to be made."""
        lines = [FiredLine(id_, 1, the(f"sku/{name}"), name, qty, ["mild"]) for id_, name, qty in dishes]
        who: dict[str, Any] = {"order_id": order_id, "stream": order_id, "store_id": self.store.id}
        await self._tell(LinesFired(**who, table_id=None, kind="counter", channel="counter", lines=lines), hear=hear)

    async def returns(self, order_id: str, dish_id: str, qty: int, *, from_held: bool = False) -> None:
        """Tell that pieces come back."""
        who: dict[str, Any] = {"order_id": order_id, "stream": order_id, "store_id": self.store.id}
        await self._tell(LinesReturned(**who, lines=[ReturnedLine(dish_id, qty, from_held)], reason="不要了"))

    async def moves(self, from_: str, to: str, dish_id: str, qty: int) -> None:
        """Tell that pieces stand on another bill."""
        who: dict[str, Any] = {"from_order_id": from_, "to_order_id": to, "stream": from_, "store_id": self.store.id}
        await self._tell(LinesMoved(**who, table_id=None, lines=[MovedLine(dish_id, qty)]))

    async def _tell(self, event: Any, *, hear: bool = True) -> None:
        await self.floor.db.run(write(tell(event, at=self.floor.now)))
        if hear:
            await self.floor.hear()

    def acting(self, what: str, *pieces: tuple[str, str, int], ticket_id: str | None = None) -> dict[str, Any]:
        """Return what is sent to do something with dishes."""
        named = [{"dish_id": dish, "order_id": order, "qty": qty} for dish, order, qty in pieces]
        return {"id": new_id(), "what": what, "pieces": named} | ({"ticket_id": ticket_id} if ticket_id else {})

    async def acts(self, what: str, *pieces: tuple[str, str, int], ticket_id: str | None = None) -> Any:
        """Do something with dishes."""
        asked = self.acting(what, *pieces, ticket_id=ticket_id)
        return await self.floor.done("POST", f"/v1/stores/{self.store.id}/kitchen/acts", asked, self.cook)

    async def refused(self, what: str, *pieces: tuple[str, str, int], ticket_id: str | None = None) -> str:
        """Be refused to do something with dishes."""
        asked = self.acting(what, *pieces, ticket_id=ticket_id)
        return await self.floor.refuses("POST", f"/v1/stores/{self.store.id}/kitchen/acts", asked, self.cook)

    async def screen(self, station_id: str = "") -> Any:
        """Return what a screen shows."""
        query = f"?station_id={station_id}" if station_id else ""
        return await self.floor.done("GET", f"/v1/stores/{self.store.id}/kitchen{query}", None, self.cook)

    async def station(self, name: str, **more: Any) -> str:
        """Make a station."""
        path = f"/v1/stores/{self.store.id}/kitchen/stations/{(id_ := new_id())}"
        await self.floor.done("PUT", path, {"name": name} | more, self.hall.manager)
        return id_

    async def routes(self, **to: str) -> None:
        """Decide where dishes, and with `category` all others, are made."""
        subjects = {name: the("category") if name == "category" else the(f"dish/{name}") for name in to}
        asked = {"routes": [{"subject_id": subjects[name], "station_id": id_} for name, id_ in to.items()]}
        await self.floor.done("PUT", f"/v1/stores/{self.store.id}/kitchen/routes", asked, self.hall.manager)

    async def feast(self, n: int) -> Any:
        """Have feasts ordered at a table: each is a bowl of noodles and two cups of tea."""
        lines = [line("feast", n, options=())]
        spot = {"kind": "dine_in", "table_id": self.hall.at["B1"], "store_id": self.store.id, "channel": "counter"}
        quote = await self.floor.done("POST", "/v1/quotes", spot | {"lines": lines}, self.hall.waiter)
        asked = {"id": new_id(), "lines": lines, "seen_due_fen": quote["priced"]["due_fen"]}
        order = await self.floor.done("POST", "/v1/orders", spot | asked, self.hall.waiter)
        await self.floor.hear()
        return order

    async def progress(self, order_id: str) -> Any:
        """Return how far an order is."""
        by = self.floor.at("cashier", self.store)
        return await self.floor.done("GET", f"/v1/orders/{order_id}/progress", None, by)

    async def holds(self) -> None:
        """Find nothing that breaks a proof of the floor; what ordering fired, these tests say themselves."""
        assert await those_that_find(self.floor.db, PROOFS) == []

    async def counts(self, dish_id: str) -> dict[str, tuple[int, ...]]:
        """Return where the pieces of a dish stand, by bill: fired, waiting, cooking, ready, served, returned."""
        found = await self.floor.db.execute(
            "SELECT order_id, fired, waiting, cooking, ready, served, returned FROM floor_dish"
            f" WHERE dish_id = '{dish_id}'"
        )
        return {str(order_id): tuple(counts) for order_id, *counts in found}


async def a_kitchen(floor: Floor) -> Kitchen:
    """Have a kitchen of its own."""
    return Kitchen(await a_hall(floor))


async def test_an_order_goes_through_the_kitchen_and_its_diner_sees_it(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    order, soup, tea = await kitchen.order(), new_id(), new_id()
    await kitchen.fires(order, (soup, "soup.small", 2), (tea, "tea", 1))
    shown = await kitchen.progress(order)
    assert (shown["state"], shown["pickup_no"], [each["waiting"] for each in shown["dishes"]]) == ("placed", 1, [2, 1])
    await kitchen.acts("start", (soup, order, 1))
    assert (await kitchen.progress(order))["state"] == "preparing"
    [ticket] = (await kitchen.screen())["tickets"]
    assert (ticket["label"], [each["name"] for each in ticket["dishes"]]) == ("1", ["soup.small", "tea"])
    asked = kitchen.acting("bump", ticket_id=ticket["id"])
    path = f"/v1/stores/{kitchen.store.id}/kitchen/acts"
    done = await floor.done("POST", path, asked, kitchen.cook)
    assert [(each["cooking"], each["ready"]) for each in done["dishes"]] == [(0, 2), (0, 1)], (
        "in the order of their ids"
    )
    assert (await floor.done("POST", path, asked, kitchen.cook))["dishes"] == done["dishes"]
    other = asked | {"what": "serve"}
    assert await floor.refuses("POST", path, other, kitchen.cook) == "request.id_taken"
    assert (await kitchen.progress(order))["state"] == "ready"
    board = f"/v1/stores/{kitchen.store.id}/pickups"
    assert await floor.done("GET", board) == [{"no": 1, "state": "ready", "called": 0}]
    called = await floor.done("POST", f"{board}/{order}/call", None, kitchen.cook)
    assert (called, (await kitchen.progress(order))["called"]) == ({"no": 1, "state": "called", "called": 1}, 1)
    await kitchen.acts("recall", (soup, order, 1))
    assert (await kitchen.counts(soup))[order] == (2, 0, 1, 1, 0, 0)
    assert (await kitchen.progress(order))["state"] == "ready", "an order never goes back"
    await kitchen.acts("bump", (soup, order, 1))
    await kitchen.acts("serve", ticket_id=ticket["id"])
    shown = await kitchen.progress(order)
    assert (shown["state"], shown["ready_by"]) == ("picked_up", None)
    assert await floor.done("GET", board) == []
    assert (await kitchen.screen())["tickets"] == []
    steps = await floor.done("GET", f"/v1/orders/{order}/steps", None, floor.at("cashier", kitchen.store))
    assert [each["to_state"] for each in steps] == ["accepted", "preparing", "ready", "picked_up"]
    await kitchen.acts("unserve", (tea, order, 1))
    assert (await kitchen.counts(tea))[order] == (1, 0, 0, 1, 0, 0)
    await kitchen.holds()


async def test_no_more_is_done_than_there_is(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    order, tea = await kitchen.order(), new_id()
    await kitchen.fires(order, (tea, "tea", 2))
    assert await kitchen.refused("serve", (tea, order, 1)) == "floor.not_so_many"
    assert await kitchen.refused("bump", (tea, order, 1), (tea, order, 2)) == "floor.not_so_many"
    assert await kitchen.refused("bump", (tea, new_id(), 1)) == "floor.not_so_many"
    assert await kitchen.refused("bump", ticket_id=new_id()) == "floor.ticket_unknown"
    assert await kitchen.refused("bump") == "request.malformed"
    elsewhere = floor.at("kitchen")
    asked = kitchen.acting("bump", (tea, order, 1))
    path = f"/v1/stores/{floor.store.id}/kitchen/acts"
    assert await floor.refuses("POST", path, asked, elsewhere) == "floor.not_so_many", "a dish of another store"
    acts = [
        floor.do(
            "POST", f"/v1/stores/{kitchen.store.id}/kitchen/acts", kitchen.acting("bump", (tea, order, 1)), kitchen.cook
        )
        for _ in range(6)
    ]
    assert spread(await asyncio.gather(*acts)) == {"done": 2, "floor.not_so_many": 4}
    await kitchen.holds()


async def test_what_comes_back_before_the_kitchen_heard_of_it_is_not_made(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    order, tea = await kitchen.order(), new_id()
    await kitchen.returns(order, tea, 1, from_held=True)
    await kitchen.returns(order, tea, 2)
    await kitchen.fires(order, (tea, "tea", 3))
    assert await kitchen.counts(tea) == {order: (3, 1, 0, 0, 0, 2)}
    await kitchen.acts("start", (tea, order, 1))
    await kitchen.returns(order, tea, 1)
    assert await kitchen.counts(tea) == {order: (3, 0, 0, 0, 0, 3)}
    assert await floor.db.execute(f"SELECT * FROM floor_owed WHERE dish_id = '{tea}'") == []


async def test_dishes_that_move_to_another_bill_stay_where_they_are_in_the_kitchen(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    one, other, tea = await kitchen.order(), await kitchen.order(), new_id()
    await kitchen.fires(one, (tea, "tea", 5))
    await kitchen.acts("bump", (tea, one, 2))
    await kitchen.acts("start", (tea, one, 1))
    await kitchen.moves(one, other, tea, 4)
    assert await kitchen.counts(tea) == {one: (1, 1, 0, 0, 0, 0), other: (4, 1, 1, 2, 0, 0)}
    await kitchen.moves(other, one, tea, 4)
    assert (await kitchen.counts(tea))[one] == (5, 2, 1, 2, 0, 0)
    third = await kitchen.order()
    await kitchen.moves(third, one, tea, 1)  # before the one that brought it there
    await kitchen.moves(one, third, tea, 1)
    assert (await kitchen.counts(tea))[one] == (5, 2, 1, 2, 0, 0)
    await kitchen.holds()


async def test_what_is_fired_and_returned_at_the_same_moment_is_not_made(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    order, dishes = await kitchen.order(), [new_id() for _ in range(8)]
    who: dict[str, Any] = {"order_id": order, "store_id": kitchen.store.id}
    acts = []
    for dish in dishes:
        fired = FiredLine(dish, 1, the("sku/tea"), "tea", 2)
        fire = LinesFired(**who, stream=new_id(), table_id=None, kind="counter", channel="counter", lines=[fired])
        back = LinesReturned(**who, stream=new_id(), lines=[ReturnedLine(dish, 1, False)], reason="不要了")
        for event, handler in ((fire, hearing.on_fired), (back, hearing.on_returned)):
            body = msgspec.json.encode(event).decode()
            envelope = Envelope(0, new_id(), event.topic, event.stream, body, floor.now)
            acts.append(hear(floor.db, envelope, "floor.test", handler))  # type: ignore[arg-type]
    await asyncio.gather(*acts)
    assert [await kitchen.counts(dish) for dish in dishes] == [{order: (2, 1, 0, 0, 0, 1)}] * len(dishes)
    assert await floor.db.execute("SELECT dish_id FROM floor_owed") == []


async def test_a_cancelled_order_is_not_made(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    order, tea = await kitchen.order(), new_id()
    await kitchen.fires(order, (tea, "tea", 2))
    by = floor.at("cashier", kitchen.store)
    await floor.done("POST", f"/v1/orders/{order}/cancel", {"reason": "不要了"}, by)
    await floor.hear()
    assert await kitchen.counts(tea) == {order: (2, 0, 0, 0, 0, 2)}
    assert (await kitchen.screen())["tickets"] == []


async def test_each_station_sees_its_own_and_the_pass_sees_all(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    hot, bar = await kitchen.station("热菜", capacity=2), await kitchen.station("水吧")
    expo = await kitchen.station("传菜", kind="expo")
    await kitchen.routes(category=hot, tea=bar)
    one, other = await kitchen.order(), await kitchen.order()
    soup, teas = new_id(), (new_id(), new_id())
    await kitchen.fires(one, (soup, "soup.small", 1), (teas[0], "tea", 2))
    await kitchen.fires(other, (teas[1], "tea", 3))
    assert [each["dishes"][0]["name"] for each in (await kitchen.screen(hot))["tickets"]] == ["soup.small"]
    shown = await kitchen.screen(bar)
    assert [each["label"] for each in shown["tickets"]] == ["1", "2"]
    assert shown["to_make"] == [
        {"sku_id": the("sku/tea"), "name": "tea", "options": ["mild"], "waiting": 5, "cooking": 0}
    ]
    await kitchen.acts("bump", (teas[0], one, 2))
    assert [each["label"] for each in (await kitchen.screen(bar))["tickets"]] == ["2"]
    whole = await kitchen.screen(expo)
    assert sorted(each["name"] for ticket in whole["tickets"] for each in ticket["dishes"]) == [
        "soup.small",
        "tea",
        "tea",
    ]
    assert await floor.refuses(
        "GET", f"/v1/stores/{kitchen.store.id}/kitchen?station_id={new_id()}", None, kitchen.cook
    ) == ("floor.station_unknown")
    bad = {"routes": [{"subject_id": the("dish/tea"), "station_id": expo}]}
    path = f"/v1/stores/{kitchen.store.id}/kitchen"
    assert await floor.refuses("PUT", f"{path}/routes", bad, kitchen.hall.manager) == "floor.station_unknown"
    taken = f"{path}/stations/{new_id()}"
    assert await floor.refuses("PUT", taken, {"name": "水吧"}, kitchen.hall.manager) == "floor.station_name_taken"
    plan = await floor.done("GET", f"{path}/plan", None, kitchen.cook)
    assert {each["name"] for each in plan["stations"]} == {"热菜", "水吧", "传菜"}
    assert {each["subject_id"]: each["station_id"] for each in plan["routes"]} == {
        the("category"): hot,
        the("dish/tea"): bar,
    }


async def test_a_promise_grows_with_the_queue_and_learns_from_what_it_took(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    await kitchen.station("全部")

    async def promised(order: str) -> float:
        ready_by = (await kitchen.progress(order))["ready_by"]
        return (datetime.fromisoformat(ready_by) - floor.now).total_seconds()

    minute, dishes = 60, []
    for n in (1, 2, 3):
        order, tea = await kitchen.order(), new_id()
        await kitchen.fires(order, (tea, "tea", 1))
        assert await promised(order) == n * rules.MINUTES_DEFAULT * minute, "the queue before it, and itself"
        dishes.append((tea, order, 1))
    floor.later(minutes=48)
    kitchen.cook = floor.at("kitchen", kitchen.store)
    done = await kitchen.acts("bump", *dishes)
    assert sorted(done["off_s"]) == [24 * minute, 32 * minute, 40 * minute]
    order, tea = await kitchen.order(), new_id()
    await kitchen.fires(order, (tea, "tea", 1))
    assert rules.MINUTES_DEFAULT * minute < await promised(order) < 2 * rules.MINUTES_DEFAULT * minute
    [pace] = await floor.done("GET", f"/v1/stores/{kitchen.store.id}/kitchen/pace", None, kitchen.cook)
    assert (pace["dishes"], pace["late"], pace["error_s"], pace["took_s"]) == (3, 3, 32 * minute, 48 * minute)
    await kitchen.acts("recall", dishes[0])
    await kitchen.acts("bump", dishes[0])
    [pace] = await floor.done("GET", f"/v1/stores/{kitchen.store.id}/kitchen/pace", None, kitchen.cook)
    assert pace["dishes"] == 3, "a dish that was taken back is measured once"


async def test_hurrying_is_counted_and_diners_do_it_now_and_then(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    member = await floor.a_member()
    lines: dict[str, Any] = {"store_id": kitchen.store.id, "channel": "mini_program", "lines": [line("tea")]}
    asked = {"id": new_id(), "kind": "pickup", "seen_due_fen": 333, "member_id": member.id}
    order = (await floor.done("POST", "/v1/orders", lines | asked, floor.by(member)))["id"]
    path, tea = f"/v1/orders/{order}/hurry", new_id()
    assert await floor.refuses("POST", path, None, floor.by(member)) == "floor.nothing_to_hurry"
    await kitchen.fires(order, (tea, "tea", 1))
    assert await floor.done("POST", path, None, floor.by(member)) == {"dishes": 1}
    assert await floor.refuses("POST", path, None, floor.by(member)) == "floor.hurried_already"
    assert await floor.done("POST", path, None, kitchen.hall.waiter) == {"dishes": 1}
    assert await floor.refuses("POST", path, None, floor.by(await floor.a_member())) == "ordering.unknown"
    [ticket] = (await kitchen.screen())["tickets"]
    assert ticket["dishes"][0]["hurried"] == 2
    floor.later(minutes=5)
    assert await floor.done("POST", path, None, floor.by(member)) == {"dishes": 1}
    [hurried] = (await kitchen.progress(order))["dishes"]
    assert hurried["hurried"] == 3


async def test_numbers_of_a_day_are_given_once_and_without_gaps(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    orders = [await kitchen.order() for _ in range(12)]
    for order in orders:
        await kitchen.fires(order, (new_id(), "tea", 1), hear=False)
        await kitchen.fires(order, (new_id(), "tea", 1), hear=False)
    await floor.hear()
    numbers = [(await kitchen.progress(order))["pickup_no"] for order in orders]
    assert sorted(numbers) == [*range(1, 13)]
    await kitchen.holds()


async def test_the_parts_of_a_set_meal_are_made_each_at_its_own_station(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    wok, bar = await kitchen.station("灶台"), await kitchen.station("水吧")
    await kitchen.routes(noodles=wok, tea=bar)
    order = await kitchen.feast(2)
    [dish] = order["lines"]
    assert [(each["name"], each["qty"]) for each in dish["words"]["parts"]] == [("noodles", 1), ("tea", 2)]
    for station, made in ((wok, ("noodles", "feast", 2)), (bar, ("tea", "feast", 4))):
        [ticket] = (await kitchen.screen(station))["tickets"]
        assert [(each["name"], each["of_set"], each["waiting"]) for each in ticket["dishes"]] == [made]
        await kitchen.acts("bump", ticket_id=ticket["id"])
        stage = "preparing" if station == wok else "ready"
        assert (await kitchen.progress(order["id"]))["state"] == stage, "a set is ready with the last of its parts"
    shown = (await kitchen.progress(order["id"]))["dishes"]
    assert {each["of_dish_id"] for each in shown} == {dish["dish_id"]}
    assert sorted((each["name"], each["ready"]) for each in shown) == [("noodles", 2), ("tea", 4)]
    await kitchen.holds()


async def test_what_becomes_of_a_set_meal_becomes_of_all_its_parts(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    order = await kitchen.feast(3)
    dish_id = order["lines"][0]["dish_id"]
    noodles, tea = part_id(dish_id, 1), part_id(dish_id, 2)
    less = await act(floor, order, "returns", floor.at("store_manager", kitchen.store), reason="不要了", **pieces(l1=1))
    await floor.hear()
    assert (await kitchen.counts(noodles))[order["id"]] == (3, 2, 0, 0, 0, 1)
    assert (await kitchen.counts(tea))[order["id"]] == (6, 4, 0, 0, 0, 2)
    await act(floor, less, "moves", kitchen.hall.waiter, to_order_id=(other := new_id()), **pieces(l1=1))
    await floor.hear()
    assert {(await kitchen.counts(each))[other][:2] for each in (noodles, tea)} == {(1, 1), (2, 2)}
    assert (await kitchen.counts(tea))[order["id"]][:2] == (4, 2)
    await kitchen.holds()


async def test_a_part_that_comes_back_before_it_is_heard_of_is_not_made(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    order, dish = await kitchen.order(), new_id()
    parts = [SetPart(the("sku/noodles"), "noodles", 1), SetPart(the("sku/tea"), "tea", 2)]
    who: dict[str, Any] = {"order_id": order, "stream": order, "store_id": kitchen.store.id}
    back = ReturnedLine(dish, 1, from_held=False, sku_id=the("sku/feast"), name="feast", parts=parts)
    await kitchen._tell(LinesReturned(**who, lines=[back], reason="不要了"))
    fired = [FiredLine(dish, 1, the("sku/feast"), "feast", 2, parts=parts)]
    await kitchen._tell(LinesFired(**who, table_id=None, kind="counter", channel="counter", lines=fired))
    assert (await kitchen.counts(part_id(dish, 1)))[order][:2] == (2, 1)
    assert (await kitchen.counts(part_id(dish, 2)))[order][:2] == (4, 2)
    await kitchen.holds()


def a_row(dish: str, order: str) -> DishRow:
    """Return a dish that nothing happened to yet."""
    plain: dict[str, Any] = dict.fromkeys(DishRow.__struct_fields__, 0) | {"dish_id": dish, "order_id": order}
    return DishRow(**plain | {"ready_at": None, "hurried_at": None, "fired_at": AT})


class Book:
    """What the floor's tables would hold: each event is heard by a pass of its own, and what it leaves is kept."""

    def __init__(self) -> None:
        self.rows: dict[Any, DishRow] = {}
        self.owed: dict[str, OwedRow] = {}

    def hear(self, event: tuple[Any, ...]) -> None:
        """Hear an event."""
        kitchen = Pass([*self.rows.values()], [*self.owed.values()], at=AT)
        what, dish, order, qty, *more = event
        if what == "fire":
            kitchen.fire(a_row(dish, order), qty)
        elif what == "return":
            kitchen.give_back((dish, order), qty)
        else:
            kitchen.move(dish, qty, from_=order, to=more[0], table_id=None)
        self.rows, self.owed = dict(kitchen.now), dict(kitchen._owing)

    def wanted(self) -> dict[Any, int]:
        """Return how many pieces of each dish are wanted on each bill."""
        return {key: row.counts.wanted for key, row in self.rows.items() if row.counts.wanted}


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_events_in_any_order_lead_to_the_same_dishes(seed: int) -> None:
    dice = random.Random(seed)
    truth: Counter[Any] = Counter()
    told: list[tuple[Any, ...]] = []
    for _ in range(dice.randint(1, 14)):
        there = sorted(key for key, n in truth.items() if n)
        act = dice.choice(["fire", "return", "move"]) if there else "fire"
        if act == "fire":
            dish, order, qty = dice.choice("xy"), dice.choice("AB"), dice.randint(1, 4)
            truth[dish, order] += qty
            told.append(("fire", dish, order, qty))
            continue
        dish, order = dice.choice(there)
        qty = dice.randint(1, truth[dish, order])
        truth[dish, order] -= qty
        if act == "return":
            told.append(("return", dish, order, qty))
        else:
            to = dice.choice([each for each in "ABC" if each != order])
            truth[dish, to] += qty
            told.append(("move", dish, order, qty, to))
    dice.shuffle(told)
    book = Book()
    for each in told:
        book.hear(each)
        for row in book.rows.values():
            counts = row.counts
            assert counts.fired == counts.waiting + counts.cooking + counts.ready + counts.served + counts.returned
            assert min(msgspec.structs.astuple(counts)) >= 0
    owes: Counter[Any] = Counter()
    for debt in book.owed.values():
        owes[debt.dish_id, debt.order_id] += debt.qty
        owes[debt.dish_id, debt.to_order_id] -= debt.qty
    assert not any(owes.values()), "what is still owed goes in a circle, and is nothing"
    assert book.wanted() == {key: n for key, n in truth.items() if n}


@pytest.mark.parametrize(
    ("n", "raw", "took", "wanted"), [(0, 0, 0, 1.0), (20, 100, 200, 1.5), (2_000, 10, 10_000, 4.0)]
)
def test_history_corrects_a_promise_within_bounds(n: int, raw: int, took: int, wanted: float) -> None:
    assert rules.factor(n=n, raw_s=raw, took_s=took) == pytest.approx(wanted)


def test_a_kitchen_that_works_side_by_side_is_quicker_but_never_than_one_piece() -> None:
    assert rules.queue_s(ahead_minutes=30, minutes=10, qty=1, capacity=4) == 600
    assert rules.queue_s(ahead_minutes=30, minutes=10, qty=3, capacity=4) == 900
