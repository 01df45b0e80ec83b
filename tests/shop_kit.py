"""A restaurant in the shop's words: what it sells, who works and eats there, and what they do, all through HTTP.

It stands in a house of its own, where time passes when a test says so and nothing happens behind its back: events are delivered by
`hear`, jobs and the wallet's notices by `wait`.  Tokens are made for the moment of each request.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import httpx
import msgspec

from goodtaste.app import rooms
from goodtaste.app.process import running
from goodtaste.app.web import asgi_app
from goodtaste.kernel.config import Settings
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import derived_id, new_id
from goodtaste.kernel.outbox import UNDELIVERED
from goodtaste.kernel.relay import Handlers, Relay
from goodtaste.menu import api as menu
from goodtaste.ordering import wallet as ordering_wallet
from goodtaste.promo import jobs as promo_jobs
from tests import org_kit
from tests.member_kit import a_person, give, refused, wechat_login
from tests.org_kit import Headers, send
from tests.payment_kit import Clockwork, Hands

HEAR_S = 60.0  # no test tells so much that it takes longer
SEED = "00000000-0000-7000-8000-00000000d15b"


def the(name: str) -> str:
    """Return the id of a dish, SKU, option, slot or price of the menu by its name."""
    return derived_id(SEED, name)


# name: (list price in fen, member price in fen or None); a dish has one SKU of its name, or one for each name after its dot
PRICES: dict[str, tuple[int, int | None]] = {
    "noodles": (2_800, 2_500),
    "dumplings": (1_899, None),
    "soup.small": (1_500, 1_400),
    "soup.large": (2_601, 2_403),
    "tea": (333, 1_000),  # dearer for members: they pay the list price
    "feast": (8_800, 7_900),
    "banquet": (128_800, 99_900),
}
KINDS: tuple[Literal["list", "member"], ...] = ("list", "member")
GROUPS = {"spice": ("noodles", 1, 1), "extra": ("noodles", 0, 2)}
OPTIONS = {
    "mild": ("spice", 0),
    "hot": ("spice", 0),
    "egg": ("extra", 300),
    "beef": ("extra", 1_201),
    "rice": ("extra", 100),
}
SLOTS = {"main": ("feast", (("noodles", 1, 0), ("dumplings", 1, 207))), "drink": ("feast", (("tea", 2, 0),))}


def line(
    name: str, qty: Any = 1, *, options: tuple[str, ...] = (), parts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a line of a cart; noodles are mild and a feast comes with noodles unless it says otherwise."""
    if name == "noodles" and not {"mild", "hot"} & set(options):
        options = ("mild", *options)
    if name == "feast" and parts is None:
        parts = {"main": "noodles"}
    asked: dict[str, Any] = {"sku_id": the(f"sku/{name}"), "qty": qty}
    if options:
        asked["options"] = [the(f"option/{each}") for each in options]
    if parts:
        asked["parts"] = [
            {"slot_id": the(f"slot/{slot}"), "sku_id": the(f"sku/{part}")} for slot, part in parts.items()
        ]
    return asked


def _dish(name: str, skus: Sequence[str]) -> menu.NewDish:
    """Return a dish as the head office makes it."""
    return menu.NewDish(
        id=the(f"dish/{name}"),
        code=name,
        category_id=the("category"),
        name=name,
        kind="set" if name == "feast" else "dish",
        skus=tuple(menu.SkuAsked(id=the(f"sku/{each}"), code=each, name=each.partition(".")[2]) for each in skus),
        groups=tuple(
            menu.GroupAsked(
                id=the(f"group/{group}"),
                name=group,
                min_picks=least,
                max_picks=most,
                options=tuple(
                    menu.OptionAsked(id=the(f"option/{each}"), name=each, price_fen=fen)
                    for each, (of, fen) in OPTIONS.items()
                    if of == group
                ),
            )
            for group, (of, least, most) in GROUPS.items()
            if of == name
        ),
        slots=tuple(
            menu.SlotAsked(
                id=the(f"slot/{slot}"),
                name=slot,
                choices=tuple(
                    menu.ChoiceAsked(sku_id=the(f"sku/{part}"), qty=qty, extra_fen=extra) for part, qty, extra in parts
                ),
            )
            for slot, (of, parts) in SLOTS.items()
            if of == name
        ),
    )


