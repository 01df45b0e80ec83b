"""Coupon templates: what a coupon is worth, who may have how many, and how many there may be in all."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Flag, GuardBroken, Id, Read, Steps, add, change, first, insert, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Fen, Input, Line, Name, Positive
from goodtaste.kernel.input import Id as IdText
from goodtaste.pricing.api import Channel, CouponKind
from goodtaste.promo.tables import template

PAGE_MAX = 200
FIRST_YEAR, LAST_YEAR = 2000, 2200  # a later date is a mistake, and days added to it would leave the calendar


class TemplateUnknown(Refusal):
    """Raised for a coupon template that does not exist.  Facts: `template_id`."""

    code = "promo.template_unknown"
    status = 404


class BadTemplate(Refusal):
    """Raised when a template contradicts itself.  Facts: `field`, `why`."""

    code = "promo.bad_template"
    status = 422


class BudgetSpent(Refusal):
    """Raised when a template's budget, in coupons or in money, has none left.  Facts: `template_id`."""

    code = "promo.budget_spent"
    guards = ("promo_budget_count", "promo_budget_fen")


class NewTemplate(Input, frozen=True):
    """What makes a template.

    `value`: fen off (cash), basis points off (percent), pieces free (exchange).  It is valid between two instants, or for
    `valid_days` from when it is issued, or both.  `budget_fen` counts what its coupons can cost at most.
    """

    id: IdText
    name: Name
    kind: CouponKind
    value: Positive
    name_en: Line = ""
    threshold_fen: Fen = 0
    cap_fen: Fen | None = None
    dish_ids: Annotated[tuple[IdText, ...], msgspec.Meta(max_length=500)] = ()
    store_ids: Annotated[tuple[IdText, ...], msgspec.Meta(max_length=500)] = ()
    channels: Annotated[tuple[Channel, ...], msgspec.Meta(max_length=20)] = ()
    valid_from_at: datetime | None = None
    valid_to_at: datetime | None = None
    valid_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] | None = None
    budget_count: Positive | None = None
    budget_fen: Fen | None = None
    limit_each: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    claimable: bool = False


class Template(msgspec.Struct, frozen=True):
    """A template with what has been issued of it."""

    id: str
    name: str
    name_en: str
    kind: str
    value: int
    threshold_fen: int
    cap_fen: int | None
    dish_ids: list[str]
    store_ids: list[str]
    channels: list[str]
    valid_from_at: datetime | None
    valid_to_at: datetime | None
    valid_days: int | None
    budget_count: int | None
    budget_fen: int | None
    limit_each: int
    claimable: bool
    open: bool
    issued: int
    issued_fen: int
    fingerprint: str


_COLUMNS = [template.c[name] for name in Template.__struct_fields__]
MAKE = insert(template)
ONE = Read(select(*_COLUMNS).where(template.c.id == par("id", Id)), Template)
ALL = Read(select(*_COLUMNS).order_by(template.c.made_at.desc(), template.c.id).limit(PAGE_MAX), Template)
SWITCH = change(
    update(template).where(template.c.id == par("id", Id)).values(open=par("open", Flag)), guard="promo_template_gone"
)
ISSUED = add(
    template, key=["id"], counters=["issued", "issued_fen"], when=template.c.open.is_(True), guard="promo_template_open"
)


def _check(asked: NewTemplate) -> None:
    for field, at in (("valid_from_at", asked.valid_from_at), ("valid_to_at", asked.valid_to_at)):
        if at is not None and at.tzinfo is None:
            raise BadTemplate(field=field, why="needs a zone, such as 2026-11-22T00:00:00+08:00")
        if at is not None and not FIRST_YEAR < at.year < LAST_YEAR:
            raise BadTemplate(field=field, why=f"must lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    if asked.valid_days is None and asked.valid_to_at is None:
        raise BadTemplate(field="valid_days", why="needs valid_days or valid_to_at")
    if asked.valid_from_at and asked.valid_to_at and asked.valid_to_at <= asked.valid_from_at:
        raise BadTemplate(field="valid_to_at", why="must be after valid_from_at")
    if asked.kind == "percent" and asked.value > 10_000:
        raise BadTemplate(field="value", why="is in basis points: 10000 is 100 %")
    if asked.kind == "cash" and asked.threshold_fen and asked.value > asked.threshold_fen:
        raise BadTemplate(field="threshold_fen", why="is below the value; is one of them in yuan?")


@script
def make(asked: NewTemplate, *, actor: Actor, at: datetime) -> Steps[Template]:
    """Make a template, once per `asked.id`.  Refuses `BadTemplate`."""
    _check(asked)
    mark = fingerprint(asked)
    found = yield from first(ONE(id=asked.id))
    if found:
        same_or_taken(found.fingerprint, mark, id_=asked.id)
        return found
    row = msgspec.to_builtins(asked) | {"valid_from_at": asked.valid_from_at, "valid_to_at": asked.valid_to_at}
    row |= {"open": True, "issued": 0, "issued_fen": 0, "fingerprint": mark}
    try:
        yield [
            MAKE(**row, made_at=at),
            audit.note(
                actor, "promo.template_made", subject=f"template/{asked.id}", at=at, **msgspec.to_builtins(asked)
            ),
        ]
    except GuardBroken as broken:
        if broken.name != "promo_template_pkey":
            raise
        return (yield from make(asked, actor=actor, at=at))
    return msgspec.convert(row, Template)


@script
def switch(template_id: str, *, open_: bool, reason: str, actor: Actor, at: datetime) -> Steps[Template]:
    """Open a template, or stop issuing it; coupons that people have stay valid."""
    found = yield from first(ONE(id=template_id))
    if found is None:
        raise TemplateUnknown(template_id=template_id)
    action = "promo.template_opened" if open_ else "promo.template_stopped"
    yield [
        SWITCH(id=template_id, open=open_),
        audit.note(actor, action, subject=f"template/{template_id}", reason=reason, at=at),
    ]
    return msgspec.structs.replace(found, open=open_)


@script
def all_templates() -> Steps[list[Template]]:
    """Return the newest templates, at most `PAGE_MAX`."""
    return (yield from rows(ALL()))
