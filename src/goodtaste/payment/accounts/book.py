"""The book of accounts: opened and changed by approval, settled, and read as a statement."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Flag,
    GuardBroken,
    Id,
    Int,
    Read,
    Steps,
    Str,
    change,
    first,
    insert,
    par,
    rows,
    script,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Fen, Input, Line, Name, Positive, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.money import FEN_MAX
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.payment.accounts import charges
from goodtaste.payment.accounts.charges import COLUMNS, ONE, Account, AccountUnknown
from goodtaste.payment.accounts.tables import account, entry

PAGE_MAX = 200


class AccountNameTaken(Refusal):
    """Raised for the name of another account.  Facts: `name`."""

    code = "payment.account_name_taken"
    guards = ("payment_account_name_key",)


class AccountChanged(Refusal):
    """Raised when an account has changed since the sender saw it.  Facts: `account_id`, `version` (the present one)."""

    code = "payment.account_changed"
    guards = ("payment_account_seen",)


class SettledTooMuch(Refusal):
    """Raised when more is settled than an account owes.  Facts: `owed_fen`, `amount_fen`."""

    code = "payment.settled_too_much"


class LimitBelowOwed(Refusal):
    """Raised for a limit below what an account owes.  Facts: `owed_fen`, `limit_fen`."""

    code = "payment.limit_below_owed"


class NewAccount(Input, frozen=True, kw_only=True):
    """What is sent to open an account for a business guest."""

    id: IdText
    name: Name
    contact: Line = ""
    limit_fen: Fen
    reason: Reason


class AccountTerms(Input, frozen=True, kw_only=True):
    """What is sent to change an account; `version` is the one that was seen."""

    version: Positive
    name: Name
    contact: Line = ""
    limit_fen: Fen
    active: bool
    reason: Reason


class Settlement(Input, frozen=True, kw_only=True):
    """What is sent when a guest settles: how much, how, and for a transfer the bank's number for it."""

    id: IdText
    store_id: IdText
    amount_fen: Annotated[int, msgspec.Meta(ge=1, le=FEN_MAX, description="Whole fen")]
    method: Literal["cash", "transfer"]
    reference: Line = ""


class AccountEntry(msgspec.Struct, frozen=True):
    """What made an account owe more (above 0) or less: a bill charged to it, what was given back of one, a settlement."""

    id: str
    kind: str
    amount_fen: int
    payment_id: str | None
    store_id: str | None
    method: str | None
    reference: str
    actor: str
    business_date: date
    at: datetime


class Statement(msgspec.Struct, frozen=True):
    """An account with a page of its entries, newest first."""

    account: Account
    entries: list[AccountEntry]
    next: str | None


class AccountPage(msgspec.Struct, frozen=True):
    """A page of accounts, newest first; `next` asks for the one after it, null at the end."""

    accounts: list[Account]
    next: str | None


class _Known(msgspec.Struct, frozen=True):
    fingerprint: str


NEW = insert(account)
TERMS = change(
    update(account)
    .where(account.c.id == par("id", Id), account.c.version == par("seen", Int))
    .values(
        name=par("name", Str),
        contact=par("contact", Str),
        limit_fen=par("limit_fen", Int),
        active=par("active", Flag),
        approved_by=par("approved_by", Str),
        version=account.c.version + 1,
    ),
    guard="payment_account_seen",
)
SETTLED = change(
    update(account)
    .where(account.c.id == par("id", Id), account.c.owed_fen >= par("amount_fen", Int))
    .values(owed_fen=account.c.owed_fen - par("amount_fen", Int)),
    guard="payment_account_owes",
)
KNOWN = Read(select(entry.c.fingerprint).where(entry.c.id == par("id", Id)), _Known)
PAGE = Read(
    select(*COLUMNS)
    .where(older(account.c.opened_at, account.c.id))
    .order_by(account.c.opened_at.desc(), account.c.id.desc())
    .limit(par("limit", Int)),
    Account,
)
ENTRIES = Read(
    select(*[entry.c[name] for name in AccountEntry.__struct_fields__])
    .where(entry.c.account_id == par("account_id", Id), older(entry.c.at, entry.c.id))
    .order_by(entry.c.at.desc(), entry.c.id.desc())
    .limit(par("limit", Int)),
    AccountEntry,
)


