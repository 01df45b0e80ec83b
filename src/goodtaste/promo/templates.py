"""Coupon templates: what a coupon is worth, who may have how many, how many there may be in all, and what may still change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import func, or_, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.db import (
    Change,
    Doc,
    Flag,
    GuardBroken,
    Id,
    Int,
    Read,
    Steps,
    Str,
    add,
    change,
    insert,
    par,
    rows,
    script,
    together,
)  # fmt: skip
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import COUNT_MAX
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.pricing.api import Conditions, Policy
from goodtaste.promo import rules
from goodtaste.promo.asked import (
    Ground,
    NewTemplate,
    StoreBudget,
    TemplateChange,
    TemplateTerms,
    check,
    check_threshold,
)
from goodtaste.promo.tables import store_budget, template

PAGE_MAX = 200


class TemplateUnknown(Refusal):
    """Raised for a coupon template that does not exist.  Facts: `template_id`."""

    code = "promo.template_unknown"
    status = 404


class TemplateChanged(Refusal):
    """Raised when somebody changed a template after it was seen.  Facts: `seen_version`, `version`."""

    code = "promo.template_changed"
    guards = ("promo_template_version",)


class TemplatePromised(Refusal):
    """Raised for a change of what those who have coupons of the template were promised.  Facts: `fields`, `issued`."""

    code = "promo.template_promised"


class BudgetSpent(Refusal):
    """Raised when a template's budget, in coupons or in money, has none left.  Facts: `template_id`."""

    code = "promo.budget_spent"
    guards = ("promo_budget_count", "promo_budget_fen")


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
    valid_hours: int | None
    starts: rules.Starts
    zone: str
    day_start_minute: int
    conditions: Conditions
    sku_id: str | None
    groups: list[str]
    stacks_with: list[str] | None
    share_group: str
    share_max: int
    budget_count: int | None
    budget_fen: int | None
    store_budgets: list[StoreBudget]
    limit_each: int
    limit_day: int | None
    claimable: bool
    gives_max: int
    give_hours: int
    cost_centre: str
    partner: str
    comes_back: bool
    grace_days: int
    refund_policy: Policy | None
    on_event: str | None
    open: bool
    issued: int
    issued_fen: int
    version: int
    made_at: datetime

    @property
    def calendar(self) -> BusinessCalendar:
        """The calendar by which its days are counted: the brand's, as it was when the template was made."""
        return BusinessCalendar(self.zone, self.day_start_minute)

    @property
    def cost_fen(self) -> int:
        """What one coupon of it can cost at most."""
        return rules.most_it_can_cost(
            self.kind, value=self.value, threshold_fen=self.threshold_fen, cap_fen=self.cap_fen
        )

    def span(self, at: datetime) -> tuple[datetime, datetime] | None:
        """Return when a coupon made at `at` is valid, or None where it never is."""
        return rules.validity(
            valid_from_at=self.valid_from_at,
            valid_to_at=self.valid_to_at,
            valid_days=self.valid_days,
            valid_hours=self.valid_hours,
            starts=self.starts,
            calendar=self.calendar,
            at=at,
        )


class TemplatePage(msgspec.Struct, frozen=True):
    """A page of templates, newest first.  `next` is the `before` of the next page, or None."""

    templates: list[Template]
    next: str | None


class _Mark(msgspec.Struct, frozen=True):
    fingerprint: str


_COLUMNS = [template.c[name] for name in Template.__struct_fields__]
_TERMS = [name for name in TemplateTerms.__struct_fields__ if name in template.c]
MAKE = insert(template)
ONE = Read(select(*_COLUMNS).where(template.c.id == par("id", Id)), Template)
MARK = Read(select(template.c.fingerprint).where(template.c.id == par("id", Id)), _Mark)
PAGE = Read(
    select(*_COLUMNS)
    .where(
        older(template.c.made_at, template.c.id),
        or_(par("either", Flag), template.c.open == par("open", Flag)),
        or_(
            func.lower(template.c.name).like(par("like", Str), escape="\\"),
            func.lower(template.c.name_en).like(par("like", Str), escape="\\"),
        ),
    )
    .order_by(template.c.made_at.desc(), template.c.id.desc())
    .limit(par("limit", Int)),
    Template,
)
SWITCH = change(
    update(template).where(template.c.id == par("id", Id)).values(open=par("open", Flag)), guard="promo_template_gone"
)
CHANGE = change(
    update(template)
    .where(
        template.c.id == par("id", Id),
        template.c.version == par("version", Int),
        template.c.issued <= par("issued_max", Int),
    )
    .values(
        version=template.c.version + 1,
        by_store=or_(template.c.by_store, par("by_store", Flag)),
        **{name: par(name, type(template.c[name].type)) for name in _TERMS},  # type: ignore[arg-type]
    ),
    guard="promo_template_version",
)
ISSUED = add(
    template,
    key=["id", "version"],
    counters=["issued", "issued_fen"],
    when=template.c.open.is_(True),
    guard="promo_template_open",
)
"""What is issued by terms that were read is counted only while the template is open and still has those terms."""
STORE_BUDGET = insert(store_budget, conflict="skip")
SET_STORE_BUDGET = change(
    update(store_budget)
    .where(store_budget.c.template_id == par("template_id", Id), store_budget.c.store_id == par("store_id", Id))
    .values(budget_count=par("budget_count", Int), budget_fen=par("budget_fen", Int))
)


def one(found: list[Template], template_id: str) -> Template:
    """Return the template of `found`; refuses `TemplateUnknown`."""
    if not found:
        raise TemplateUnknown(template_id=template_id)
    return found[0]


