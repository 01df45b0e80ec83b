"""A house with plans, subscribers and a gateway of agreements beside it, where time passes when a test says so."""

from __future__ import annotations

import calendar
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import select, update

from goodtaste.app.process import running
from goodtaste.app.web import asgi_app
from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.config import Settings
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Id, Int, Read, Str, change, insert, par
from goodtaste.kernel.ids import new_id
from goodtaste.member import api as members
from goodtaste.member import vault
from goodtaste.member.api import Program
from goodtaste.member.tables import member, secret
from goodtaste.payment.gateways.autopay_sandbox import AutopaySandbox
from goodtaste.payment.gateways.opening import Sandboxes
from goodtaste.promo import api as promo
from goodtaste.promo.subscription import attending, plans, record, refunds, signing, views
from goodtaste.promo.subscription.plans import Benefit, BirthdayCoupon, Coupons, NewPlan, Plan, Privilege
from goodtaste.promo.subscription.proof import PROOFS
from goodtaste.promo.subscription.tables import charge
from goodtaste.promo.tables import coupon
from tests.member_kit import a_number, a_person
from tests.org_kit import Headers, send
from tests.payment_kit import Hands
from tests.shop import Shop, write

ZONE = "Asia/Shanghai"
BASIC, PREMIUM, TRIED, BARE = "basic", "premium", "tried", "bare"
PRICES = {BASIC: 2_990, PREMIUM: 9_990, TRIED: 1_500, BARE: 3_100}
TURNS_MAX = 5_000
USE = change(
    update(coupon)
    .where(coupon.c.id == par("id", Id))
    .values(state=par("state", Str), saved_fen=par("saved_fen", Int), order_id=par("order_id", Id))
)
CHARGES = Read(
    select(*[charge.c[name] for name in record.Charge.__struct_fields__])
    .where(charge.c.subscription_id == par("id", Id))
    .order_by(charge.c.started_at, charge.c.id),
    record.Charge,
)


def noon(year: int, month: int, day: int) -> datetime:
    """Return noon in Shanghai."""
    return datetime(year, month, day, 4, tzinfo=UTC)