@script
def open_account(asked: NewAccount, *, actor: Actor, approved_by: str, at: datetime) -> Steps[Account]:
    """Open an account with a limit, once per `asked.id`; `approved_by` answers for it.  Refuses `AccountNameTaken`."""
    mark = fingerprint(asked)
    known = yield from rows(made_before(asked.id))
    if is_same(known, mark):
        return (yield from one(asked.id))
    made = Account(asked.id, asked.name, asked.contact, asked.limit_fen, 0, True, approved_by, 1, at)
    facts: dict[str, Any] = {"name": asked.name, "limit_fen": asked.limit_fen, "approved_by": approved_by}
    subject = f"account/{asked.id}"
    written = audit.note(actor, "payment.account_opened", subject=subject, reason=asked.reason, at=at, **facts)
    try:
        yield [NEW(**msgspec.structs.asdict(made)), remember(asked.id, mark), written]
    except GuardBroken as broken:
        if broken.name == "payment_account_name_key":
            raise AccountNameTaken(name=asked.name) from broken
        raise
    return made


@script
def change_terms(
    account_id: str, asked: AccountTerms, *, actor: Actor, approved_by: str, at: datetime
) -> Steps[Account]:
    """Change name, limit or state of an account.  Refuses `AccountUnknown`, `AccountChanged`, `AccountNameTaken`, `LimitBelowOwed`;
    a closed account still owes, and is settled."""
    found = yield from one(account_id)
    if found.version != asked.version:
        raise AccountChanged(account_id=account_id, version=found.version)
    if asked.limit_fen < found.owed_fen:
        raise LimitBelowOwed(owed_fen=found.owed_fen, limit_fen=asked.limit_fen)
    terms = {name: getattr(asked, name) for name in ("name", "contact", "limit_fen", "active")}
    before: dict[str, Any] = {f"{name}_before": getattr(found, name) for name in ("name", "limit_fen", "active")}
    subject = f"account/{account_id}"
    written = audit.note(
        actor,
        "payment.account_changed",
        subject=subject,
        reason=asked.reason,
        at=at,
        approved_by=approved_by,
        **terms,
        **before,
    )
    try:
        yield [TERMS(id=account_id, seen=asked.version, approved_by=approved_by, **terms), written]
    except GuardBroken as broken:
        if broken.name == "payment_account_name_key":
            raise AccountNameTaken(name=asked.name) from broken
        raise
    return msgspec.structs.replace(found, **terms, approved_by=approved_by, version=found.version + 1)


@script
def settle_account(
    account_id: str, asked: Settlement, *, actor: Actor, drawer_id: str, today: date, at: datetime
) -> Steps[Account]:
    """Take what a guest pays of what their account owes, once per `asked.id`.  Refuses `AccountUnknown`, `SettledTooMuch`."""
    mark = fingerprint([account_id, asked])
    found = yield from one(account_id)
    known = yield from first(KNOWN(id=asked.id))
    if known:
        same_or_taken(known.fingerprint, mark, id_=asked.id)
        return found
    if asked.amount_fen > found.owed_fen:
        raise SettledTooMuch(owed_fen=found.owed_fen, amount_fen=asked.amount_fen)
    row = charges.made_of(
        account_id,
        "settlement",
        id_=asked.id,
        amount_fen=-asked.amount_fen,
        today=today,
        at=at,
        store_id=asked.store_id,
        method=asked.method,
        reference=asked.reference,
        drawer_id=drawer_id if asked.method == "cash" else None,
        actor=actor.id,
        fingerprint=mark,
    )
    facts: dict[str, Any] = {"amount_fen": asked.amount_fen, "method": asked.method, "reference": asked.reference}
    subject = f"account/{account_id}"
    written = audit.note(actor, "payment.account_settled", subject=subject, store_id=asked.store_id, at=at, **facts)
    yield [SETTLED(id=account_id, amount_fen=asked.amount_fen), row, written]
    return msgspec.structs.replace(found, owed_fen=found.owed_fen - asked.amount_fen)


def one(account_id: str) -> Steps[Account]:
    """Read an account; refuses `AccountUnknown`."""
    found = yield from first(ONE(id=account_id))
    if found is None:
        raise AccountUnknown(account_id=account_id)
    return found


@script
def page(*, before: str, limit: int) -> Steps[AccountPage]:
    """Return a page of accounts, newest first.  Refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(PAGE(before_at=edge.at, before_id=edge.id, limit=limit))
    return AccountPage(found, next_of(found, limit, lambda each: each.opened_at))


@script
def statement(account_id: str, *, before: str, limit: int) -> Steps[Statement]:
    """Return an account with a page of its entries, newest first.  Refuses `AccountUnknown`, `BadCursor`."""
    edge = start(before)
    found = yield from one(account_id)
    entries = yield from rows(ENTRIES(account_id=account_id, before_at=edge.at, before_id=edge.id, limit=limit))
    return Statement(found, entries, next_of(entries, limit, lambda each: each.at))
