"""Items of the points shop: what they are, what they cost in points, how many there are; made and changed by the staff."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Flag,
    Id,
    Int,
    Moment,
    Read,
    Steps,
    Str,
    add,
    change,
    first,
    insert,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import PRINTABLE, Count, Input, Line, Name, Positive, Reason
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.member.api import Program
from goodtaste.promo.shop.tables import item
from goodtaste.promo.templates import ONE as TEMPLATE
from goodtaste.promo.templates import TemplateUnknown

ITEMS_MAX = 200
EACH_MAX = 1_000  # of one item for one member

Kind = Literal["coupon", "goods"]


class ItemUnknown(Refusal):
    """Raised for an item that the points shop does not have.  Facts: `item_id`."""

    code = "promo.item_unknown"
    status = 404


class BadItem(Refusal):
    """Raised when an item contradicts itself.  Facts: `field`, `why` (the code of the reason)."""

    code = "promo.bad_item"
    status = 422


class ItemMoved(Refusal):
    """Raised when an item was changed since the sender saw it.  Facts: `item_id`, `version`."""

    code = "promo.item_moved"


class SoldOut(Refusal):
    """Raised when nothing is left of an item, or more is to be taken away than is left.  Facts: `item_id`."""

    code = "promo.item_sold_out"
    guards = ("promo_shop_left",)


class Terms(Input, frozen=True, kw_only=True):
    """What may be changed of an item.  It is offered while `from_at` <= now < `to_at`, to members of `level` and above."""

    name: Name
    points: Positive
    name_en: Line = ""
    limit_each: Annotated[int, msgspec.Meta(ge=1, le=EACH_MAX)] = 1
    level: Annotated[str, msgspec.Meta(max_length=32, pattern=PRINTABLE)] = ""
    from_at: datetime | None = None
    to_at: datetime | None = None


class NewItem(Terms, frozen=True, kw_only=True):
    """What makes an item: a coupon of a template, or goods that are handed over.  `left`: how many there are; null for no end of them."""

    id: IdText
    kind: Kind
    template_id: IdText | None = None
    left: Count | None = None


class ItemTerms(Terms, frozen=True, kw_only=True):
    """What is sent to change an item: all its terms, and the version that the sender saw."""

    version: Positive


class Stock(Input, frozen=True):
    """What is sent to put more of an item into the shop, or to take some away (< 0); once for each id."""

    id: IdText
    more: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
    reason: Reason


class Item(msgspec.Struct, frozen=True):
    """An item of the points shop, with how many are left and how many were exchanged for points."""

    id: str
    kind: str
    name: str
    name_en: str
    template_id: str | None
    points: int
    left: int | None
    limit_each: int
    level: str
    from_at: datetime | None
    to_at: datetime | None
    open: bool
    exchanged: int
    version: int
    made_at: datetime

    def is_on(self, at: datetime) -> bool:
        """Tell whether it is offered at `at`."""
        begun = self.from_at is None or self.from_at <= at
        return self.open and begun and (self.to_at is None or at < self.to_at)


class _Mark(msgspec.Struct, frozen=True):
    fingerprint: str


_COLUMNS = [item.c[name] for name in Item.__struct_fields__]
_TERMS = Terms.__struct_fields__
NEW = insert(item)
ONE = Read(select(*_COLUMNS).where(item.c.id == par("id", Id)), Item)
MARK = Read(select(item.c.fingerprint).where(item.c.id == par("id", Id)), _Mark)
ALL = Read(select(*_COLUMNS).order_by(item.c.made_at.desc(), item.c.id).limit(ITEMS_MAX), Item)
OPEN = Read(
    select(*_COLUMNS).where(item.c.open.is_(True)).order_by(item.c.points, item.c.id).limit(ITEMS_MAX),
    Item,
)
CHANGE = change(
    update(item)
    .where(item.c.id == par("id", Id), item.c.version == par("version", Int))
    .values(
        version=item.c.version + 1,
        name=par("name", Str),
        name_en=par("name_en", Str),
        points=par("points", Int),
        limit_each=par("limit_each", Int),
        level=par("level", Str),
        from_at=par("from_at", Moment),
        to_at=par("to_at", Moment),
    ),
    guard="promo_item_version",
)
SWITCH = change(update(item).where(item.c.id == par("id", Id)).values(open=par("open", Flag)), guard="promo_item_gone")
STOCKED = add(item, key=["id"], counters=["left"], when=item.c.left.is_not(None), guard="promo_item_gone")


def _check(asked: Terms, program: Program) -> None:
    for field, at in (("from_at", asked.from_at), ("to_at", asked.to_at)):
        if at is not None and at.tzinfo is None:
            raise BadItem(field=field, why="pricing.fault.needs_zone")
    if asked.from_at and asked.to_at and asked.to_at <= asked.from_at:
        raise BadItem(field="to_at", why="pricing.fault.never_valid")
    if asked.level and asked.level not in {level.code for level in program.levels}:
        raise BadItem(field="level", why="promo.fault.no_level")


@script
def make(asked: NewItem, *, program: Program, actor: Actor, at: datetime) -> Steps[Item]:
    """Make an item, once per `asked.id`.  Refuses `BadItem`, and `TemplateUnknown` for a coupon of no template."""
    _check(asked, program)
    if (asked.kind == "coupon") != (asked.template_id is not None):
        raise BadItem(field="template_id", why="promo.fault.coupon_template")
    mark = fingerprint(asked)
    found, marks, templates = yield from together(
        ONE(id=asked.id), MARK(id=asked.id), TEMPLATE(id=asked.template_id or asked.id)
    )
    if found:
        same_or_taken(marks[0].fingerprint, mark, id_=asked.id)
        return found[0]
    if asked.template_id and not templates:
        raise TemplateUnknown(template_id=asked.template_id)
    fields = {name: getattr(asked, name) for name in NewItem.__struct_fields__}
    made = Item(**fields, open=True, exchanged=0, version=1, made_at=at)
    note = audit.note(actor, "promo.item_made", subject=f"item/{asked.id}", at=at, **msgspec.to_builtins(asked))
    yield [NEW(**msgspec.structs.asdict(made), fingerprint=mark), note]
    return made


@script
def change_terms(item_id: str, *, asked: ItemTerms, program: Program, actor: Actor, at: datetime) -> Steps[Item]:
    """Change an item; what was exchanged stays as it was.  Refuses `ItemUnknown`, `BadItem`, and `ItemMoved` for an old version."""
    _check(asked, program)
    found = yield from _one(item_id)
    terms = {name: getattr(asked, name) for name in _TERMS}
    after = msgspec.structs.replace(found, **terms, version=asked.version + 1)
    if found == after:
        return found
    if found.version != asked.version:
        raise ItemMoved(item_id=item_id, version=found.version)
    note = audit.note(actor, "promo.item_changed", subject=f"item/{item_id}", at=at, **msgspec.to_builtins(asked))
    yield [CHANGE(id=item_id, version=asked.version, **terms), note]
    return after


@script
def stock(item_id: str, *, asked: Stock, actor: Actor, at: datetime) -> Steps[Item]:
    """Put more of an item into the shop, or take some away, once per `asked.id`.

    Refuses `ItemUnknown`, `SoldOut` where more is taken away than is left, and `BadItem` for an item that has no end.
    """
    mark = fingerprint([item_id, asked])
    made, found = yield from together(made_before(asked.id), ONE(id=item_id))
    if not found:
        raise ItemUnknown(item_id=item_id)
    if is_same(made, mark):
        return found[0]
    if found[0].left is None:
        raise BadItem(field="more", why="promo.fault.endless")
    note = audit.note(
        actor, "promo.item_stocked", subject=f"item/{item_id}", reason=asked.reason, at=at, more=asked.more
    )
    yield [remember(asked.id, mark), STOCKED(id=item_id, left=asked.more), note]
    return msgspec.structs.replace(found[0], left=found[0].left + asked.more)


@script
def switch(item_id: str, *, open_: bool, reason: str, actor: Actor, at: datetime) -> Steps[Item]:
    """Offer an item, or stop offering it; what was exchanged is still handed over."""
    found = yield from _one(item_id)
    action = "promo.item_opened" if open_ else "promo.item_stopped"
    yield [
        SWITCH(id=item_id, open=open_),
        audit.note(actor, action, subject=f"item/{item_id}", reason=reason, at=at),
    ]
    return msgspec.structs.replace(found, open=open_)


@script
def all_items() -> Steps[list[Item]]:
    """Return the newest items, at most `ITEMS_MAX`."""
    return (yield from rows(ALL()))


@script
def offered(*, at: datetime) -> Steps[list[Item]]:
    """Return the items that are offered at `at`, the cheapest first, at most `ITEMS_MAX`."""
    return [each for each in (yield from rows(OPEN())) if each.is_on(at)]


def _one(item_id: str) -> Steps[Item]:
    found = yield from first(ONE(id=item_id))
    if found is None:
        raise ItemUnknown(item_id=item_id)
    return found
