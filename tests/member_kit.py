"""What tests do with members: people who sign in, staff who serve them, and time that passes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from goodtaste.app.web import asgi_app
from goodtaste.kernel.db import insert
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import Event, tell
from goodtaste.kernel.snapshot import moved
from goodtaste.ledger import api as ledger
from goodtaste.org.tables import EVERY_STORE, SNAPSHOT, staff, staff_role, store
from tests.shop import Shop, write

JSON = {"content-type": "application/json"}


@contextlib.contextmanager
def later(shop: Shop, **span: float) -> Iterator[None]:
    """Let the clock of the house run ahead by `span` (as of timedelta)."""
    clock, ahead = shop.process.clock, timedelta(**span)
    shop.process.clock = lambda: clock() + ahead
    try:
        yield
    finally:
        shop.process.clock = clock


@contextlib.contextmanager
def stopped(shop: Shop, at: datetime) -> Iterator[None]:
    """Let the clock of the house stand still."""
    clock, shop.process.clock = shop.process.clock, lambda: at
    try:
        yield
    finally:
        shop.process.clock = clock


def start_of_minute(shop: Shop) -> datetime:
    """Return the start of this minute, at which numeric codes begin a step."""
    return shop.now.astimezone(UTC).replace(second=0, microsecond=0)


def _app(shop: Shop) -> Any:
    """Return the house's application, made once."""
    if id(shop) not in _APPS:
        _APPS[id(shop)] = asgi_app(shop.process)
    return _APPS[id(shop)]


_APPS: dict[int, Any] = {}


@contextlib.asynccontextmanager
async def from_address(shop: Shop, address: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that calls from an address; a new one where none is named."""
    where = address or ".".join(str(random.randint(1, 254)) for _ in range(4))
    transport = httpx.ASGITransport(_app(shop), raise_app_exceptions=False, client=(where, 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client


def a_number() -> str:
    """Return a mobile number that nobody has."""
    return f"13{random.randint(0, 999_999_999):09d}"


async def wechat_code(shop: Shop, openid: str, unionid: str | None = None, *, fault: str = "none") -> str:
    """Take the login code that a phone of this person would get."""
    asked = {"openid": openid, "fault": fault} | ({"unionid": unionid} if unionid else {})
    answer = await shop.post("/sandbox/wechat/codes", asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


async def wechat_login(shop: Shop, openid: str, unionid: str | None = None, *, fault: str = "none") -> httpx.Response:
    """Sign in by WeChat."""
    code = await wechat_code(shop, openid, unionid, fault=fault)
    return await shop.post("/v1/auth/wechat", {"code": code, "device": "test phone"})


async def a_member(shop: Shop) -> tuple[str, dict[str, str]]:
    """Return a new member and the headers with which they are signed in."""
    signed_in = (await wechat_login(shop, f"o-{new_id()}")).json()
    return signed_in["member"]["id"], {"authorization": f"Bearer {signed_in['tokens']['access_token']}"}


async def ask_code(shop: Shop, phone: str, purpose: str = "login", *, address: str = "") -> httpx.Response:
    """Ask for a one-time code, from an address of one's own."""
    async with from_address(shop, address) as client:
        return await client.post(
            "/v1/auth/phone/code", content=msgspec.json.encode({"phone": phone, "purpose": purpose}), headers=JSON
        )


async def sent_code(shop: Shop, phone: str) -> str:
    """Read the newest message on a phone."""
    messages = (await shop.client.get("/sandbox/sms/messages", params={"phone": phone})).json()
    return str(msgspec.json.decode(messages[0]["params"])["code"])


async def phone_login(shop: Shop, phone: str, code: str) -> httpx.Response:
    """Sign in by phone."""
    return await shop.post("/v1/auth/phone", {"phone": phone, "code": code, "device": "test phone"})


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def a_store(shop: Shop, *, day_start_minute: int = 240) -> str:
    """Open a store."""
    store_id = new_id()
    row = {
        "id": store_id,
        "code": store_id[-8:],
        "name": "静安店",
        "name_en": "Jing'an",
        "city": "上海",
        "address": "",
        "address_en": "",
        "phone": "",
        "latitude_e6": None,
        "longitude_e6": None,
        "zone": "Asia/Shanghai",
        "day_start_minute": day_start_minute,
        "hours": [],
        "licence": "",
        "fees": {},
        "tables_pay": "pay_after",
        "open": True,
    }
    await shop.db.run(write(insert(store)(**row), moved(SNAPSHOT)))
    await shop.process.snapshots.refresh()
    return store_id


async def a_person(shop: Shop, role: str, store_id: str | None = None) -> tuple[str, dict[str, str]]:
    """Employ somebody, at a store or for the brand; return who, and the headers with which they are signed in."""
    staff_id = new_id()
    row = {
        "id": staff_id,
        "login": staff_id,
        "name": "小王",
        "password_hash": "",
        "pin_hash": None,
        "active": True,
        "failures": 0,
        "locked_until_at": None,
    }
    where = {"staff_id": staff_id, "role": role, "store_id": store_id or EVERY_STORE}
    await shop.db.run(write(insert(staff)(**row), insert(staff_role)(**where), moved(SNAPSHOT)))
    await shop.process.snapshots.refresh()
    return staff_id, shop.token("staff", staff_id)


async def give(shop: Shop, member_id: str, points: int, *, days: int = 300, unit: str = ledger.POINTS) -> None:
    """Give a member points, or growth, that last so many days."""
    today = shop.now.date()
    cause = ledger.Cause(new_id(), member_id, "test", today, shop.now)
    until = today + timedelta(days=days)
    await shop.db.run(write(*ledger.grant(cause, points, unit=unit, debt=0, expires_on=until)))


async def happened(shop: Shop, *events: Event) -> None:
    """Tell events, as the room that owns them would."""
    await shop.db.run(write(tell(*events, at=shop.now)))


async def eventually(look: Callable[[], Awaitable[Any]], wanted: Any, *, within_s: float = 30.0) -> None:
    """Look until what is seen is what is wanted."""
    deadline = asyncio.get_running_loop().time() + within_s
    while (seen := await look()) != wanted:
        assert asyncio.get_running_loop().time() < deadline, f"{seen} is not {wanted}"
        await asyncio.sleep(0.02)


def refused(answer: httpx.Response) -> str:
    """Return the code of a refusal, in an answer that says in words what is wrong and what to do."""
    problem = answer.json()
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    assert problem["title"], problem
    assert problem["detail"], problem
    if problem["code"] != "request.malformed":  # which quotes the form that was expected
        assert "{" not in problem["title"] + problem["detail"], problem
    return str(problem["code"])
