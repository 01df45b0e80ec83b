"""A till with its own house, wallet and clock: time passes when a test says so, and a small order side is plugged in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from unittest import mock

import httpx
import msgspec
from sqlalchemy import func, select, update

from goodtaste.app import rooms
from goodtaste.app.process import running
from goodtaste.app.web import asgi_app
from goodtaste.kernel import clock as kernel_clock
from goodtaste.kernel.config import Settings
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Id, Moment, Read, Steps, Str, change, first, insert, par, script
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.jobs import TRIES_MAX, JobRunner, job
from goodtaste.kernel.snapshot import moved
from goodtaste.ordering.orders import ORDER, OrderRow, OrderUnknown
from goodtaste.ordering.rules import WrongState
from goodtaste.ordering.tables import order
from goodtaste.org.tables import SNAPSHOT, staff, staff_role, store
from goodtaste.payment import api as payments
from goodtaste.payment.gateways import testing_keys
from goodtaste.payment.gateways.alipay import AlipayGateway
from goodtaste.payment.gateways.genuine import BEIJING
from goodtaste.payment.gateways.line import client_for
from goodtaste.payment.gateways.opening import INSIDE, SANDBOX_APP, SANDBOX_SELLER, SANDBOX_UNIONPAY, Sandboxes
from goodtaste.payment.gateways.unionpay import UnionpayGateway
from goodtaste.payment.gateways.wallet import WalletGateway
from goodtaste.payment.gateways.wallet_sandbox import WalletSandbox
from goodtaste.payment.gateways.wechat import WechatGateway
from goodtaste.payment.refunds import ONE_REFUND
from tests.shop import Shop, those_that_find, write

ZONE = "Asia/Shanghai"
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)  # 12:00 in Shanghai
CALL_S = 60.0  # the whole time of a call to the wallet, of which no call here takes more than a little
NOTIFY_URL = "http://127.0.0.1:8000/v1/gateways/wallet/notices"


CODES = {
    "wallet": "99",
    "wechat_pay": "1399",
    "alipay": "2899",
    "unionpay": "6299",
}  # what the code of a diner begins with


class Hands:
    """The hands of a clock that a test moves."""

    def __init__(self) -> None:
        self.now, self.live = NOON, False

    def __call__(self) -> datetime:
        """Return the present instant: where the hands stand, or, once it is `live`, the world's."""
        return kernel_clock.now() if self.live else self.now


