"""The organisation in the shop's words: stores, people and terminals for a test, made through the public commands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import msgspec

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import new_id
from goodtaste.org import api as org
from tests.shop import Shop

PASSWORD = "Well-kept 42 words"
PIN = "736194"
ALWAYS = tuple(org.Hours(weekday, 0, 1440) for weekday in range(7))
Headers = dict[str, str]


class Person(msgspec.Struct, frozen=True):
    """Somebody of the staff, signed in at a desk."""

    id: str
    login: str
    headers: Headers


class Device(msgspec.Struct, frozen=True):
    """A paired terminal."""

    id: str
    store_id: str
    headers: Headers
    refresh_token: str


def serial() -> str:
    """Return letters that no other test has used."""
    return new_id().replace("-", "")[-10:]


def context_at(shop: Shop, at: datetime, actor: Actor | None = None) -> Ctx:
    """Return a context of another instant than now."""
    system = shop.process.context()
    return Ctx(shop.process, actor or system.actor, at, "zh-CN")


async def a_store(shop: Shop, *, open_: bool = True, **details: Any) -> str:
    """Make a store that is always open, and return its id."""
    ctx, id_ = shop.process.context(), new_id()
    given = {"name": "南京西路店", "city": "上海", "address": "南京西路 1 号", "hours": ALWAYS} | details
    asked = org.NewStore(id=id_, code=f"T-{serial().upper()}", **given)
    await ctx.run(org.make_store(asked, actor=ctx.actor, at=ctx.now))
    if open_:
        await ctx.run(org.switch_store(id_, open_=True, reason="开业", actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
    return id_


async def a_person(shop: Shop, *roles: tuple[Any, str | None], pin: str | None = None) -> Person:
    """Hire somebody with these roles, each at a store or, with None, in the whole brand."""
    ctx, id_ = shop.process.context(), new_id()
    login = f"p{serial()}"
    await org.hire(org.NewPerson(id=id_, login=login, name="小李", password=PASSWORD), ctx=ctx)
    for role, store_id in roles:
        await ctx.run(org.give_role(id_, org.RoleAt(role=role, store_id=store_id), actor=ctx.actor, at=ctx.now))
    if pin:
        await org.give_pin(id_, org.GivePin(pin=pin), ctx=ctx)
    await ctx.refresh()
    return Person(id_, login, shop.token("staff", id_))


async def an_admin(shop: Shop) -> Person:
    """Return somebody who may everything in the whole brand: the same for every test that does not change them."""
    house = shop.process.settings.database_url
    if house not in _ADMINS:
        _ADMINS[house] = await a_person(shop, ("hq_admin", None))
    return _ADMINS[house]


_ADMINS: dict[str, Person] = {}


async def a_terminal(shop: Shop, store_id: str, *, kind: Any = "pos") -> Device:
    """Pair a device at a store."""
    ctx, id_ = shop.process.context(), new_id()
    asked = org.NewPairing(store_id=store_id, kind=kind)
    code = await ctx.run(org.open_pairing(asked, keyring=shop.process.keyring, actor=ctx.actor, at=ctx.now))
    paired = await org.pair(org.Pair(id=id_, code=code.code, name="前台 1"), address="192.0.2.1", ctx=ctx)
    await ctx.refresh()
    return Device(id_, store_id, bearer(paired.tokens.access_token), paired.tokens.refresh_token)


def bearer(access_token: str) -> Headers:
    """Return the headers that carry a token."""
    return {"authorization": f"Bearer {access_token}"}


async def send(shop: Shop, method: str, path: str, body: Any = None, headers: Headers | None = None) -> httpx.Response:
    """Send a request of any method."""
    content = None if body is None else msgspec.json.encode(body)
    typed = {} if body is None else {"content-type": "application/json"}
    return await shop.client.request(method, path, content=content, headers={**typed, **(headers or {})})


async def sign_in(shop: Shop, login: str, password: str = PASSWORD) -> httpx.Response:
    """Try to sign in."""
    return await shop.post("/v1/staff/sign-in", {"login": login, "password": password, "device": "店长的电脑"})


def code_of(answer: httpx.Response) -> str:
    """Return the code of a refusal; an answer that is none has no code."""
    return str(answer.json().get("code", "")) if answer.content and answer.status_code >= 400 else ""


async def actions_on(shop: Shop, subject: str) -> list[str]:
    """Return what the audit log says was done to a subject, in order."""
    rows = await shop.db.execute(f"SELECT action FROM kernel_audit WHERE subject = '{subject}' ORDER BY at, id")
    return [row[0] for row in rows]


async def name(shop: Shop, chinese: str, english: str) -> None:
    """Give the brand its name."""
    ctx = shop.process.context()
    await ctx.run(org.name_brand(org.Named(name=chinese, name_en=english), actor=ctx.actor, at=ctx.now))
    await ctx.refresh()
