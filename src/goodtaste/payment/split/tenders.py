"""The tenders of a part: what each asks for, and what it changes beside the payment itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated

import msgspec
from sqlalchemy import delete, select, update

from goodtaste.kernel.db import Change, Day, Id, Int, Read, Steps, Str, change, first, insert, par
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END
from goodtaste.kernel.input import PRINTABLE, Fen, Input
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.money import FEN_MAX
from goodtaste.payment.accounts import charges
from goodtaste.payment.attempts import Payment
from goodtaste.payment.cash import TooLittleCash
from goodtaste.payment.gateway import Way
from goodtaste.payment.pay_codes import SHOWN
from goodtaste.payment.split.tables import meal, voucher

VOUCHER_NUMBER_MAX = 64


class VoucherUsed(Refusal):
    """Raised for a voucher that has paid a part of a bill before.  Facts: `source`, `number`, `payment_id`."""

    code = "payment.voucher_used"
    guards = ("payment_voucher_pkey",)


class VoucherShort(Refusal):
    """Raised when a part is more than its voucher is worth.  Facts: `face_fen`, `amount_fen`."""

    code = "payment.voucher_short"
    status = 422


class MealSpent(Refusal):
    """Raised when a person of the staff would eat for more than their day allows.  Facts: `left_fen`, `amount_fen`."""

    code = "payment.meal_spent"
    guards = ("payment_meal_fits",)


class MealOfNobody(Refusal):
    """Raised for a staff meal of somebody who does not work here.  Facts: `staff_id`."""

    code = "payment.meal_of_nobody"
    status = 422


class ByCash(Input, frozen=True, tag_field="type", tag="cash"):
    """Cash put down for the part; the diner gets back what is more."""

    tendered_fen: Fen


class ByVoucher(Input, frozen=True, tag_field="type", tag="voucher"):
    """A voucher that was sold elsewhere: its number there, what it is worth here, and what was paid for it."""

    source: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}" + END)]
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=VOUCHER_NUMBER_MAX, pattern=PRINTABLE)]
    face_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX)]
    paid_fen: Fen


class ByAccount(Input, frozen=True, tag_field="type", tag="account"):
    """The account of a business guest, who pays later."""

    account_id: IdText


class ByMeal(Input, frozen=True, tag_field="type", tag="staff_meal"):
    """The day's meal of a person of the staff."""

    staff_id: IdText


class ByWallet(Input, frozen=True, tag_field="type", tag="wallet"):
    """A wallet, as for a payment of the whole bill."""

    method: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,23}" + END)]
    auth_code: Annotated[str, msgspec.Meta(pattern=SHOWN)] = ""
    way: Way = "qr"


Tender = ByCash | ByVoucher | ByAccount | ByMeal | ByWallet


class Counter(msgspec.Struct, frozen=True):
    """What the counter knows when it takes a tender: the drawer, the limit of a staff meal, who works here, and when."""

    drawer_id: str
    meal_limit_fen: int
    staff: Mapping[str, bool]
    today: date
    at: datetime


class _Voucher(msgspec.Struct, frozen=True):
    payment_id: str


class Meal(msgspec.Struct, frozen=True):
    """What a person has eaten on a day."""

    used_fen: int


VOUCHER = Read(
    select(voucher.c.payment_id).where(voucher.c.source == par("source", Str), voucher.c.number == par("number", Str)),
    _Voucher,
)
NEW_VOUCHER = insert(voucher)
VOUCHER_GONE = change(delete(voucher).where(voucher.c.payment_id == par("payment_id", Id)))
MEAL = Read(
    select(meal.c.used_fen).where(
        meal.c.staff_id == par("staff_id", Id), meal.c.business_date == par("business_date", Day)
    ),
    Meal,
)
NEW_MEAL = insert(meal)
MEAL_MOVED = change(
    update(meal)
    .where(
        meal.c.staff_id == par("staff_id", Id),
        meal.c.business_date == par("business_date", Day),
        meal.c.used_fen == par("seen_fen", Int),
    )
    .values(used_fen=par("used_fen", Int), limit_fen=par("limit_fen", Int)),
    guard="payment_meal_moved",
)


def taken(row: Payment, tender: Tender, counter: Counter) -> Steps[tuple[Payment, list[Change]]]:
    """Return the payment of a part that is taken at once, and what its tender changes.

    Refuses `TooLittleCash`, `VoucherUsed`, `VoucherShort`, `MealSpent`, `MealOfNobody`, and what a charge of an account refuses.
    """
    if isinstance(tender, ByCash):
        if tender.tendered_fen < row.amount_fen:
            raise TooLittleCash(due_fen=row.amount_fen, tendered_fen=tender.tendered_fen)
        change_fen = tender.tendered_fen - row.amount_fen
        paid = {"tendered_fen": tender.tendered_fen, "change_fen": change_fen, "drawer_id": counter.drawer_id}
        return msgspec.structs.replace(row, **paid), []
    if isinstance(tender, ByVoucher):
        return (yield from _voucher(row, tender))
    if isinstance(tender, ByAccount):
        changes = yield from charges.charge(
            tender.account_id, payment_id=row.id, amount_fen=row.amount_fen, today=counter.today, at=counter.at
        )
        return msgspec.structs.replace(row, tender_ref=tender.account_id), changes
    if isinstance(tender, ByMeal):
        return (yield from _meal(row, tender, counter))
    raise TypeError(f"{tender!r} is not taken at once")


def _voucher(row: Payment, tender: ByVoucher) -> Steps[tuple[Payment, list[Change]]]:
    if row.amount_fen > tender.face_fen:
        raise VoucherShort(face_fen=tender.face_fen, amount_fen=row.amount_fen)
    known = yield from first(VOUCHER(source=tender.source, number=tender.number))
    if known:
        raise VoucherUsed(source=tender.source, number=tender.number, payment_id=known.payment_id)
    kept = NEW_VOUCHER(
        source=tender.source,
        number=tender.number,
        payment_id=row.id,
        face_fen=tender.face_fen,
        paid_fen=tender.paid_fen,
    )
    return msgspec.structs.replace(row, tender_ref=f"{tender.source}/{tender.number}"), [kept]


def _meal(row: Payment, tender: ByMeal, counter: Counter) -> Steps[tuple[Payment, list[Change]]]:
    if not counter.staff.get(tender.staff_id):
        raise MealOfNobody(staff_id=tender.staff_id)
    day = {"staff_id": tender.staff_id, "business_date": counter.today}
    found = yield from first(MEAL(**day))
    used, limit = found.used_fen if found else 0, counter.meal_limit_fen
    if used + row.amount_fen > limit:
        raise MealSpent(left_fen=max(0, limit - used), amount_fen=row.amount_fen)
    eaten = day | {"used_fen": used + row.amount_fen, "limit_fen": limit}
    kept = MEAL_MOVED(**eaten, seen_fen=used) if found else NEW_MEAL(**eaten)
    return msgspec.structs.replace(row, tender_ref=tender.staff_id), [kept]
