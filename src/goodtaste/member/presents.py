"""Presents that a member is given once: for a level they reach, for a birthday.  The coupon itself is made by who hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import select

from goodtaste.events.member import PresentDue
from goodtaste.kernel.db import Change, Day, Id, ListOf, Read, Steps, in_list, insert, par, rows
from goodtaste.kernel.ids import derived_id
from goodtaste.kernel.outbox import tell
from goodtaste.member.rules import Level
from goodtaste.member.tables import present


class Present(msgspec.Struct, frozen=True):
    """A present that was given: for the level or in the year `what`."""

    id: str
    member_id: str
    kind: str
    what: str
    template_id: str
    given_on: date


GIVE = insert(present)
GIVEN = Read(
    select(*[present.c[name] for name in Present.__struct_fields__]).where(
        present.c.member_id == par("member_id", Id), present.c.kind == "level"
    ),
    Present,
)
BIRTHDAYS = Read(
    select(*[present.c[name] for name in Present.__struct_fields__]).where(
        in_list(present.c.member_id, par("member_ids", ListOf)),
        present.c.kind == "birthday",
        present.c.given_on > par("since", Day),
    ),
    Present,
)


def a_present(member_id: str, kind: str, what: str, *, template_id: str, on: date) -> Present:
    """Return the present of a kind for a level or a year; its id is always the same."""
    return Present(derived_id(member_id, f"present/{kind}/{what}"), member_id, kind, what, template_id, on)


def give(presents: Sequence[Present], *, at: datetime) -> list[Change]:
    """Write that `presents` are given, and tell it."""
    due = [
        PresentDue(
            present_id=each.id, member_id=each.member_id, template_id=each.template_id, kind=each.kind, what=each.what
        )
        for each in presents
    ]
    return [GIVE.many([msgspec.structs.asdict(each) for each in presents]), *([tell(*due, at=at)] if due else [])]


def of_levels(member_id: str, levels: Sequence[Level], *, on: date, at: datetime) -> Steps[list[Change]]:
    """Give what `levels` that are reached bring, but for what the member was given for them before."""
    wanted = [
        a_present(member_id, "level", level.code, template_id=level.upgrade_template_id, on=on)
        for level in levels
        if level.upgrade_template_id
    ]
    if not wanted:
        return []
    had = {each.id for each in (yield from rows(GIVEN(member_id=member_id)))}
    return give([each for each in wanted if each.id not in had], at=at)