async def _make_menu(ctx: Ctx) -> None:
    """Make the menu as the head office does."""
    by: dict[str, Any] = {"actor": ctx.actor, "at": ctx.now}
    await ctx.run(menu.make_category(menu.NewCategory(id=the("category"), name="热菜"), **by))
    dishes: dict[str, list[str]] = {}
    for name in PRICES:
        dishes.setdefault(name.partition(".")[0], []).append(name)
    for name, skus in dishes.items():
        await ctx.run(menu.make_dish(_dish(name, skus), **by))
    prices = [
        menu.PriceAsked(sku_id=the(f"sku/{name}"), kind=kind, amount_fen=fen)
        for name, both in PRICES.items()
        for kind, fen in zip(KINDS, both, strict=True)
        if fen is not None
    ]
    await ctx.run(menu.set_prices(menu.NewPrices(id=new_id(), prices=tuple(prices)), **by))


class Member(msgspec.Struct, frozen=True):
    """A member."""

    id: str


class Store(msgspec.Struct, frozen=True):
    """A store with its staff, by role, and two tables."""

    id: str
    staff: dict[str, str]
    tables: tuple[str, str]


class Floor(Clockwork):
    """A restaurant that is open, with a menu, a store, its staff and its tables."""

    proofs = rooms.PROOFS
    store: Store
    elsewhere: Store
    admin: str

    async def furnish(self) -> None:
        """Write the menu, open two stores and hire people."""
        await _make_menu(self.ctx)
        await self.ctx.refresh()
        self.admin, _ = await a_person(self, "hq_admin")
        self.store, self.elsewhere = await self.a_store(), await self.a_store()

    # Places and people

    async def a_store(self) -> Store:
        """Open a store that has everything uncounted, with a person in each role and two tables."""
        id_ = await org_kit.a_store(self)
        roles = ("cashier", "waiter", "kitchen", "store_manager")
        staff = {role: (await a_person(self, role, id_))[0] for role in roles}
        await menu.begin_days(self.process)
        by, area = self.token("staff", self.admin), new_id()
        await self.done("POST", f"/v1/stores/{id_}/areas", {"id": area, "name": "大厅"}, by)
        asked = {"id": new_id(), "area_id": area, "labels": "A1,A2", "seats": 4}
        await self.done("POST", f"/v1/stores/{id_}/tables", asked, by)
        made = await self.done("GET", f"/v1/stores/{id_}/tables", None, by)
        return Store(id_, staff, (made[0]["id"], made[1]["id"]))

    def at(self, role: str, store: Store | None = None) -> Headers:
        """Return the headers of somebody of the staff of a store; `hq_admin` is everywhere."""
        if role == "hq_admin":
            return self.token("staff", self.admin)
        return self.token("staff", (store or self.store).staff[role])

    def by(self, member: Member) -> Headers:
        """Return the headers of a member."""
        return self.token("member", member.id)

    async def a_member(self, *, points: int = 0) -> Member:
        """Have a new member, with points."""
        signed_in = (await wechat_login(self, f"o-{new_id()}")).json()
        if points:
            await give(self, signed_in["member"]["id"], points)
        return Member(signed_in["member"]["id"])

    async def a_visit(self, member: Member, store: Store | None = None) -> str:
        """Let a member show their code at the counter."""
        shown = await self.done("GET", "/v1/me/code", None, self.by(member))
        asked = {"code": shown["qr"], "store_id": (store or self.store).id}
        return str((await self.done("POST", "/v1/member-codes/scan", asked, self.at("cashier", store)))["visit_id"])

    async def a_template(self, kind: str = "cash", value: int = 500, **more: Any) -> str:
        """Make a coupon template."""
        asked = {"id": new_id(), "name": "券", "kind": kind, "value": value, "valid_days": 30, "limit_each": 100} | more
        return str((await self.done("POST", "/v1/coupon-templates", asked, self.at("hq_admin")))["id"])

    async def a_coupon(self, member: Member, kind: str = "cash", value: int = 500, **more: Any) -> str:
        """Give a member a coupon of a template of its own."""
        template = await self.a_template(kind, value, **more)
        asked = {"id": new_id(), "template_id": template, "member_id": member.id, "reason": "测试"}
        return str((await self.done("POST", "/v1/coupons", asked, self.at("hq_admin")))["id"])

    # What is sold

    async def portions(self, name: str, left: int | None, store: Store | None = None) -> None:
        """Count the portions of a SKU; None: they are not counted."""
        asked = menu.PortionsAsked(left=left)
        by: dict[str, Any] = {"actor": self.ctx.actor, "at": self.now}
        await self.ctx.run(menu.set_portions((store or self.store).id, sku_id=the(f"sku/{name}"), asked=asked, **by))

    async def sold(self, name: str, store: Store | None = None) -> tuple[int | None, int]:
        """Return how many portions of a SKU are left, and how many were sold."""
        where = f"store_id = '{(store or self.store).id}' AND sku_id = '{the(f'sku/{name}')}'"
        [(left, sold)] = await self.db.execute(f"SELECT portions_left, sold FROM menu_stock WHERE {where}")
        return left, sold

    async def reprice(self, name: str, fen: int) -> None:
        """Change a list price from now on."""
        self.later(seconds=1)
        asked = menu.NewPrices(id=new_id(), prices=(menu.PriceAsked(sku_id=the(f"sku/{name}"), amount_fen=fen),))
        await self.ctx.run(menu.set_prices(asked, actor=self.ctx.actor, at=self.now))
        await self.ctx.refresh()

    # What people do

    async def do(self, method: str, path: str, body: Any = None, headers: Headers | None = None) -> httpx.Response:
        """Send a request."""
        return await send(self, method, path, body, headers)

    async def done(self, method: str, path: str, body: Any = None, headers: Headers | None = None) -> Any:
        """Send a request that is granted, and return what is answered."""
        answer = await self.do(method, path, body, headers)
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    async def refuses(self, method: str, path: str, body: Any = None, headers: Headers | None = None) -> str:
        """Send a request that is refused, in words, and return the code."""
        return refused(await self.do(method, path, body, headers))

    async def quote(self, lines: list[Any], headers: Headers | None = None, **more: Any) -> Any:
        """Have a cart priced."""
        asked = {"store_id": self.store.id, "channel": "counter", "lines": lines} | more
        return await self.done("POST", "/v1/quotes", asked, headers)

    async def cart(
        self,
        lines: list[Any],
        *,
        member: Member | None = None,
        by: Headers | None = None,
        cash: bool = False,
        **more: Any,
    ) -> dict[str, Any]:
        """Return what is sent to place an order, at the price of a quote asked for by the same person."""
        asked: dict[str, Any] = {"store_id": self.store.id, "channel": "counter", "lines": lines} | (
            {"member_id": member.id} if member else {}
        )
        asked |= {
            key: more.pop(key)
            for key in ("coupon_id", "coupon_ids", "points", "party", "donation_fen", "visit_id", "store_id", "channel")
            if key in more
        }
        spot = {key: more[key] for key in ("kind", "table_id") if key in more}
        seen = await self.done(
            "POST",
            "/v1/quotes",
            asked | spot | ({} if {"coupon_id", "coupon_ids"} & asked.keys() else {"no_coupon": True}),
            by,
        )
        due = seen["priced"]["due_fen"]
        money = {"cash": {"payment_id": new_id(), "tendered_fen": due}} if cash else {}
        return {"id": new_id(), "kind": "counter", "seen_due_fen": due} | asked | money | more

    async def order(self, *lines: Any, member: Member | None = None, **more: Any) -> Any:
        """Order as a member in the app, or, without one, at the counter."""
        by = self.by(member) if member else self.at("cashier")
        asked = await self.cart(list(lines) or [line("dumplings")], member=member, by=by, **more)
        return await self.done("POST", "/v1/orders", asked, by)

    async def bought(self, *lines: Any, member: Member | None = None, **more: Any) -> Any:
        """Order at the counter and pay at once in cash; a member shows their code there."""
        by = self.at("cashier")
        visit = {"visit_id": await self.a_visit(member)} if member else {}
        asked = await self.cart(list(lines) or [line("dumplings")], member=member, by=by, cash=True, **visit, **more)
        return await self.done("POST", "/v1/orders", asked, by)

    async def seen(self, order_id: str) -> Any:
        """Return an order as the head office sees it."""
        return await self.done("GET", f"/v1/orders/{order_id}", None, self.at("hq_admin"))

    def paying(self, order: Any, diner: str = "00", **more: Any) -> dict[str, Any]:
        """Return what is sent to pay an order with the code of a diner of the wallet; with no diner, in the app."""
        code = f"99{diner}{'7' * 14}" if diner else ""
        return {"payment_id": new_id(), "method": "wallet", "amount_fen": order["due_fen"], "auth_code": code} | more

    async def pay(self, order: Any, diner: str = "00", **more: Any) -> Any:
        """Pay an order at the counter with the wallet of a diner."""
        asked = self.paying(order, diner, **more)
        return await self.done("POST", f"/v1/orders/{order['id']}/payments", asked, self.at("cashier"))

    async def pay_cash(self, order: Any, tendered_fen: int | None = None) -> Any:
        """Pay an order at the counter in cash."""
        due = order["due_fen"]
        asked = {"id": new_id(), "tendered_fen": due if tendered_fen is None else tendered_fen, "seen_due_fen": due}
        return await self.done("POST", f"/v1/orders/{order['id']}/cash", asked, self.at("cashier"))

    async def refunding(self, order: Any, pieces: Mapping[int, int] | None = None, **more: Any) -> dict[str, Any]:
        """Return what is sent to refund pieces of an order, or all that is left, as a preview shows it."""
        asked = {"pieces": [{"line_no": no, "qty": qty} for no, qty in (pieces or {}).items()]}
        path = f"/v1/orders/{order['id']}/refunds/preview"
        shown = await self.done("POST", path, asked, self.at("store_manager"))
        return {"id": new_id(), "reason": "退菜", "seen_amount_fen": shown["amount_fen"]} | asked | more

    async def refund(self, order: Any, pieces: Mapping[int, int] | None = None, **more: Any) -> Any:
        """Refund pieces of an order, or all that is left of it."""
        asked = await self.refunding(order, pieces, **more)
        return await self.done("POST", f"/v1/orders/{order['id']}/refunds", asked, self.at("store_manager"))

    async def advance(self, order: Any, *states: str) -> Any:
        """Take an order through states."""
        shown = order
        for state in states:
            path = f"/v1/orders/{order['id']}/advance"
            shown = await self.done("POST", path, {"to": state}, self.at("store_manager"))
        return shown

    async def finish(self, order: Any) -> Any:
        """Make a counter order, hand it over and complete it; what it earned may be spent."""
        shown = await self.advance(order, "accepted", "ready", "picked_up", "completed")
        await self.hear()
        return shown

    # What can be seen of it

    async def points(self, member: Member) -> tuple[int, int, int]:
        """Return a member's points: to spend, on their way, owed."""
        shown = await self.done("GET", "/v1/me/points", None, self.by(member))
        return shown["available"], shown["pending"], shown["debt"]

    async def coupons(self, member: Member) -> list[str]:
        """Return the coupons that a member may use."""
        return [each["id"] for each in await self.done("GET", "/v1/me/coupons", None, self.by(member))]

    async def tidy(self) -> None:
        """Let coupons and offers of coupons end whose time is over."""
        await promo_jobs.functions(self.process)[promo_jobs.EXPIRE.name]({})

    async def coupon_state(self, coupon_id: str) -> tuple[str, str | None]:
        """Return the state of a coupon and the order it is on."""
        [found] = await self.db.execute(f"SELECT state, order_id FROM promo_coupon WHERE id = '{coupon_id}'")
        return found[0], None if found[1] is None else str(found[1])

    async def payments(self, order: Any) -> list[tuple[str, str, int, int]]:
        """Return method, state, amount and refunded amount of each attempt to pay an order."""
        found = await self.done("GET", f"/v1/orders/{order['id']}/payments", None, self.at("hq_admin"))
        return [(each["method"], each["state"], each["amount_fen"], each["refunded_fen"]) for each in found]

    async def hear(self) -> None:
        """Deliver every event that was told, and those that are told of them."""
        relay = Relay(self.db, Handlers(self.db, rooms.subscriptions()).targets)
        running = asyncio.create_task(relay.run())
        try:
            async with asyncio.timeout(HEAR_S):
                while left := await self.db.rows(UNDELIVERED(after=0)):
                    assert not running.done(), f"the relay ended by {running} with {left} to be heard"
                    relay.wake.ring()
                    await asyncio.sleep(0.005)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert await self.db.execute("SELECT topic, error FROM kernel_dead_letter") == []

    async def books_hold(self) -> None:
        """Hear all events, then find nothing that breaks a proof of any room."""
        await self.hear()
        await super().books_hold()

    def later(self, **span: float) -> None:
        """Move the hands of the clock, and nothing else."""
        self.hands.now += timedelta(**span)


def spread(answers: list[Any]) -> Counter[str]:
    """Count answers by what they say: `done`, or the code of a refusal; anything else is a fault."""
    said = Counter("done" if each.status_code < 300 else refused(each) for each in answers)
    assert not {"kernel.fault", "kernel.no_answer"} & said.keys(), said
    return said


async def all_at_once(acts: list[Any]) -> list[Any]:
    """Do all at the same moment."""
    return await asyncio.gather(*acts)


@contextlib.asynccontextmanager
async def open_floor(settings: Settings) -> AsyncIterator[Floor]:
    """Open a restaurant on `settings`, a migrated database of its own, with nobody in the background."""
    hands = Hands()
    async with running(settings, clock=hands) as process:
        transport = httpx.ASGITransport(asgi_app(process), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            floor = Floor(process, client, hands)
            process.bring(ordering_wallet.settlements(process))
            await floor.furnish()
            yield floor