class Line(httpx.AsyncBaseTransport):
    """The line to the wallet, which a test can cut (`down`), or let somebody write on (`garbled`) or play
    back from what was said before (`replayed`).  A reply that is lost is one whose time is over at once."""

    def __init__(self, wallet: WalletSandbox) -> None:
        self.state: Literal["up", "down", "garbled", "replayed"] = "up"
        self.calls: list[str] = []
        self._said: dict[str, httpx.Response] = {}
        self._wallet = httpx.ASGITransport(wallet)
        wallet.silence_s = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request."""
        self.calls.append(f"{request.method} {request.url.path}")
        if self.state == "down":
            raise httpx.ConnectError("the line is cut")
        what = self.calls[-1]
        if self.state == "replayed":
            return self._said[what]
        reply = await self._wallet.handle_async_request(request)
        if reply.status_code == 502:
            raise TimeoutError
        body = await reply.aread()
        self._said.setdefault(what, httpx.Response(reply.status_code, headers=reply.headers, content=body))
        if self.state == "garbled":
            body = (
                body.replace(b'"USERPAYING"', b'"SUCCESS"')
                .replace(b"WAIT_BUYER_PAY", b"TRADE_SUCCESS")
                .replace(b"origRespCode=05", b"origRespCode=00")
                .replace(b"`38.00,", b"`39.00,")
            )
        return httpx.Response(reply.status_code, headers=reply.headers, content=body)


class _At(msgspec.Struct, frozen=True):
    at: datetime | None


NEW_ORDER = insert(order)
PAYABLE = ("unpaid", "paying")
PAY_STATE = change(
    update(order)
    .where(order.c.id == par("id", Id), order.c.pay_state.in_(PAYABLE), order.c.state != "cancelled")
    .values(pay_state=par("pay_state", Str), paid_at=par("paid_at", Moment)),
    guard="ordering_order_moved",
)
CANCEL = change(update(order).where(order.c.id == par("id", Id)).values(state="cancelled", pay_state="unpaid"))
NEXT_JOB = Read(select(func.min(job.c.due_at, type_=job.c.due_at.type).label("at")).where(job.c.tries < TRIES_MAX), _At)


def payable(found: OrderRow | None) -> bool:
    """Tell whether an order may be paid."""
    return found is not None and found.state != "cancelled" and found.pay_state in PAYABLE


def on_success(
    found: payments.Payment, *, outcome: payments.Outcome, today: date, at: datetime
) -> Steps[payments.Settled]:
    """The order side: a payable order is paid, for any other the money goes back."""
    of = yield from first(ORDER(order_id=found.order_id))
    if payable(of):
        after, changes = payments.settle_changes(found, outcome, today=today, at=at)
        return after, [*changes, PAY_STATE(id=found.order_id, pay_state="paid", paid_at=at)]
    return payments.settle_changes(found, outcome, today=today, at=at, back="late")


def on_failure(
    found: payments.Payment, *, outcome: payments.Outcome, today: date, at: datetime
) -> Steps[payments.Settled]:
    """The order side: an order whose attempt failed is unpaid again."""
    of = yield from first(ORDER(order_id=found.order_id))
    after, changes = payments.settle_changes(found, outcome, today=today, at=at)
    if payable(of):
        changes.append(PAY_STATE(id=found.order_id, pay_state="unpaid", paid_at=None))
    return after, changes


@script
def begin(
    asked: payments.Pay, order_id: str, *, gateways: payments.Gateways, actor: str, today: date, at: datetime
) -> Steps[payments.Started]:
    """Begin to pay an order, as ordering does."""
    of = yield from first(ORDER(order_id=order_id))
    if of is None:
        raise OrderUnknown(order_id=order_id)
    started = yield from payments.start(
        asked,
        order_id=order_id,
        due_fen=of.due_fen,
        store_id=of.store_id,
        stream=of.member_id or order_id,
        gateways=gateways,
        actor=actor,
        today=today,
        at=at,
    )
    if not started.fresh:
        return started
    if not payable(of):
        raise WrongState(order_id=order_id, state=of.state, asked="paid", possible=[])
    yield [*started.changes, PAY_STATE(id=order_id, pay_state="paying", paid_at=None)]
    return started


@script
def cancel(order_id: str, *, at: datetime) -> Steps[None]:
    """Cancel an order, as ordering does, with the attempt that is open for it."""
    held = yield from first(payments.holder_of(order_id))
    yield [CANCEL(id=order_id), *(payments.end(held, at=at) if held else [])]


@script
def refund(payment_id: str, amount_fen: int, *, refund_id: str, today: date, at: datetime) -> Steps[payments.Begun]:
    """Begin a refund, as ordering does."""
    begun = yield from payments.start_refund(
        payment_id,
        refund_id=refund_id,
        cause_id=refund_id,
        amount_fen=amount_fen,
        reason="测试",
        drawer_id=payment_id,
        today=today,
        at=at,
    )
    if begun.changes:
        yield begun.changes
    return begun


@script
def take_cash(
    order_id: str, tendered_fen: int, *, payment_id: str, today: date, at: datetime
) -> Steps[payments.PaymentView | None]:
    """Take cash for an order that was placed before, as ordering does."""
    of = yield from first(ORDER(order_id=order_id))
    assert of is not None
    taken = payments.take(
        payment_id=payment_id,
        order_id=order_id,
        store_id=of.store_id,
        stream=order_id,
        due_fen=of.due_fen,
        tendered_fen=tendered_fen,
        actor="cashier",
        fingerprint="cash",
        business_date=today,
        at=at,
        drawer_id=of.store_id,
    )
    yield [taken, PAY_STATE(id=order_id, pay_state="paid", paid_at=at)]


class Clockwork(Shop):
    """A house with a wallet beside it, and hands on the clock."""

    proofs: Mapping[str, str] = payments.PROOFS

    def __init__(self, process: Any, client: httpx.AsyncClient, hands: Hands) -> None:
        super().__init__(process, client)
        self.hands = hands
        brought = process.part(Sandboxes)
        self.wallet, self.wechat, self.alipay = brought.wallet, brought.wechat, brought.alipay
        self.unionpay = brought.unionpay
        self.providers: dict[str, WalletSandbox] = {
            "wallet": self.wallet,
            "wechat_pay": self.wechat,
            "alipay": self.alipay,
            "unionpay": self.unionpay,
        }
        self.lines = {method: Line(each) for method, each in self.providers.items()}
        self.line, self.wechat_line, self.alipay_line, self.unionpay_line = (
            self.lines[method] for method in ("wallet", "wechat_pay", "alipay", "unionpay")
        )
        made = self.adapter(), self.wechat_adapter(), self.alipay_adapter(), self.unionpay_adapter()
        process.bring(payments.Gateways(*made))
        self.jobs = JobRunner(process.db, rooms.job_functions(process), [])

    @property
    def gateway(self) -> WalletGateway:
        """The adapter of the wallet."""
        return self.process.part(payments.Gateways).of("wallet")  # type: ignore[return-value]

    def adapter(self) -> WalletGateway:
        """Return an adapter of the wallet, as a process makes one."""
        return WalletGateway(
            client_for(INSIDE, transport=self.line),
            merchant=self.process.settings.wallet_merchant,
            secret=self.process.settings.wallet_secret,
            notify_url=NOTIFY_URL,
            clock=self.hands,
            total_s=CALL_S,
            pause_ms=2,
        )

    def wechat_adapter(self) -> WechatGateway:
        """Return an adapter of WeChat Pay, as a process makes one."""
        return WechatGateway(
            client_for(INSIDE, transport=self.wechat_line),
            merchant=self.wechat.books.merchant,
            app_id=self.process.settings.wechat_app_id,
            keys=testing_keys.merchant_keys(),
            notify_url=NOTIFY_URL.replace("wallet", "wechat_pay"),
            clock=self.hands,
            total_s=CALL_S,
            pause_ms=2,
        )

    def alipay_adapter(self) -> AlipayGateway:
        """Return an adapter of Alipay, as a process makes one."""
        return AlipayGateway(
            client_for(f"http://127.0.0.1:8000{self.alipay.place}", transport=self.alipay_line),
            app_id=SANDBOX_APP,
            seller=SANDBOX_SELLER,
            keys=testing_keys.alipay_keys(),
            notify_url=NOTIFY_URL.replace("wallet", "alipay"),
            clock=self.hands,
            total_s=CALL_S,
            pause_ms=2,
        )

    def unionpay_adapter(self) -> UnionpayGateway:
        """Return an adapter of UnionPay, as a process makes one."""
        here = f"http://127.0.0.1:8000{self.unionpay.place}"
        return UnionpayGateway(
            client_for(here, transport=self.unionpay_line),
            merchant=SANDBOX_UNIONPAY,
            keys=testing_keys.unionpay_keys(),
            files=f"{here}/files",
            notify_url=NOTIFY_URL.replace("wallet", "unionpay"),
            clock=self.hands,
            total_s=CALL_S,
            pause_ms=2,
        )

    @property
    def ctx(self) -> Ctx:
        """A context of this instant."""
        return self.process.context()

    @property
    def today(self) -> date:
        """The trading day of this instant."""
        return self.now.astimezone(UTC).date()

    def asked(
        self, diner: str = "00", *, amount_fen: int = 3_800, payment_id: str = "", method: str = "wallet"
    ) -> payments.Pay:
        """Return what is sent to pay with the code of a diner of a wallet; with no diner, in the app."""
        code = f"{CODES[method]}{diner}".ljust(19 if method == "unionpay" else 18, "7") if diner else ""
        return payments.Pay(payment_id=payment_id or new_id(), method=method, amount_fen=amount_fen, auth_code=code)

    async def payment(self, payment_id: str) -> payments.Payment:
        """Return a payment."""
        found = await self.db.first(payments.one(payment_id))
        assert found is not None
        return found

    async def told(self, topic: str, key: str) -> int:
        """Count the events of a topic that were told under a key."""
        [(n,)] = await self.db.execute(f"SELECT count(*) FROM kernel_outbox WHERE topic = '{topic}' AND key = '{key}'")
        return int(n)

    def new_day(self) -> date:
        """Move on to the noon of a day on which nothing was paid yet, and return the day."""
        day = self.now.astimezone(BEIJING).date() + timedelta(days=1)
        self.hands.now = datetime.combine(day, time(12), BEIJING)
        return day

    def to_ten(self, day: date) -> None:
        """Move on to ten in the morning after a day."""
        self.hands.now = datetime.combine(day + timedelta(days=1), time(10), BEIJING)

    async def wait(self, seconds: float) -> None:
        """Let time pass: jobs run and the wallet's notices come when it is their time."""
        end = self.hands.now + timedelta(seconds=seconds)
        with self._at_hand():
            while True:
                await self._turn()
                following = await self._next()
                if following is None or following > end:
                    break
                self.hands.now = max(following, self.hands.now)
        self.hands.now = end

    async def run_jobs(self) -> None:
        """Run the jobs that are due, and nothing else."""
        with self._at_hand():
            await self.jobs.turn()
            await asyncio.gather(*self.jobs._under_way.values())

    @contextlib.contextmanager
    def _at_hand(self) -> Iterator[None]:
        with mock.patch.object(kernel_clock, "now", self.hands):
            yield

    async def _turn(self) -> None:
        for provider in self.providers.values():
            await provider.turn()
        await self.run_jobs()

    async def _next(self) -> datetime | None:
        found = await self.db.first(NEXT_JOB())
        times = [*(each.books.next_at() for each in self.providers.values()), found.at if found else None]
        return min((at for at in times if at), default=None)

    async def books_hold(self) -> None:
        """Find nothing that breaks a proof, no job that failed, and the same money at the wallet as here, to the fen."""
        assert await those_that_find(self.db, self.proofs) == []
        assert await self.db.execute("SELECT name, error FROM kernel_job WHERE error IS NOT NULL") == []
        for method, wallet in self.providers.items():
            [(here, back)] = await self.db.execute(
                "SELECT coalesce(sum(amount_fen), 0), (SELECT coalesce(sum(r.amount_fen), 0) FROM payment_refund r "
                f"JOIN payment_payment q ON q.id = r.payment_id WHERE r.state = 'succeeded' AND r.way = 'same' AND q.method = '{method}') "
                f"FROM payment_payment WHERE state = 'succeeded' AND method = '{method}'"
            )
            held = wallet.holdings()
            assert (held.paid_fen, held.refunded_fen) == (int(here), int(back)), method


