"""Tries at a secret are counted before the secret is looked at, so that no number of them at once lets one more through.

A try is counted for what it aims at (a login, a person's PIN), whether that exists or not: nobody learns from it who works here.  Tries at
a password are counted by where they come from too, so that a stranger locks a login for themselves and not for its owner.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil

import msgspec
from sqlalchemy import delete, or_, select, update

from goodtaste.kernel.db import Change, Int, Moment, Read, Steps, Str, change, first, insert, par
from goodtaste.kernel.errors import Refusal
from goodtaste.org import rules
from goodtaste.org.tables import tried


class Locked(Refusal):
    """Raised when too many wrong tries were made; even the right secret is refused then.  Facts: `until_at`, `wait_minutes`."""

    code = "org.locked"
    status = 429


class Tried(msgspec.Struct, frozen=True):
    """How many tries were made at something, and when the last."""

    tries: int
    last_at: datetime


class Try(msgspec.Struct, frozen=True):
    """A try that may be made: the change that counts it, and how many are left after it."""

    count: Change
    left: int


FOUND = Read(select(tried.c.tries, tried.c.last_at).where(tried.c.subject == par("subject", Str)), Tried)
NEW = insert(tried)
COUNT = change(
    update(tried)
    .where(
        tried.c.subject == par("subject", Str),
        tried.c.tries == par("seen", Int),
        tried.c.last_at == par("seen_at", Moment),
    )
    .values(tries=par("tries", Int), last_at=par("at", Moment)),
    guard="org_try_counted",
)
FORGET = change(delete(tried).where(tried.c.subject == par("subject", Str)))
FORGET_EVERYWHERE = change(
    delete(tried).where(or_(tried.c.subject == par("subject", Str), tried.c.subject.like(par("from_there", Str))))
)
FORGET_OLD = change(delete(tried).where(tried.c.last_at < par("before", Moment)))


def one_more(subject: str, *, most: int = rules.TRIES, at: datetime) -> Steps[Try]:
    """Return the change that counts one more try at `subject`; refuses `Locked` after `most` of them, until `rules.LOCK` has passed.

    Of tries made at once each relies on the count it saw, so the later ones are run again and see the earlier.
    """
    found = yield from first(FOUND(subject=subject))
    if found is None:
        return Try(NEW(subject=subject, tries=1, last_at=at), most - 1)
    before = rules.tries_made(found.tries, last_at=found.last_at, at=at)
    if before >= most:
        until_at = found.last_at + rules.LOCK
        raise Locked(until_at=until_at, wait_minutes=ceil((until_at - at).total_seconds() / 60))
    count = COUNT(subject=subject, seen=found.tries, seen_at=found.last_at, tries=before + 1, at=at)
    return Try(count, most - before - 1)


def at_source(subject: str, source: str) -> str:
    """Return what tries at `subject` that come from one source are counted for."""
    return f"{subject}@{source}"


def forget_everywhere(subject: str) -> Change:
    """Write that no try at `subject` counts any more, wherever it came from."""
    return FORGET_EVERYWHERE(subject=subject, from_there=at_source(subject, "%"))


def forget(subject: str) -> Change:
    """Write that a try was right: what was wrong before it counts no more."""
    return FORGET(subject=subject)
