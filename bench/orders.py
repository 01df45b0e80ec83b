"""The orders that are measured: four lines (or 1 to 12), a coupon, points, stock, cash, an event; made of their number alone."""

from __future__ import annotations

import random
from datetime import timedelta

from bench.house import (
    CALENDAR,
    COUPON,
    HOT_VISIT,
    MEMBER,
    NOW,
    ORDER,
    PAYMENT,
    SECRET,
    SKU,
    STAFF,
    STORE,
    STORES,
    TODAY,
    VISIT,
    book,
    member_fen,
    member_of,
    store_of,
    uid,
)
from goodtaste.kernel import clock
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.secrets import Keyring
from goodtaste.kernel.sessions import Claims, Tokens
from goodtaste.member.api import Program
from goodtaste.menu.api import Choice
from goodtaste.ordering.asked import Cash, PlaceOrder
from goodtaste.ordering.spot import Place
from goodtaste.org import rules

CASHIER = Actor("staff", uid(STAFF, 1), grants=(rules.grant("cashier", None),))


def where() -> Place:
    """Return where and when the orders are placed."""
    return Place(book(), Program(), CALENDAR, NOW, TODAY)


def order(i: int, *, members: int, stores: int = STORES, lines: int = 4) -> PlaceOrder:
    """Return the i-th order: its member's coupon takes 5 yuan off, 100 points take 1."""
    draw = random.Random(i)
    count = draw.randint(1, 12) if lines == 0 else lines
    dishes = sorted(draw.sample(range(1, 61), count))
    qtys = [2 if k == 2 else 1 for k in range(count)]
    due = sum(member_fen(d) * q for d, q in zip(dishes, qtys, strict=True)) - 500 - 100
    member = member_of(i, members)
    return PlaceOrder(
        id=uid(ORDER, i),
        store_id=uid(STORE, store_of(member, stores)),
        kind="counter",
        channel="counter",
        lines=tuple(Choice(sku_id=uid(SKU, d), qty=q) for d, q in zip(dishes, qtys, strict=True)),
        seen_due_fen=due,
        member_id=uid(MEMBER, member),
        visit_id=uid(VISIT if stores == STORES else HOT_VISIT, member),
        coupon_id=uid(COUPON, i),
        points=100,
        cash=Cash(payment_id=uid(PAYMENT, i), tendered_fen=due),
    )


def cashier_token() -> str:
    """Return an access token of the cashier for a day."""
    claims = Claims(uid(STAFF, 1), "staff", uid(0xFF, 1))
    return Tokens(Keyring(SECRET.encode())).access(claims, at=clock.now(), ttl=timedelta(days=1))
