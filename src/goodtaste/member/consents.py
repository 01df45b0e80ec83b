"""Consents: a receipt for each time one is given or withdrawn; what holds is the newest.  Nothing here is a condition of signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

import msgspec
from sqlalchemy import select

from goodtaste.events.member import ConsentChanged
from goodtaste.kernel.db import Id, Query, Read, Steps, Str, insert, par, script
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.input import Input, Name
from goodtaste.kernel.outbox import tell
from goodtaste.member.record import MEMBER, one
from goodtaste.member.tables import consent

Purpose = Literal["marketing", "precise_location", "personalisation", "partner_sharing"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


class NewConsent(Input, frozen=True):
    """What a member sends to give or withdraw a consent: for what, under which version of the text, and where it was shown."""

    purpose: Purpose
    granted: bool
    text_version: Name
    channel: Literal["mini_program", "web", "counter"] = "mini_program"


class Consent(msgspec.Struct, frozen=True):
    """What holds for a purpose; `text_version` and `at` are null where the member was never asked."""

    purpose: str
    granted: bool
    text_version: str | None
    at: datetime | None


class Receipt(msgspec.Struct, frozen=True):
    """The newest receipt for a purpose."""

    granted: bool
    text_version: str
    at: datetime


RECORD = insert(consent)
NEWEST = Read(
    select(consent.c.granted, consent.c.text_version, consent.c.at)
    .where(consent.c.member_id == par("member_id", Id), consent.c.purpose == par("purpose", Str))
    .order_by(consent.c.at.desc(), consent.c.id.desc())
    .limit(1),
    Receipt,
)


def consent_query(member_id: str, purpose: Purpose) -> Query[Receipt]:
    """Return the query of the newest receipt of a member for a purpose, for `granted`."""
    return NEWEST(member_id=member_id, purpose=purpose)


def granted(found: list[Receipt]) -> bool:
    """Tell whether what `consent_query` found is a consent; no receipt is none."""
    return bool(found) and found[0].granted


@script
def all_of(member_id: str) -> Steps[list[Consent]]:
    """Return what holds for each purpose."""
    found: list[list[Receipt]] = yield [consent_query(member_id, purpose) for purpose in PURPOSES]
    return [
        Consent(purpose, receipts[0].granted, receipts[0].text_version, receipts[0].at)
        if receipts
        else Consent(purpose, False, None, None)
        for purpose, receipts in zip(PURPOSES, found, strict=True)
    ]


@script
def record(asked: NewConsent, *, member_id: str, at: datetime) -> Steps[Consent]:
    """Write a receipt.  To give and to withdraw take the same one call, and hold from the moment it is kept."""
    [found] = yield [MEMBER(id=member_id)]
    one(found, member_id)
    yield [
        RECORD(
            id=new_id(),
            member_id=member_id,
            purpose=asked.purpose,
            granted=asked.granted,
            text_version=asked.text_version,
            channel=asked.channel,
            at=at,
        ),
        tell(
            ConsentChanged(
                member_id=member_id, purpose=asked.purpose, granted=asked.granted, text_version=asked.text_version
            ),
            at=at,
        ),
    ]
    return Consent(asked.purpose, asked.granted, asked.text_version, at)
