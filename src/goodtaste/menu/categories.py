"""Categories of the menu: made, changed and taken off sale by the head office."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy import func, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Doc, Flag, Id, Int, Read, Steps, Str, change, insert, par, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken, fingerprint
from goodtaste.kernel.input import Count, Input, Line, Name, Positive
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.menu.book import Category
from goodtaste.menu.catalogue import CATEGORY_COLUMNS
from goodtaste.menu.tables import SNAPSHOT, category
from goodtaste.org.api import Hours, hours_fault

CATEGORIES_MAX = 200
PERIODS_MAX = 28  # four a day


class CategoryUnknown(Refusal):
    """Raised for a category that does not exist.  Facts: `category_id`."""

    code = "menu.category_unknown"
    status = 404


class NameTaken(Refusal):
    """Raised when another category has the name.  Facts: `name`."""

    code = "menu.category_name_taken"
    guards = ("menu_category_name_key",)


class ChangedMeanwhile(Refusal):
    """Raised when somebody changed the row after it was seen.  Facts: `seen_version`, `version`."""

    code = "menu.changed_meanwhile"


class BadPeriods(Refusal):
    """Raised for hours of sale that cannot be.  Facts: `why` (`order`, `long` or `overlap`)."""

    code = "menu.bad_periods"
    status = 422


class TooMany(Refusal):
    """Raised when the catalogue would hold more than it may.  Facts: `what`, `limit`."""

    code = "menu.too_many"


class CategoryDetails(Input, frozen=True):
    """What a category is.  `periods` are the hours in which its dishes are sold, in the store's zone; none means always."""

    name: Name
    name_en: Line = ""
    periods: Annotated[tuple[Hours, ...], msgspec.Meta(max_length=PERIODS_MAX)] = ()
    rank: Count = 0
    on_sale: bool = True


class NewCategory(CategoryDetails, frozen=True, kw_only=True):
    """What makes a category."""

    id: IdText


class CategoryChange(CategoryDetails, frozen=True, kw_only=True):
    """What a category becomes; `version` is the one that was seen."""

    version: Positive


class _Count(msgspec.Struct, frozen=True):
    n: int


ONE = Read(select(*CATEGORY_COLUMNS).where(category.c.id == par("id", Id)), Category)
NAMED = Read(select(*CATEGORY_COLUMNS).where(category.c.name == par("name", Str)), Category)
COUNT = Read(select(func.count().label("n")).select_from(category), _Count)
NEW = insert(category)
CHANGE = change(
    update(category)
    .where(category.c.id == par("id", Id))
    .values(
        name=par("name", Str),
        name_en=par("name_en", Str),
        periods=par("periods", Doc),
        rank=par("rank", Int),
        on_sale=par("on_sale", Flag),
        version=par("version", Int),
    )
)


def known(found: list[Category], category_id: str) -> Category:
    """Return the category of `found`; refuses `CategoryUnknown`."""
    if not found:
        raise CategoryUnknown(category_id=category_id)
    return found[0]


def same_version(seen: int, version: int) -> None:
    """Refuse `ChangedMeanwhile` unless the version that was seen is the present one."""
    if seen != version:
        raise ChangedMeanwhile(seen_version=seen, version=version)


def differences(before: Any, after: Any) -> dict[str, Any]:
    """Return what each field that differs was and became, for the audit log."""
    return {
        name: {"before": getattr(before, name), "after": getattr(after, name)}
        for name in before.__struct_fields__
        if name != "version" and getattr(before, name) != getattr(after, name)
    }


def _check(asked: CategoryDetails) -> None:
    fault = hours_fault(asked.periods)
    if fault:
        raise BadPeriods(why=fault)


@script
def make_category(asked: NewCategory, *, actor: Actor, at: datetime) -> Steps[Category]:
    """Make a category, once per `asked.id`.  Refuses `BadPeriods`, `NameTaken`, `TooMany`."""
    actor.need("menu.edit")
    _check(asked)
    mark = fingerprint(asked)
    seen, before, found, same_name, [count] = yield from together(
        version_of(SNAPSHOT), made_before(asked.id), ONE(id=asked.id), NAMED(name=asked.name), COUNT()
    )
    if is_same(before, mark):
        return known(found, asked.id)
    if found:
        raise IdTaken(id=asked.id)
    if same_name:
        raise NameTaken(name=asked.name)
    if count.n >= CATEGORIES_MAX:
        raise TooMany(what="categories", limit=CATEGORIES_MAX)
    made = Category(**msgspec.structs.asdict(asked), version=1)
    yield [
        moved_from(SNAPSHOT, seen),
        NEW(**msgspec.structs.asdict(made)),
        remember(asked.id, mark),
        audit.note(actor, "menu.category_made", subject=f"category/{made.id}", at=at, name=made.name),
    ]
    return made


@script
def change_category(category_id: str, asked: CategoryChange, *, actor: Actor, at: datetime) -> Steps[Category]:
    """Replace what a category is.  Refuses `CategoryUnknown`, `ChangedMeanwhile`, `BadPeriods`, `NameTaken`."""
    actor.need("menu.edit")
    _check(asked)
    seen, found, same_name = yield from together(version_of(SNAPSHOT), ONE(id=category_id), NAMED(name=asked.name))
    before = known(found, category_id)
    given = {**msgspec.structs.asdict(asked), "version": before.version}
    after = msgspec.structs.replace(before, **given)
    if after == before:
        return before
    same_version(asked.version, before.version)
    if same_name and same_name[0].id != category_id:
        raise NameTaken(name=asked.name)
    after = msgspec.structs.replace(after, version=before.version + 1)
    yield [
        moved_from(SNAPSHOT, seen),
        CHANGE(**msgspec.structs.asdict(after)),
        audit.note(
            actor,
            "menu.category_changed",
            subject=f"category/{category_id}",
            at=at,
            changes=differences(before, after),
        ),
    ]
    return after
