"""What is charged to an account, and given back of it."""

from __future__ import annotations

from datetime import date, datetime

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import Change, Id, Read, Steps, add, first, insert, par
from goodtaste.kernel.errors import Refusal
from goodtaste.payment.accounts.tables import account, entry


class AccountUnknown(Refusal):
    """Raised for an account that does not exist.  Facts: `account_id`."""

    code = "payment.account_unknown"
    status = 404


class AccountClosed(Refusal):
    """Raised when an account is not to be charged any more.  Facts: `account_id`."""

    code = "payment.account_closed"
    guards = ("payment_account_open",)


class AccountLimit(Refusal):
    """Raised when an account would owe more than its limit.  Facts: `left_fen`, `asked_fen`."""

    code = "payment.account_limit"
    guards = ("payment_account_limit",)


class Account(msgspec.Struct, frozen=True):
    """An account of a business guest.  `owed_fen` is what it owes now, below 0 what it has to its good."""

    id: str
    name: str
    contact: str
    limit_fen: int
    owed_fen: int
    active: bool
    approved_by: str
    version: int
    opened_at: datetime


COLUMNS = [account.c[name] for name in Account.__struct_fields__]
ONE = Read(select(*COLUMNS).where(account.c.id == par("id", Id)), Account)
OWE = add(account, key=["id"], counters=["owed_fen"], when=account.c.active.is_(True), guard="payment_account_open")
OWE_LESS = add(account, key=["id"], counters=["owed_fen"], guard="payment_account_gone")
ENTRY = insert(entry)


def charge(account_id: str, *, payment_id: str, amount_fen: int, today: date, at: datetime) -> Steps[list[Change]]:
    """Return the changes that charge an account.  Refuses `AccountUnknown`, `AccountClosed`, `AccountLimit`."""
    found = yield from first(ONE(id=account_id))
    if found is None:
        raise AccountUnknown(account_id=account_id)
    if not found.active:
        raise AccountClosed(account_id=account_id)
    if found.owed_fen + amount_fen > found.limit_fen:
        raise AccountLimit(left_fen=found.limit_fen - found.owed_fen, asked_fen=amount_fen)
    row = made_of(
        account_id, "charge", id_=payment_id, payment_id=payment_id, amount_fen=amount_fen, today=today, at=at
    )
    return [OWE(id=account_id, owed_fen=amount_fen), row]


def give_back(
    account_id: str, *, refund_id: str, payment_id: str, amount_fen: int, today: date, at: datetime
) -> list[Change]:
    """Return the changes by which an account owes less, since a part of what it was charged is given back."""
    row = made_of(account_id, "back", id_=refund_id, payment_id=payment_id, amount_fen=-amount_fen, today=today, at=at)
    return [OWE_LESS(id=account_id, owed_fen=-amount_fen), row]


def made_of(
    account_id: str, kind: str, *, id_: str, amount_fen: int, today: date, at: datetime, **more: str | None
) -> Change:
    """Return the change that writes an entry of an account; `more` are the columns that not every kind has."""
    row: dict[str, str | None] = dict.fromkeys(("payment_id", "store_id", "method", "drawer_id"))
    row |= {"reference": "", "actor": "", "fingerprint": ""} | more
    return ENTRY(id=id_, account_id=account_id, kind=kind, amount_fen=amount_fen, business_date=today, at=at, **row)
