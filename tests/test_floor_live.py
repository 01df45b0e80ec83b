"""Live screens: they show a change within a second, whoever made it, and miss nothing when the line breaks."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import httpx
import pytest
from bench.postgres import free_port

from goodtaste.app.process import running
from goodtaste.app.server import GRACE_S
from goodtaste.floor.live import forgetting, hub, topics
from goodtaste.floor.live.hub import Feed, Hub, Listener, Shown
from goodtaste.kernel.ids import earliest_id, new_id
from tests.live_kit import kept_live, listening
from tests.processes import run
from tests.seating_kit import a_hall
from tests.shop import write
from tests.shop_kit import Floor, line
from tests.test_floor_kitchen import Kitchen, a_kitchen

pytestmark = pytest.mark.long

STARTS_S = 60.0


def cart(screen: Any) -> list[str]:
    """Return what a phone shows of the cart."""
    return [each["name"] for each in screen.shows.get("cart", [])]


async def test_a_phone_sees_what_the_others_put_into_the_cart(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    a, b = await hall.scan("B1"), await hall.scan("B1")
    async with kept_live(floor), listening(floor, "/v1/seating/live", a.headers) as screen:
        await screen.until(lambda it: it.events)
        assert (screen.events[0][0], cart(screen), len(screen.shows["guests"])) == ("state", [], 2)
        before = perf_counter()
        await b.put(line("tea"))
        await screen.until(lambda it: cart(it) == ["tea"])
        assert screen.heard_at[-1] - before < 1.0
        assert {kind for kind, _ in screen.events[1:]} == {"change"}
        shown = await a.looks()
        assert {name: screen.shows[name] for name in shown if name != "quote"} == {
            name: value for name, value in shown.items() if name != "quote"
        }
        sent = await b.send()
        await screen.until(lambda it: not cart(it) and it.shows["bills"])
        assert screen.shows["bills"][0]["id"] == sent["order_id"]


async def test_a_line_that_broke_goes_on_where_it_left_off(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    phone = await hall.scan("B1")
    async with kept_live(floor):
        async with listening(floor, "/v1/seating/live", phone.headers) as screen:
            await screen.until(lambda it: it.events)
        missed = ["tea", "dumplings"]
        for name in missed:
            await phone.put(line(name))
            await asyncio.sleep(0.1)
        async with listening(floor, "/v1/seating/live", phone.headers, last_id=screen.last_id) as again:
            again.shows = screen.shows
            await again.until(lambda it: cart(it) == missed)
            assert {kind for kind, _ in again.events} == {"change"}, "what was missed, and no more"
        async with listening(floor, "/v1/seating/live", phone.headers, last_id="1") as lost:
            await lost.until(lambda it: cart(it) == missed)
            assert lost.events[0][0] == "state", "who was away too long is shown everything"
        async with listening(floor, "/v1/seating/live", phone.headers, last_id=again.last_id) as same:
            await phone.put(line("soup.small"))
            await same.until(lambda it: it.events)
            assert same.events[0][0] == "change"


async def test_a_stream_ends_with_the_right_to_it(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    phone = await hall.scan("B1")
    async with kept_live(floor), listening(floor, "/v1/seating/live", phone.headers) as screen:
        await screen.until(lambda it: it.events)
        await hall.does(seating, "new-tokens", {"reason": "换码"})
        await screen.until(lambda it: it.over.is_set())
        assert screen.events[-1] == ("over", None)
    phone = await hall.scan("B1")
    async with kept_live(floor), listening(floor, "/v1/seating/live", phone.headers) as screen:
        await screen.until(lambda it: it.events)
        await hall.does(seating, "close")
        await screen.until(lambda it: it.over.is_set())
        assert screen.shows["state"] == "closed"
    answer = await floor.do("GET", "/v1/seating/live", None, phone.headers)
    assert answer.json()["code"] == "floor.seating_over"


async def test_the_kitchen_the_board_the_map_and_the_diner_see_it_at_once(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    store = f"/v1/stores/{kitchen.store.id}"
    order, tea = await kitchen.order(), new_id()
    by = floor.at("cashier", kitchen.store)
    async with (
        kept_live(floor),
        listening(floor, f"{store}/kitchen/live", kitchen.cook) as cook,
        listening(floor, f"{store}/pickups/live", {}) as board,
        listening(floor, f"{store}/seatings/live", by) as tables,
        listening(floor, f"/v1/orders/{order}/progress/live", by) as diner,
    ):
        await kitchen.fires(order, (tea, "tea", 2))
        tickets = lambda it: [each for name, each in it.shows.items() if name.startswith("ticket/")]  # noqa: E731
        await cook.until(lambda it: tickets(it) and tickets(it)[0]["dishes"][0]["waiting"] == 2)
        await board.until(lambda it: it.shows.get("no/1", {}).get("state") == "preparing")
        await kitchen.acts("bump", (tea, order, 2))
        await board.until(lambda it: it.shows["no/1"]["state"] == "ready")
        await diner.until(lambda it: it.shows["state"] == "ready")
        await kitchen.acts("serve", (tea, order, 2))
        await cook.until(lambda it: not tickets(it))
        await board.until(lambda it: "no/1" not in it.shows)
        seating = await kitchen.hall.open("B2")
        sits = lambda it: [p["id"] for name, t in it.shows.items() for p in t["parties"]]  # noqa: E731
        await tables.until(lambda it: sits(it) == [seating["id"]])


async def test_what_another_process_did_is_shown_too(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    order, tea = await kitchen.order(), new_id()
    path = f"/v1/stores/{kitchen.store.id}/kitchen/live"
    async with running(floor.process.settings, clock=floor.process.clock) as other:
        elsewhere = Floor(other, floor.client, floor.hands)
        async with kept_live(elsewhere), listening(elsewhere, path, kitchen.cook) as screen:
            await screen.until(lambda it: it.events)
            before = perf_counter()
            await kitchen.fires(order, (tea, "tea", 1))
            await screen.until(lambda it: any(name.startswith("ticket/") for name in it.shows))
            assert screen.heard_at[-1] - before < 1.0


async def test_a_stream_of_no_time_shows_what_is_and_ends(floor: Floor) -> None:
    kitchen = await a_kitchen(floor)
    answer = await floor.do("GET", f"/v1/stores/{kitchen.store.id}/kitchen/live?for_s=0", None, kitchen.cook)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.text.startswith("retry: 1000\n\nid: 0\nevent: state\ndata: ")
    assert (
        await floor.client.head(f"/v1/stores/{kitchen.store.id}/kitchen/live", headers=kitchen.cook)
    ).status_code == 200
    for wrong in ("for_s=-1", "for_s=901", "for_s=x", "station_id=x"):
        code = await floor.refuses("GET", f"/v1/stores/{kitchen.store.id}/kitchen/live?{wrong}", None, kitchen.cook)
        assert code == "request.malformed"
    nowhere = f"/v1/stores/{kitchen.store.id}/kitchen/live?station_id={new_id()}"
    assert await floor.refuses("GET", nowhere, None, kitchen.cook) == "floor.station_unknown"


class Source:
    """What a topic shows, as a test says."""

    def __init__(self) -> None:
        self.parts: dict[str, bytes] = {}
        self.loads = 0

    async def load(self) -> Shown:
        """Load it."""
        self.loads += 1
        return Shown(dict(self.parts))


async def test_who_falls_behind_is_cut_off_and_holds_nobody_up() -> None:
    source = Source()
    feed = Feed("t", source.load)
    await feed.load(0)
    slow, quick = Listener("slow"), Listener("quick")
    feed.join(slow, None)
    feed.join(quick, None)
    heard = 0
    for n in range(1, hub.WAITING_MAX + 5):
        source.parts["x"] = b"%d" % n
        await feed.load(n)
        while not quick.waiting.empty():
            quick.waiting.get_nowait()
            heard += 1
    assert (slow in feed.listeners, quick in feed.listeners) == (False, True)
    assert slow.waiting.get_nowait() is None
    assert heard == hub.WAITING_MAX + 5
    assert source.loads == hub.WAITING_MAX + 5, "once for all who listen"
    back = Listener("slow")
    feed.join(back, 1)
    assert b"event: state" in back.waiting.get_nowait(), "too much was missed to be sent one by one"


async def test_listeners_are_as_many_as_a_process_serves(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "LISTENERS_MAX", 1)
    kitchen = await a_kitchen(floor)
    path = f"/v1/stores/{kitchen.store.id}/pickups/live"
    async with listening(floor, path, {}) as screen:
        await screen.until(lambda it: it.events)
        assert await floor.refuses("GET", path, None, {}) == "floor.too_many_listeners"
    assert floor.process.part(Hub)._listening == 0, "who hung up is counted no more"
    assert (await floor.do("GET", f"{path}?for_s=0")).status_code == 200


def test_a_server_that_is_asked_to_stop_does_not_wait_for_screens(tmp_path: Path) -> None:
    port = free_port()
    env = {"GOODTASTE_DATA_DIR": str(tmp_path), "GOODTASTE_DEMO": "true", "GOODTASTE_LOG_LEVEL": "error"}
    url = f"http://127.0.0.1:{port}"
    with run("serve", "--port", str(port), env=env, folder=tmp_path) as server, httpx.Client(base_url=url) as client:
        until = perf_counter() + STARTS_S
        while perf_counter() < until and server.runs:
            with contextlib.suppress(httpx.TransportError):
                if client.get("/health/ready").status_code == 200:
                    break
            sleep(0.1)
        store = client.get("/v1/stores").json()[0]["id"]
        with client.stream("GET", f"/v1/stores/{store}/pickups/live") as screen:
            lines = screen.iter_lines()
            assert next(lines) == "retry: 1000"
            server.ask_to_stop()
            asked = perf_counter()
            server.ended()
            assert perf_counter() - asked < GRACE_S / 2
            assert "Traceback" not in server.said


async def test_a_waiters_round_shows_on_the_phones(floor: Floor) -> None:
    hall = await a_hall(floor)
    seating = await hall.open("B1")
    phone = await hall.scan("B1")
    bill = await phone.orders("tea")
    by = floor.at("waiter", hall.store)
    async with kept_live(floor), listening(floor, f"/v1/seatings/{seating['id']}/live", by) as screen:
        await screen.until(lambda it: it.events)
        held = {"id": new_id(), "lines": [line("dumplings") | {"hold": True}]}
        await floor.done("POST", f"/v1/orders/{bill['order_id']}/rounds", held, by)
        await floor.hear()
        await screen.until(lambda it: len(it.shows["bills"][0]["lines"]) == 2)
        assert [each["name"] for each in screen.shows["dishes"]] == ["tea"], "what is held is not made"
        kitchen = Kitchen(hall)
        [dish] = screen.shows["dishes"]
        await kitchen.acts("start", (dish["dish_id"], dish["order_id"], 1))
        await screen.until(lambda it: it.shows["dishes"][0]["cooking"] == 1)


async def test_who_waits_for_an_order_is_told_when_it_is_paid(floor: Floor) -> None:
    order = await floor.order(line("tea"))
    by = floor.at("cashier", floor.store)
    async with kept_live(floor), listening(floor, f"/v1/orders/{order['id']}/progress/live", by) as screen:
        await screen.until(lambda it: it.events)
        await floor.pay_cash(order)
        await floor.hear()
        await screen.until(lambda it: len(it.events) > 1)


async def test_a_diner_is_told_when_a_refund_is_declined(floor: Floor) -> None:
    member = await floor.a_member()
    order = await floor.bought(line("tea"), member=member)
    asked = {"id": new_id(), "why": "slow", "seen_amount_fen": order["due_fen"], "pieces": []}
    by, path = floor.by(member), f"/v1/orders/{order['id']}"
    request = await floor.done("POST", f"{path}/refund-requests", asked, by)
    await floor.hear()
    async with kept_live(floor), listening(floor, f"{path}/progress/live", by) as screen:
        await screen.until(lambda it: it.events)
        answer = {"reason": "已换热的"}
        await floor.done("POST", f"/v1/refund-requests/{request['id']}/decline", answer, floor.at("store_manager"))
        await floor.hear()
        await screen.until(lambda it: len(it.events) > 1)


async def test_topics_of_parties_and_orders_of_last_week_are_forgotten(floor: Floor) -> None:
    old, new = earliest_id(floor.now - timedelta(days=8)), earliest_id(floor.now - timedelta(days=6))
    made = [topics.seating_of(old), topics.order_of(old), topics.seating_of(new), topics.order_of(new)]
    timeless = topics.order_of("00000000-0000-4000-8000-000000000000")
    stays = {*made[2:], timeless, topics.kitchen_of(old), topics.floor_of(old), topics.pickups_of(old)}
    await floor.db.run(write(topics.moved(*made, *stays)))
    forget = forgetting.forget_job(floor.process)
    await forget({})
    await forget({})
    left = {each[0] for each in await floor.db.execute("SELECT name FROM floor_topic")}
    assert left & {*made, *stays} == stays
