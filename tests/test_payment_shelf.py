"""The sandboxes keep their books: a demonstration that starts again goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from goodtaste.kernel.ids import new_id
from goodtaste.payment.agreement import Agreement, AgreementIntent, DeductIntent
from goodtaste.payment.gateway import Absent, Closed, Intent, Paid, Pending, Refunded, RefundIntent, Unknown
from goodtaste.payment.gateways import testing_keys
from goodtaste.payment.gateways.alipay import AlipayGateway
from goodtaste.payment.gateways.alipay_sandbox import AlipaySandbox
from goodtaste.payment.gateways.autopay import SandboxAutopay
from goodtaste.payment.gateways.autopay_sandbox import AutopaySandbox
from goodtaste.payment.gateways.line import client_for
from goodtaste.payment.gateways.opening import SANDBOX_APP, SANDBOX_SELLER
from goodtaste.payment.gateways.shelf import FILE, Shelf
from tests.payment_kit import CALL_S, NOON, Hands, Line

HERE = "http://127.0.0.1:8000"


class House:
    """A sandbox of Alipay and one of agreements on one shelf, with adapters; it can end and begin again."""

    def __init__(self, path: Path) -> None:
        self.path, self.hands = path, Hands()
        self.begin()

    def begin(self) -> None:
        """Open the sandboxes on what is on the shelf."""
        self.shelf = Shelf(self.path)
        nobody = client_for("http://nowhere")
        self.alipay = AlipaySandbox(
            app_id=SANDBOX_APP,
            seller=SANDBOX_SELLER,
            keys=testing_keys.alipay_keys(platform=True),
            address=f"{HERE}/sandbox/pay/alipay",
            clock=self.hands,
            client=nobody,
            shelf=self.shelf,
        )
        self.autopay = AutopaySandbox(
            merchant="m", secret="s" * 16, address=HERE, clock=self.hands, client=nobody, shelf=self.shelf
        )
        self.gateway = AlipayGateway(
            client_for(f"{HERE}/sandbox/pay/alipay", transport=Line(self.alipay)),
            app_id=SANDBOX_APP,
            seller=SANDBOX_SELLER,
            keys=testing_keys.alipay_keys(),
            notify_url=f"{HERE}/v1/gateways/alipay/notices",
            clock=self.hands,
            total_s=CALL_S,
            pause_ms=2,
        )
        self.agreements = SandboxAutopay(
            client_for("http://autopay", transport=Line(self.autopay)),  # type: ignore[arg-type]
            merchant="m",
            secret="s" * 16,
            notify_url=f"{HERE}/v1/agreements/notices",
            clock=self.hands,
        )

    def end_and_begin(self) -> None:
        """Stop without a word, and open again."""
        self.shelf.close()
        self.begin()

    async def pays(self, diner: str) -> str:
        """Let a diner pay with a shown code; return the number."""
        asked = intent(diner)
        await self.gateway.charge(asked)
        return asked.payment_id


def intent(diner: str) -> Intent:
    return Intent(
        payment_id=new_id(),
        amount_fen=3_800,
        description="好味",
        auth_code=f"2899{diner}".ljust(18, "5") if diner else "",
        started_at=NOON,
        close_at=NOON + timedelta(minutes=5),
    )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Give a house."""
    opened = House(tmp_path / FILE)
    yield opened
    opened.shelf.close()


async def test_payments_of_every_fate_go_on(house: House) -> None:
    paid, typing, lost, late = [await house.pays(diner) for diner in ("00", "01", "03", "05")]
    unseen = intent("")
    await house.gateway.charge(unseen)
    await house.gateway.close(late, started_at=NOON)
    before = house.alipay.holdings()
    house.end_and_begin()
    assert house.alipay.holdings() == before
    assert isinstance(await house.gateway.query(paid, started_at=NOON), Paid)
    assert isinstance(await house.gateway.query(lost, started_at=NOON), Paid)
    assert isinstance(await house.gateway.query(typing, started_at=NOON), Pending)
    assert isinstance(await house.gateway.query(late, started_at=NOON), Closed)
    assert await house.gateway.query(unseen.payment_id, started_at=NOON) == Absent()
    house.hands.now += timedelta(seconds=10)
    for number in (typing, late):
        assert isinstance(await house.gateway.query(number, started_at=NOON), Paid)
    assert house.alipay.holdings().paid_fen == 4 * 3_800


async def test_refunds_and_what_is_still_to_be_told_go_on(house: House) -> None:
    number = await house.pays("11")
    back = RefundIntent(refund_id=new_id(), payment_id=number, amount_fen=1_000, reason="", started_at=NOON)
    assert isinstance(await house.gateway.refund(back), Pending)
    waiting = len(house.alipay.books.letters(at=NOON + timedelta(seconds=5)))
    house.end_and_begin()
    assert len(house.alipay.books.letters(at=NOON + timedelta(seconds=5))) == waiting == 1
    house.hands.now += timedelta(seconds=100)
    done = await house.gateway.query_refund(back.refund_id, payment_id=number, started_at=NOON)
    assert isinstance(done, Refunded)
    more = RefundIntent(refund_id=new_id(), payment_id=number, amount_fen=2_801, reason="", started_at=NOON)
    assert not isinstance(await house.gateway.refund(more), Refunded), "what went back before counts"


async def test_agreements_and_deductions_go_on(house: House) -> None:
    id_, charge = new_id(), new_id()
    await house.agreements.invite(AgreementIntent(agreement_id=id_, title="会员", limit_fen=5_000))
    house.autopay.books.sign(id_, "03", at=NOON)
    asked = DeductIntent(charge_id=charge, agreement_id=id_, amount_fen=1_990, description="会员", occasion="signed")
    assert isinstance(await house.agreements.deduct(asked), Pending)
    house.end_and_begin()
    assert await house.agreements.ask(id_) == Agreement("signed")
    assert isinstance(await house.agreements.query(charge), Pending)
    house.hands.now += timedelta(minutes=2)
    assert isinstance(await house.agreements.query(charge), Paid)
    house.end_and_begin()
    assert house.autopay.books.paid_fen == 1_990
    assert not isinstance(await house.agreements.query(charge), Unknown)