class Till(Clockwork):
    """A house with a till and a small order side of its own, a wallet beside it, and hands on the clock."""

    def __init__(self, process: Any, client: httpx.AsyncClient, hands: Hands, store_id: str) -> None:
        super().__init__(process, client, hands)
        self.store_id = store_id
        self.manager, self.stranger = new_id(), new_id()

    async def an_order(self, due_fen: int = 3_800) -> str:
        """Have an order that is due."""
        id_ = new_id()
        row: dict[str, Any] = {
            "id": id_,
            "store_id": self.store_id,
            "kind": "counter",
            "channel": "counter",
            "state": "placed",
            "pay_state": "unpaid",
            "list_fen": due_fen,
            "due_fen": due_fen,
            "reasons": "[]",
            "coupons": "{}",
            "applied": "",
            "note": "",
            "version": 1,
            "source": "",
            "placed_by": "test",
            "fingerprint": "",
            "business_date": self.today,
            "placed_at": self.now,
        }
        rest = {each.name: None if each.nullable else 0 for each in order.c if each.name not in row}
        await self.db.run(write(NEW_ORDER(**rest, **row)))
        return id_

    async def pay_state(self, order_id: str) -> str:
        """Return whether an order is paid."""
        found = await self.db.first(ORDER(order_id=order_id))
        assert found is not None
        return found.pay_state

    async def cancel(self, order_id: str) -> None:
        """Cancel an order."""
        await self.db.run(cancel(order_id, at=self.now))

    async def begin(self, order_id: str, asked: payments.Pay) -> payments.Started:
        """Begin to pay, and go no further."""
        gateways = self.process.part(payments.Gateways)
        return await self.db.run(
            begin(asked, order_id, gateways=gateways, actor="cashier", today=self.today, at=self.now)
        )

    async def pay(self, order_id: str, asked: payments.Pay) -> payments.Charged:
        """Pay an order through the wallet."""
        return await payments.charge(self.ctx, await self.begin(order_id, asked), asked, description="好味")

    async def pay_with(
        self, diner: str, *, amount_fen: int = 3_800, method: str = "wallet"
    ) -> tuple[str, payments.Payment]:
        """Have an order, and let a diner pay it; return the order's id and the payment."""
        order_id = await self.an_order(amount_fen)
        charged = await self.pay(order_id, self.asked(diner, amount_fen=amount_fen, method=method))
        return order_id, charged.payment

    async def pay_in_app(self, diner: str, *, method: str) -> str:
        """Have an order, and let a diner pay it in the app; return its id."""
        order_id = await self.an_order()
        asked = self.asked("", method=method)
        await self.pay(order_id, asked)
        self.providers[method].books.pay(asked.payment_id.replace("-", ""), diner, at=self.now)
        return order_id

    async def take_cash(self, order_id: str, tendered_fen: int, *, payment_id: str = "") -> str:
        """Take cash for an order."""
        id_ = payment_id or new_id()
        await self.db.run(take_cash(order_id, tendered_fen, payment_id=id_, today=self.today, at=self.now))
        return id_

    async def refund(
        self, payment_id: str, amount_fen: int, *, refund_id: str = "", go: bool = True
    ) -> payments.Refund:
        """Give money back; with `go` the gateway is asked at once."""
        id_ = refund_id or new_id()
        begun = await self.db.run(refund(payment_id, amount_fen, refund_id=id_, today=self.today, at=self.now))
        return await payments.give_back(self.ctx, id_) if go else begun.refund

    async def refund_row(self, refund_id: str) -> payments.Refund:
        """Return a refund."""
        found = await self.db.first(ONE_REFUND(refund_id=refund_id))
        assert found is not None
        return found

    async def refunds_of(self, order_id: str) -> list[payments.RefundView]:
        """Return the refunds of an order."""
        seen = await self.db.query(payments.of_order(order_id))
        return [each for payment in seen for each in payment.refunds]


