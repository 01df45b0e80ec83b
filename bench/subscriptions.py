"""A night of renewals: ten thousand subscriptions are charged through the sandbox of agreements and get their coupons.

Each renewal is a charge written before the call, a signed call over the in-process client and its signed answer, the settlement with the
period and its grants, and two coupons.  `python -m bench subscriptions` keeps the figures.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.figures import Figure, figure
from bench.house import SECRET
from goodtaste.app import migrate, rooms
from goodtaste.app.process import running
from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.config import Settings, load
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Change, Steps, insert, script
from goodtaste.kernel.ids import derived_id, new_id
from goodtaste.member.api import Program
from goodtaste.member.tables import member
from goodtaste.payment.gateways.autopay_books import Signed
from goodtaste.payment.gateways.opening import Sandboxes
from goodtaste.promo import api as promo
from goodtaste.promo.subscription import attending, plans
from goodtaste.promo.subscription.plans import Coupons, NewPlan, Plan, Privilege
from goodtaste.promo.subscription.tables import agreed, charge, period, renewal_notice, subscription

COMMAND = "python -m bench subscriptions"
RENEWALS, PAGE = 10_000, 500
STARTS, ENDS = date(2027, 2, 28), date(2027, 3, 31)
ANCHOR = date(2027, 1, 31)
NIGHT = datetime(2027, 3, 31, 0, 30, tzinfo=UTC)  # 08:30 in Shanghai, half an hour after charges fall due
TOLD = NIGHT - timedelta(days=7)
PRICE_FEN = 2_990


@script
def _write(changes: list[Change]) -> Steps[None]:
    yield changes


async def _plan(process: Process) -> Plan:
    asked = promo.NewTemplate(id=new_id(), name="会员券", kind="percent", value=2_000, valid_days=31, limit_each=1_000)
    made = await process.db.run(promo.make(asked, ground=promo.ground(process.context()), actor=SYSTEM, at=TOLD))
    benefits = (Coupons(template_id=made.id, count=2), Privilege(right="queue_priority"))
    plan = NewPlan(id=new_id(), code="basic", family="club", name="基础会员", price_fen=PRICE_FEN, benefits=benefits)
    return await process.db.run(plans.make(plan, program=process.see(Program), actor=SYSTEM, at=TOLD))


def _rows(plan: Plan, ids: Sequence[str]) -> Iterator[Change]:
    """Give the rows of subscribers who paid for February, agreed, and were told of March."""
    told_s, paid_at = int(TOLD.timestamp()), TOLD - timedelta(days=23)
    empty = dict.fromkeys(("nickname", "avatar", "gender", "city"), "")
    person = {
        "status": "active",
        "language": "zh-CN",
        "source": {},
        "level": "regular",
        "joined_at": TOLD,
        "version": 1,
    }
    nothing = dict.fromkeys(("birth_month", "birth_day", "birth_year", "phone_sealed", "phone_index"))
    yield insert(member).many(
        [{"id": i, "handle": i[-17:], "phone_masked": "", **empty, **person, **nothing} for i in ids]
    )
    state: dict[str, Any] = {
        "family": "club",
        "plan_id": plan.id,
        "state": "active",
        "agreement": "signed",
        "sign_url": "",
        "trial_days": 0,
    }
    state |= {"anchor_on": ANCHOR, "anchor_n": 0, "n": 1, "starts_on": STARTS, "ends_on": ENDS, "failures": 0}
    state |= {"cancel_at_end": False, "levels_over": [], "why": "", "fingerprint": "", "made_at": paid_at, "version": 1}
    state |= dict.fromkeys(("next_plan_id", "failed_on", "retry_at", "level_id", "ended_at"))
    yield insert(subscription).many(
        [{"id": i, "member_id": i, "holds": f"{i}/club", "next_at": NIGHT, **state} for i in ids]
    )
    yield insert(agreed).many(
        [{"subscription_id": i, "plan_id": plan.id, "price_fen": PRICE_FEN, "at": paid_at} for i in ids]
    )
    bill: dict[str, Any] = {"n": 1, "kind": "first", "plan_id": plan.id, "price_fen": PRICE_FEN, "credit_fen": 0}
    bill |= {
        "amount_fen": PRICE_FEN,
        "made_s": int(paid_at.timestamp()),
        "state": "succeeded",
        "gateway_ref": "",
        "detail": "",
    }
    bill |= {"refunded_fen": 0, "started_at": paid_at, "look_at": paid_at, "settled_at": paid_at}
    bill |= dict.fromkeys(("notice_id", "noticed_fen", "noticed_s"))
    first = {i: derived_id(i, "charge/1/0") for i in ids}
    yield insert(charge).many([{"id": first[i], "subscription_id": i, "holds": f"{i}/1", **bill} for i in ids])
    span = {"n": 1, "plan_id": plan.id, "starts_on": STARTS, "ends_on": ENDS, "value_fen": PRICE_FEN}
    yield insert(period).many([{"subscription_id": i, "charge_id": first[i], **span} for i in ids])
    said = {"n": 2, "try_no": 1, "amount_fen": PRICE_FEN, "state": "delivered", "reference": "", "delivered_s": told_s}
    said |= dict.fromkeys(("begun_at", "sent_at", "look_at"), TOLD)
    yield insert(renewal_notice).many([{"id": derived_id(i, "notice/2/1"), "subscription_id": i, **said} for i in ids])


async def _lay_down(process: Process, n: int) -> None:
    plan, books = await _plan(process), process.part(Sandboxes).autopay.books
    for begun in range(0, n, PAGE):
        ids = [new_id() for _ in range(min(PAGE, n - begun))]
        for each in _rows(plan, ids):
            await process.db.run(_write([each]))
        for id_ in ids:
            told = {derived_id(id_, "notice/2/1"): (PRICE_FEN, TOLD)}
            books.agreements[id_] = Signed(id_, "", PRICE_FEN, "http://nobody", "SIGNED", "00", TOLD, told)


async def night(settings: Settings, n: int) -> float:
    """Renew `n` subscriptions on an empty database; return the seconds it took.  Raises RuntimeError where a book does not hold."""
    async with running(settings, clock=lambda: NIGHT) as process:
        await _lay_down(process, n)
        begun = time.perf_counter()
        await attending.turn(process)
        took = time.perf_counter() - begun
        [(renewed,)] = await process.db.execute("SELECT count(*) FROM promo_period WHERE n = 2")
        [(coupons,)] = await process.db.execute("SELECT count(*) FROM promo_coupon")
        taken = process.part(Sandboxes).autopay.books.paid_fen
        if (renewed, coupons, taken) != (n, 2 * n, n * PRICE_FEN):
            raise RuntimeError(f"{renewed} renewed, {coupons} coupons, {taken} fen of {n}")
        for name, proof in rooms.PROOFS.items():
            if name.startswith("S") and await process.db.execute(proof):
                raise RuntimeError(f"{name} does not hold")
        return took


def figures() -> list[Figure]:
    """Renew ten thousand subscriptions on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'house.db'}"
        settings = load({}, database=url, data_dir=folder, secret_key=SECRET, demo=True, log_level="warning")
        migrate.migrate(settings)
        took = asyncio.run(night(settings, RENEWALS))
    return [
        figure("subscriptions.renewal", took / RENEWALS * 1e3, "ms/renewal", at_most=20, command=COMMAND),
        figure("subscriptions.night", took, "s", command=COMMAND),
    ]
