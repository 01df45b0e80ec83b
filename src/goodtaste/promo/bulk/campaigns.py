"""Campaigns: a coupon for each member of a crowd, page by page.  They pause, go on after a stop of any kind, and give nobody two."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import func, or_, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    Database,
    Flag,
    GuardBroken,
    Id,
    Int,
    Moment,
    Query,
    Read,
    Steps,
    Str,
    change,
    escaped,
    insert,
    par,
    rows,
    script,
    together,
)  # fmt: skip
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import fingerprint, new_id, same_or_taken
from goodtaste.kernel.input import PRINTABLE, Input, Name, Reason
from goodtaste.kernel.jobs import schedule
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.member import api as members
from goodtaste.promo import issue
from goodtaste.promo.bulk.tables import campaign, campaign_member
from goodtaste.promo.templates import ONE as TEMPLATE
from goodtaste.promo.templates import Template, one

RUN = "promo.run_campaign"
PAGE = 500  # members who are looked at in one transaction
LIST_MAX = 20_000  # ids in one upload
FIRST = "00000000-0000-0000-0000-000000000000"
State = Literal["draft", "running", "paused", "stopped", "done"]
MAY_GO = {
    "running": ("draft", "paused"),
    "paused": ("running",),
    "stopped": ("draft", "running", "paused"),
}


class CampaignUnknown(Refusal):
    """Raised for a campaign that does not exist.  Facts: `campaign_id`."""

    code = "promo.campaign_unknown"
    status = 404


class CampaignState(Refusal):
    """Raised for what a campaign in its state does not allow.  Facts: `state`."""

    code = "promo.campaign_state"
    guards = ("promo_campaign_moved",)


class NewCampaign(Input, frozen=True):
    """What makes a campaign: the coupons of a template for all members, for those of a `level`, or for a list that is uploaded."""

    id: IdText
    template_id: IdText
    name: Name
    audience: Literal["all", "level", "list"]
    level: Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)] = ""


class Members(Input, frozen=True):
    """What is sent to add members to the list of a campaign."""

    member_ids: Annotated[tuple[IdText, ...], msgspec.Meta(min_length=1, max_length=LIST_MAX)]


class Go(Input, frozen=True):
    """What is sent to begin a campaign or go on with it (running), to pause it, or to stop it for good; and why."""

    to: Literal["running", "paused", "stopped"]
    reason: Reason


class Campaign(msgspec.Struct, frozen=True):
    """A campaign and how far it is.

    `issued` members have their coupon; `limited` have had as many as one may, `frozen` members are given none, `unknown` are on the list
    and no members.  `why` says what paused or ended it: a person's reason, `budget_spent` or `template_closed`.
    """

    id: str
    template_id: str
    name: str
    audience: str
    level: str
    state: State
    why: str
    after: str
    issued: int
    limited: int
    frozen: int
    unknown: int
    version: int
    made_by: str
    made_at: datetime
    changed_at: datetime


class CampaignPage(msgspec.Struct, frozen=True):
    """A page of campaigns, newest first.  `next` is the `before` of the next page, or None."""

    campaigns: list[Campaign]
    next: str | None


class _Mark(msgspec.Struct, frozen=True):
    fingerprint: str


class _Listed(msgspec.Struct, frozen=True):
    member_id: str


class _Sorted(msgspec.Struct):
    """Members of a page by what becomes of them, in their order, as far as the budget lasts."""

    issued: list[str] = []
    limited: int = 0
    frozen: int = 0
    unknown: int = 0
    after: str = ""
    spent: bool = False


_COLUMNS = [campaign.c[name] for name in Campaign.__struct_fields__]
NEW = insert(campaign)
ONE = Read(select(*_COLUMNS).where(campaign.c.id == par("id", Id)), Campaign)
MARK = Read(select(campaign.c.fingerprint).where(campaign.c.id == par("id", Id)), _Mark)
PAGES = Read(
    select(*_COLUMNS)
    .where(
        older(campaign.c.made_at, campaign.c.id),
        func.lower(campaign.c.name).like(par("like", Str), escape="\\"),
        or_(par("any_state", Flag), campaign.c.state == par("state", Str)),
    )
    .order_by(campaign.c.made_at.desc(), campaign.c.id.desc())
    .limit(par("limit", Int)),
    Campaign,
)


def listed(limit: int) -> Read[_Listed]:
    """Return the statement that reads the next members of a list, at most so many."""
    return Read(
        select(campaign_member.c.member_id)
        .where(campaign_member.c.campaign_id == par("campaign_id", Id), campaign_member.c.member_id > par("after", Id))
        .order_by(campaign_member.c.member_id)
        .limit(limit),
        _Listed,
    )


LISTED = listed(PAGE)
LIST = insert(campaign_member, conflict="skip")
STILL_DRAFT = change(
    update(campaign)
    .where(campaign.c.id == par("id", Id), campaign.c.state == "draft")
    .values(changed_at=par("at", Moment)),
    guard="promo_campaign_moved",
)
GO = change(
    update(campaign)
    .where(campaign.c.id == par("id", Id), campaign.c.version == par("version", Int))
    .values(state=par("state", Str), why=par("why", Str), version=campaign.c.version + 1, changed_at=par("at", Moment)),
    guard="promo_campaign_moved",
)
MOVE = change(
    update(campaign)
    .where(
        campaign.c.id == par("id", Id),
        campaign.c.state == "running",
        campaign.c.after == par("seen", Id),
        campaign.c.version == par("version", Int),
    )
    .values(
        after=par("after", Id),
        state=par("state", Str),
        why=par("why", Str),
        issued=campaign.c.issued + par("issued", Int),
        limited=campaign.c.limited + par("limited", Int),
        frozen=campaign.c.frozen + par("frozen", Int),
        unknown=campaign.c.unknown + par("unknown", Int),
        changed_at=par("at", Moment),
    ),
    guard="promo_campaign_moved",
)


def found_one(found: list[Campaign], campaign_id: str) -> Campaign:
    """Return the campaign of `found`; refuses `CampaignUnknown`."""
    if not found:
        raise CampaignUnknown(campaign_id=campaign_id)
    return found[0]


@script
def make(asked: NewCampaign, *, actor: Actor, at: datetime) -> Steps[Campaign]:
    """Make a campaign that has not begun, once per `asked.id`.  Refuses `TemplateUnknown`."""
    mark = fingerprint(asked)
    found, marks, templates = yield from together(ONE(id=asked.id), MARK(id=asked.id), TEMPLATE(id=asked.template_id))
    if found:
        same_or_taken(marks[0].fingerprint, mark, id_=asked.id)
        return found[0]
    one(templates, asked.template_id)
    made = Campaign(
        asked.id, asked.template_id, asked.name, asked.audience, asked.level, "draft", "", FIRST, 0, 0, 0, 0, 1,
        actor.id, at, at,
    )  # fmt: skip
    try:
        yield [
            NEW(**msgspec.structs.asdict(made), fingerprint=mark),
            audit.note(
                actor, "promo.campaign_made", subject=f"campaign/{asked.id}", at=at, **msgspec.to_builtins(asked)
            ),
        ]
    except GuardBroken as broken:
        if broken.name != "promo_campaign_pkey":
            raise
        return (yield from make(asked, actor=actor, at=at))
    return made


@script
def enlist(campaign_id: str, asked: Members, *, at: datetime) -> Steps[Campaign]:
    """Add members to the list of a campaign that has not begun; who is on it already stays on it once."""
    found = found_one((yield from rows(ONE(id=campaign_id))), campaign_id)
    if found.state != "draft" or found.audience != "list":
        raise CampaignState(state=found.state)
    ids = dict.fromkeys(asked.member_ids)
    yield [
        STILL_DRAFT(id=campaign_id, at=at),
        LIST.many([{"campaign_id": campaign_id, "member_id": each} for each in ids]),
    ]
    return found


@script
def go(campaign_id: str, asked: Go, *, actor: Actor, at: datetime) -> Steps[Campaign]:
    """Begin a campaign, pause it, go on with it, or stop it for good; what it is already it stays.  Refuses `CampaignState`."""
    found = found_one((yield from rows(ONE(id=campaign_id))), campaign_id)
    if found.state == asked.to:
        return found
    if found.state not in MAY_GO[asked.to]:
        raise CampaignState(state=found.state)
    why = "" if asked.to == "running" else asked.reason
    changes: list[Change] = [
        GO(id=campaign_id, version=found.version, state=asked.to, why=why, at=at),
        audit.note(actor, f"promo.campaign_{asked.to}", subject=f"campaign/{campaign_id}", reason=asked.reason, at=at),
    ]
    if asked.to == "running":
        changes.append(scheduled(campaign_id, found.version + 1, at=at))
    yield changes
    return msgspec.structs.replace(found, state=asked.to, why=why, version=found.version + 1, changed_at=at)


def scheduled(campaign_id: str, version: int, *, at: datetime) -> Change:
    """Have a campaign run from now on."""
    return schedule(RUN, {"campaign_id": campaign_id}, due_at=at, once=f"{RUN}/{campaign_id}/{version}")


@script
def step(campaign_id: str, *, at: datetime) -> Steps[bool]:
    """Give the next page of members their coupons; tell whether there are more.

    Page, coupons, budget and place are one transaction, so a campaign that was killed goes on where it stood.
    """
    now = found_one((yield from rows(ONE(id=campaign_id))), campaign_id)
    if now.state != "running":
        return False
    of, page = yield from _page(now)
    span = of.span(at) if of.open else None
    if span is None:
        yield [_move(now, _Sorted(after=now.after), state="paused", why="template_closed", at=at)]
        return False
    ids = [each.id for each in page]
    [had] = (yield [issue.had(of.id, ids)]) if ids else [[]]
    so_far = {each.member_id: each.n for each in had}
    today = (yield from issue.had_today(of, ids, at=at)) if ids else {}
    sorted_ = _sort(page, of, so_far=so_far, today=today, after=now.after)
    made = [
        issue.coupon_row(
            of,
            issue.Grant(new_id(), member_id, by=f"campaign/{campaign_id}", campaign_id=campaign_id),
            nth=so_far.get(member_id, 0) + 1,
            span=span,
            at=at,
        )
        for member_id in sorted_.issued
    ]
    state, why = ("paused", "budget_spent") if sorted_.spent else ("running" if page else "done", "")
    changes = [_move(now, sorted_, state=state, why=why, at=at)]
    if made:
        changes += [issue.count(of, len(made)), issue.NEW.many(made)]
    yield changes
    return state == "running"


def _page(now: Campaign) -> Steps[tuple[Template, list[members.Standing]]]:
    """Read the template and the next members; one who is on the list and no member has no status."""
    query: Query[Any] = members.after(now.after, level=now.level if now.audience == "level" else None, limit=PAGE)
    if now.audience == "list":
        query = LISTED(campaign_id=now.id, after=now.after)
    templates, found = yield [TEMPLATE(id=now.template_id), query]
    of = one(templates, now.template_id)
    if now.audience != "list" or not found:
        return of, found
    listed = [each.member_id for each in found]
    known = {each.id: each for each in (yield from rows(members.standings(listed)))}
    return of, [known.get(each) or members.Standing(each, "erased", "", "", None, None) for each in listed]


def _sort(
    page: list[members.Standing], of: Template, *, so_far: dict[str, int], today: dict[str, int], after: str
) -> _Sorted:
    found, room = _Sorted(issued=[], after=after), issue.room(of)
    for each in page:
        limited = so_far.get(each.id, 0) >= of.limit_each
        limited = limited or (of.limit_day is not None and today.get(each.id, 0) >= of.limit_day)
        if each.status == "erased":
            found.unknown += 1
        elif each.status == "frozen":
            found.frozen += 1
        elif limited:
            found.limited += 1
        elif len(found.issued) == room:
            found.spent = True
            break
        else:
            found.issued.append(each.id)
        found.after = each.id
    return found


def _move(now: Campaign, found: _Sorted, *, state: str, why: str, at: datetime) -> Change:
    return MOVE(
        id=now.id,
        seen=now.after,
        version=now.version,
        after=found.after,
        state=state,
        why=why,
        issued=len(found.issued),
        limited=found.limited,
        frozen=found.frozen,
        unknown=found.unknown,
        at=at,
    )


async def run_all(db: Database, campaign_id: str, *, clock: Any) -> None:
    """Run a campaign until it is done, paused or stopped."""
    while await db.run(step(campaign_id, at=clock())):
        pass


@script
def campaigns(*, q: str = "", state: State | None = None, before: str, limit: int) -> Steps[CampaignPage]:
    """Return campaigns whose name holds `q`, those in a state where one is named, newest first; refuses `BadCursor`."""
    edge = start(before)
    asked = {"like": f"%{escaped(q.lower())}%", "any_state": state is None, "state": state or ""}
    found = yield from rows(PAGES(before_at=edge.at, before_id=edge.id, limit=limit, **asked))
    more = next_of(found, limit, lambda each: each.made_at)
    return CampaignPage(found, more)


@script
def read(campaign_id: str) -> Steps[Campaign]:
    """Return a campaign and how far it is; refuses `CampaignUnknown`."""
    return found_one((yield from rows(ONE(id=campaign_id))), campaign_id)