@contextlib.asynccontextmanager
async def open_till(settings: Settings) -> AsyncIterator[Till]:
    """Open a house on `settings`, a migrated database of its own, with nobody in the background."""
    hands = Hands()
    async with running(settings, clock=hands) as process:
        transport = httpx.ASGITransport(asgi_app(process), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            process.bring(payments.Settlements(on_success=on_success, on_failure=on_failure))
            till = Till(process, client, hands, new_id())
            await _furnish(till)
            yield till


async def _furnish(till: Till) -> None:
    everywhere = {
        "city": "上海",
        "address": "",
        "address_en": "",
        "phone": "",
        "name_en": "",
        "latitude_e6": None,
        "longitude_e6": None,
    }
    here = {
        "zone": ZONE,
        "day_start_minute": 240,
        "hours": [],
        "licence": "",
        "fees": {},
        "tables_pay": "pay_after",
        "open": True,
    }
    other = new_id()
    await till.db.run(
        write(
            insert(store).many(
                [
                    {"id": id_, "code": id_[:8] + id_[-4:], "name": "好味", **everywhere, **here}
                    for id_ in (till.store_id, other)
                ]
            ),
            insert(staff).many(
                [
                    {"id": id_, "login": id_, "name": "店长", "password_hash": "", "pin_hash": None, "active": True,
                     "failures": 0, "locked_until_at": None}
                    for id_ in (till.manager, till.stranger)
                ]
            ),
            insert(staff_role).many(
                [
                    {"staff_id": till.manager, "role": "store_manager", "store_id": till.store_id},
                    {"staff_id": till.stranger, "role": "store_manager", "store_id": other},
                ]
            ),
            moved(SNAPSHOT),
        )
    )  # fmt: skip
    await till.process.snapshots.refresh()