class Club(Shop):
    """A house with subscriptions."""

    plans: dict[str, Plan]
    admin_id: str

    def __init__(self, process: Any, client: httpx.AsyncClient, hands: Hands) -> None:
        super().__init__(process, client)
        self.hands = hands
        self.provider: AutopaySandbox = process.part(Sandboxes).autopay

    @property
    def ctx(self) -> Ctx:
        """A context of this instant."""
        return self.process.context()

    @property
    def today(self) -> date:
        """This day in Shanghai."""
        return (self.now + timedelta(hours=8)).date()

    async def furnish(self) -> None:
        """Make coupon templates and the plans of the brief, one with a trial, and one that only gives a right."""
        self.admin_id, _ = await a_person(self, "hq_admin")
        fifth = await self.a_template(2_000)
        third = await self.a_template(3_000)
        dessert = await self.a_template(10_000)
        basic = (
            Coupons(template_id=fifth, count=2),
            BirthdayCoupon(template_id=dessert),
            Privilege(right="queue_priority"),
        )
        premium = (
            Coupons(template_id=third, count=4),
            Privilege(right="free_delivery"),
            Privilege(right="vip_service"),
        )
        self.plans = {
            BASIC: await self.a_plan(BASIC, "基础会员", basic),
            PREMIUM: await self.a_plan(PREMIUM, "尊享会员", premium, level="gold"),
            TRIED: await self.a_plan(TRIED, "尝鲜会员", (Coupons(template_id=fifth, count=1),), trial_days=14),
            BARE: await self.a_plan(BARE, "轻会员", (Privilege(right="queue_priority"),), family="light"),
        }

    async def a_template(self, value_bp: int) -> str:
        """Make a template of percentage coupons."""
        asked = promo.NewTemplate(
            id=new_id(), name="会员券", kind="percent", value=value_bp, valid_days=31, limit_each=1_000
        )
        return (await self.db.run(promo.make(asked, ground=promo.ground(self.ctx), actor=SYSTEM, at=self.now))).id

    async def a_plan(self, code: str, name: str, benefits: tuple[Benefit, ...], **more: Any) -> Plan:
        """Make a plan, or another version of one."""
        price = more.pop("price_fen", PRICES.get(code, 1_000))
        asked = NewPlan(
            id=new_id(), code=code, name=name, benefits=benefits, price_fen=price, **{"family": "club", **more}
        )
        return await self.db.run(plans.make(asked, program=self.process.see(Program), actor=SYSTEM, at=self.now))

    async def a_member(self, phone: str | None = "", birthday: tuple[int, int] | None = None) -> str:
        """Have a member with a number bound, or, with None, without one."""
        id_, number = new_id(), f"+86{phone or a_number()}"
        key = vault.new_key(self.process.keyring)
        bound: dict[str, Any] = {"phone_sealed": None, "phone_index": None, "phone_masked": ""}
        if phone is not None:
            sealed = vault.seal_phone(number, member_id=id_, wrapped_key=key, keyring=self.process.keyring)
            bound = {"phone_sealed": sealed, "phone_masked": "138****0000"}
            bound["phone_index"] = vault.index_of(number, self.process.keyring)
        month, day = birthday or (None, None)
        row = dict.fromkeys(("nickname", "avatar", "gender", "city"), "") | bound
        row |= {
            "id": id_,
            "handle": id_[-12:],
            "status": "active",
            "language": "zh-CN",
            "source": {},
            "level": "regular",
        }
        row |= {"birth_month": month, "birth_day": day, "birth_year": None, "joined_at": self.now, "version": 1}
        await self.db.run(write(insert(member)(**row), insert(secret)(member_id=id_, wrapped_key=key)))
        return id_

    @property
    def admin(self) -> Headers:
        """The headers of somebody of the head office."""
        return self.token("staff", self.admin_id)

    def by(self, member_id: str) -> Headers:
        """Return the headers of a member."""
        return self.token("member", member_id)

    # What members do

    async def do(self, method: str, path: str, body: Any = None, headers: Headers | None = None) -> httpx.Response:
        """Send a request."""
        return await send(self, method, path, body, headers)

    async def done(self, method: str, path: str, body: Any = None, headers: Headers | None = None) -> Any:
        """Send a request that is granted, and return what is answered."""
        answer = await self.do(method, path, body, headers)
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    async def subscribe(self, member_id: str, plan: str = BASIC, *, id_: str = "") -> str:
        """Subscribe, and sign nothing."""
        chosen = self.plans[plan]
        asked = {"id": id_ or new_id(), "plan_id": chosen.id, "seen_price_fen": chosen.price_fen, "agreed": True}
        asked["seen_trial_days"] = chosen.trial_days
        return str((await self.done("POST", "/v1/me/subscriptions", asked, self.by(member_id)))["id"])

    async def sign(self, id_: str, payer: str = "00") -> None:
        """Sign on the provider's page; its notices are delivered."""
        self.provider.books.sign(id_, payer, at=self.now)
        await self.provider.turn()
        await self.provider.turn()

    async def a_subscriber(self, plan: str = BASIC, *, payer: str = "00", **more: Any) -> tuple[str, str]:
        """Have a member who subscribed and signed; return the member and the subscription."""
        member_id = await self.a_member(**more)
        id_ = await self.subscribe(member_id, plan)
        await self.sign(id_, payer)
        return member_id, id_

    def pays(self, id_: str, payer: str) -> None:
        """Let a payer become another one."""
        self.provider.books.agreements[id_].payer = payer

    async def cancel(self, member_id: str, id_: str, **more: Any) -> Any:
        """Cancel."""
        return await self.done("POST", f"/v1/me/subscriptions/{id_}/cancel", more, self.by(member_id))

    # What is seen

    async def row(self, id_: str) -> record.SubscriptionRow:
        """Return a subscription as stored."""
        found = await self.db.first(record.ONE(id=id_))
        assert found is not None
        return found

    async def seen(self, member_id: str) -> Any:
        """Return the newest subscription as its member sees it."""
        return (await self.done("GET", "/v1/me/subscriptions", None, self.by(member_id)))[0]

    async def file(self, id_: str) -> views.SubscriptionFile:
        """Return a subscription as the staff see it."""
        return await self.db.query(views.file(id_, zone=ZONE, at=self.now))

    async def charges(self, id_: str) -> list[record.Charge]:
        """Return the charges of a subscription, oldest first."""
        return await self.db.rows(CHARGES(id=id_))

    async def paid_periods(self, id_: str) -> list[tuple[int, date, date, int]]:
        """Return the periods that were paid, or tried: number, days and value."""
        found = await self.db.execute(
            f"SELECT n, starts_on, ends_on, value_fen FROM promo_period WHERE subscription_id = '{id_}' ORDER BY n"
        )
        return [(n, _day(starts), _day(ends), value) for n, starts, ends, value in found]

    async def coupons(self, member_id: str, state: str = "issued") -> int:
        """Count a member's coupons in a state."""
        where = f"member_id = '{member_id}' AND state = '{state}'"
        [(n,)] = await self.db.execute(f"SELECT count(*) FROM promo_coupon WHERE {where}")
        return int(n)

    async def use_coupons(self, id_: str, saved_fen: int, *, n: int = 1, state: str = "redeemed") -> None:
        """Let so many coupons of the running period be redeemed, or held, saving so much each, as orders do."""
        given = [each for each in (await self.file(id_)).subscription.grants if each.coupon_state == "issued"][:n]
        assert len(given) == n
        used = [{"id": each.id, "state": state, "saved_fen": saved_fen, "order_id": new_id()} for each in given]
        await self.db.run(write(USE.many(used)))

    # Time

    def to_january(self) -> int:
        """Go on to noon of the next 31 January whose following year is a leap year; return its year."""
        year = next(y for y in range(self.now.year, 2400) if noon(y, 1, 31) >= self.now and calendar.isleap(y + 1))
        self.hands.now = noon(year, 1, 31)
        return year

    async def attend(self, id_: str) -> None:
        """Attend to one subscription now."""
        await attending.attend(self.ctx, id_)

    async def live(self, id_: str, *, until: datetime) -> None:
        """Let time pass for one subscription: it is attended to when it is due, and the provider's notices come."""
        for _ in range(TURNS_MAX):
            await self.provider.turn()
            await self.attend(id_)
            following = (await self.row(id_)).next_at
            if following is None or following > until:
                break
            self.hands.now = max(following, self.hands.now)
        self.hands.now = max(until, self.hands.now)

    async def refunds(self) -> None:
        """Have the refunds that are under way asked for."""
        gateway = signing.gateway_of(self.ctx)
        for each in await self.db.rows(refunds.DUE(at=self.now, after=attending.FIRST, limit=attending.PAGE)):
            await refunds.give_back(self.ctx, each, gateway=gateway)

    async def days(self, id_: str, days: float) -> None:
        """Let so many days pass for one subscription."""
        await self.live(id_, until=self.now + timedelta(days=days))

    async def to_the_end(self, id_: str, *, days: float = 0) -> None:
        """Let time pass to 00:00 on the last day, and so many days more, with everything done that is due."""
        ends_on = (await self.row(id_)).ends_on
        assert ends_on is not None
        end = datetime(ends_on.year, ends_on.month, ends_on.day, tzinfo=UTC) - timedelta(hours=8)
        await self.live(id_, until=end + timedelta(days=days))

    async def books_hold(self) -> None:
        """Find nothing that breaks a proof."""
        for name, proof in {**members.PROOFS, **promo.PROOFS, **PROOFS}.items():
            assert await self.db.execute(proof) == [], name


def _day(value: Any) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


@contextlib.asynccontextmanager
async def open_club(settings: Settings) -> AsyncIterator[Club]:
    """Open a house on `settings`, a migrated database of its own, with nobody in the background."""
    hands = Hands()
    hands.now = noon(2027, 1, 31)
    async with running(settings, clock=hands) as process:
        transport = httpx.ASGITransport(asgi_app(process), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            club = Club(process, client, hands)
            await club.furnish()
            yield club