def _terms(asked: TemplateTerms) -> dict[str, Any]:
    """Return the terms as they are kept: lists as lists, instants in UTC."""
    row = {name: getattr(asked, name) for name in _TERMS}
    row |= {name: _as_kept(row[name]) for name in _TERMS if isinstance(template.c[name].type, Doc)}
    return row | {name: row[name].astimezone(UTC) for name in ("valid_from_at", "valid_to_at") if row[name]}


def _as_kept(value: Any) -> Any:
    """Return a value as JSON has it, so that what is sent and what was read compare."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _budgets(template_id: str, budgets: tuple[StoreBudget, ...]) -> Change:
    return STORE_BUDGET.many(
        [msgspec.structs.asdict(each) | {"template_id": template_id, "used": 0, "used_fen": 0} for each in budgets]
    )


@script
def make(asked: NewTemplate, *, ground: Ground, actor: Actor, at: datetime) -> Steps[Template]:
    """Make a template, once per `asked.id`, whose days are the brand's.  Refuses `BadTemplate`."""
    check(asked, ground=ground)
    check_threshold(asked, ground=ground, at=at)
    mark = fingerprint(asked)
    found, marks = yield from together(ONE(id=asked.id), MARK(id=asked.id))
    if found:
        same_or_taken(marks[0].fingerprint, mark, id_=asked.id)
        return found[0]
    row = _terms(asked) | {
        "id": asked.id,
        "by_store": bool(asked.store_budgets),
        "zone": ground.calendar.zone,
        "day_start_minute": ground.calendar.day_start_minute,
        "open": True,
        "issued": 0,
        "issued_fen": 0,
        "version": 1,
        "made_at": at,
    }
    try:
        yield [
            MAKE(**row, fingerprint=mark),
            _budgets(asked.id, asked.store_budgets),
            audit.note(
                actor, "promo.template_made", subject=f"template/{asked.id}", at=at, **msgspec.to_builtins(asked)
            ),
        ]
    except GuardBroken as broken:
        if broken.name != "promo_template_pkey":
            raise
        return (yield from make(asked, ground=ground, actor=actor, at=at))
    return msgspec.convert(row, Template)


@script
def edit(template_id: str, asked: TemplateChange, *, ground: Ground, actor: Actor, at: datetime) -> Steps[Template]:
    """Change a template: all of its terms until a coupon was issued, then all but those in `rules.PROMISED`.

    Coupons that people have keep their dates.  Refuses `BadTemplate`, `TemplateChanged`, `TemplatePromised`; a budget below what was
    issued is a `BadTemplate`.  A second time changes nothing more.
    """
    check(asked, ground=ground)
    before = one((yield from rows(ONE(id=template_id))), template_id)
    now, then = _as_kept(_terms(asked)), _as_kept(before)
    changed = {name: now[name] for name in _TERMS if now[name] != then[name]}
    if "threshold_fen" in changed:
        check_threshold(asked, ground=ground, at=at)
    if before.version == asked.version + 1 and not changed:
        return before
    if before.version != asked.version:
        raise TemplateChanged(seen_version=asked.version, version=before.version)
    promised = rules.broken_promises(then, now)
    if {each.store_id for each in asked.store_budgets} - {each.store_id for each in before.store_budgets}:
        promised.append("store_budgets")  # what such a store has used until now was not counted
    if promised and before.issued:
        raise TemplatePromised(fields=promised, issued=before.issued)
    yield [
        CHANGE(
            id=template_id,
            version=before.version,
            issued_max=0 if promised else COUNT_MAX,
            by_store=bool(asked.store_budgets),
            **_terms(asked),
        ),
        SET_STORE_BUDGET.many(_moved_budgets(before, asked)),
        _budgets(template_id, asked.store_budgets),
        audit.note(
            actor,
            "promo.template_changed",
            subject=f"template/{template_id}",
            reason=asked.reason,
            at=at,
            version=before.version + 1,
            **changed,
        ),
    ]
    return msgspec.convert(then | now | {"version": before.version + 1}, Template)


def _moved_budgets(before: Template, asked: TemplateChange) -> list[dict[str, Any]]:
    """Return the new limits of the stores that had some; a store that is named no more has none."""
    wanted = {each.store_id: each for each in asked.store_budgets}
    none = [StoreBudget(store_id=each.store_id) for each in before.store_budgets if each.store_id not in wanted]
    return [msgspec.structs.asdict(each) | {"template_id": before.id} for each in (*wanted.values(), *none)]


@script
def switch(template_id: str, *, open_: bool, reason: str, actor: Actor, at: datetime) -> Steps[Template]:
    """Open a template, or stop issuing it; coupons that people have stay valid."""
    found = one((yield from rows(ONE(id=template_id))), template_id)
    action = "promo.template_opened" if open_ else "promo.template_stopped"
    yield [
        SWITCH(id=template_id, open=open_),
        audit.note(actor, action, subject=f"template/{template_id}", reason=reason, at=at),
    ]
    return msgspec.structs.replace(found, open=open_)


@script
def page(*, q: str = "", open_: bool | None = None, before: str = "", limit: int = PAGE_MAX) -> Steps[TemplatePage]:
    """Return templates whose name, in either language, holds `q`, newest first; refuses `BadCursor`."""
    edge = start(before)
    plain = q.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    query = PAGE(
        before_at=edge.at,
        before_id=edge.id,
        either=open_ is None,
        open=bool(open_),
        like=f"%{plain}%",
        limit=limit,
    )
    found = yield from rows(query)
    more = next_of(found, limit, lambda each: each.made_at)
    return TemplatePage(found, more)


@script
def read(template_id: str) -> Steps[Template]:
    """Return a template; refuses `TemplateUnknown`."""
    return one((yield from rows(ONE(id=template_id))), template_id)
