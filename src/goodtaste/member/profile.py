"""The profile: what members see and set of themselves, what the staff see, and freezing."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Steps, first, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.secrets import Keyring
from goodtaste.ledger import api as ledger
from goodtaste.member import rules, vault
from goodtaste.member.record import MEMBER, MemberRow, one, save

Language = Literal["zh-CN", "en"]
Nickname = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class BadProfile(Refusal):
    """Raised for a profile field that cannot be so.  Facts: `field`, `why` (the code of the reason)."""

    code = "member.bad_profile"
    status = 422


class UnderAge(Refusal):
    """Raised when the birth year says that the member is under 14: the law wants a guardian's consent.  Facts: `age_min`."""

    code = "member.under_age"
    status = 403


class NoPhone(Refusal):
    """Raised when a member has no phone number to look at.  Facts: `member_id`."""

    code = "member.no_phone"
    status = 404


class Birthday(Input, frozen=True):
    """A birthday; the year may stay untold."""

    month: Annotated[int, msgspec.Meta(ge=1, le=12)]
    day: Annotated[int, msgspec.Meta(ge=1, le=31)]
    year: Annotated[int, msgspec.Meta(ge=1, le=9999)] | None = None


class ProfilePatch(Input, frozen=True):
    """What a member changes of the profile; what is not sent stays, null takes the birthday away."""

    nickname: Nickname | msgspec.UnsetType = msgspec.UNSET
    gender: Literal["", "female", "male", "other"] | msgspec.UnsetType = msgspec.UNSET
    birthday: Birthday | msgspec.UnsetType | None = msgspec.UNSET
    city: Annotated[str, msgspec.Meta(max_length=40)] | msgspec.UnsetType = msgspec.UNSET
    language: Language | msgspec.UnsetType = msgspec.UNSET


class Why(Input, frozen=True):
    """Why a person of the staff does something to a member."""

    reason: Reason


class Me(msgspec.Struct, frozen=True):
    """A member as they see themselves.  `phone` is masked, empty where none is bound."""

    id: str
    status: str
    nickname: str
    gender: str
    birthday: Birthday | None
    city: str
    language: str
    level: str
    phone: str
    joined_at: datetime
    version: int


class MemberView(msgspec.Struct, frozen=True):
    """A member as the staff see them: points in points, growth in yuan paid over the rolling year, the phone masked."""

    id: str
    status: str
    nickname: str
    level: str
    phone: str
    available: int
    pending: int
    debt: int
    growth: int
    joined_at: datetime


class PhoneSeen(msgspec.Struct, frozen=True):
    """A phone number in the clear, for who may see it."""

    phone: str


def me(row: MemberRow) -> Me:
    """Return a member's own view."""
    birthday = (
        Birthday(month=row.birth_month, day=row.birth_day, year=row.birth_year)
        if row.birth_month and row.birth_day
        else None
    )
    fields = {name: getattr(row, name) for name in Me.__struct_fields__ if name not in ("birthday", "phone")}
    return Me(**fields, birthday=birthday, phone=row.phone_masked)


def clean(text: str, *, field: str) -> str:
    """Return a text for people without blanks around it; refuses `BadProfile` for one that is empty or holds control characters."""
    trimmed = text.strip()
    if not trimmed:
        raise BadProfile(field=field, why="member.fault.empty")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Zl", "Zp") for c in trimmed):
        raise BadProfile(field=field, why="member.fault.control")
    return trimmed


def _birthday(asked: Birthday | None, today: date) -> dict[str, int | None]:
    if asked is None:
        return {"birth_month": None, "birth_day": None, "birth_year": None}
    if not rules.is_birthday(asked.month, asked.day, asked.year):
        raise BadProfile(field="birthday", why="member.fault.no_such_day")
    if asked.year is not None:
        years = rules.age(asked.month, asked.day, asked.year, today=today)
        if years < 0:
            raise BadProfile(field="birthday", why="member.fault.future")
        if years < rules.ADULT_ENOUGH:
            raise UnderAge(age_min=rules.ADULT_ENOUGH)
    return {"birth_month": asked.month, "birth_day": asked.day, "birth_year": asked.year}


def changed(row: MemberRow, asked: ProfilePatch, *, today: date) -> MemberRow:
    """Return the row as `asked` would have it.  Refuses `BadProfile` and `UnderAge`."""
    fields: dict[str, Any] = {}
    if asked.nickname is not msgspec.UNSET:
        fields["nickname"] = clean(asked.nickname, field="nickname")
    if asked.city is not msgspec.UNSET:
        fields["city"] = clean(asked.city, field="city") if asked.city else ""
    if asked.gender is not msgspec.UNSET:
        fields["gender"] = asked.gender
    if asked.language is not msgspec.UNSET:
        fields["language"] = asked.language
    if asked.birthday is not msgspec.UNSET:
        fields |= _birthday(asked.birthday, today)
    return msgspec.structs.replace(row, **fields)


@script
def read(member_id: str) -> Steps[Me]:
    """Return a member's own view.  Refuses `MemberUnknown`."""
    [found] = yield [MEMBER(id=member_id)]
    return me(one(found, member_id))


@script
def patch(member_id: str, *, asked: ProfilePatch, today: date, at: datetime) -> Steps[Me]:
    """Change a member's profile; nothing is written where nothing changes.  Refuses `BadProfile`, `UnderAge`."""
    found, balances = yield from together(MEMBER(id=member_id), ledger.READ_BALANCES(owner_id=member_id))
    row = one(found, member_id)
    after = changed(row, asked, today=today)
    if after == row:
        return me(row)
    yield save(after, balances=ledger.as_balances(balances), at=at)
    return me(msgspec.structs.replace(after, version=row.version + 1))


@script
def view(member_id: str) -> Steps[MemberView]:
    """Return a member as the staff see them.  Refuses `MemberUnknown`."""
    found, balances = yield from together(MEMBER(id=member_id), ledger.READ_BALANCES(owner_id=member_id))
    return _view(one(found, member_id), ledger.as_balances(balances))


def _view(row: MemberRow, balances: dict[str, ledger.Balances]) -> MemberView:
    points, growth = balances[ledger.POINTS], balances[ledger.GROWTH]
    return MemberView(
        id=row.id,
        status=row.status,
        nickname=row.nickname,
        level=row.level,
        phone=row.phone_masked,
        available=points.available,
        pending=points.pending,
        debt=-points.debt,
        growth=growth.available,
        joined_at=row.joined_at,
    )


@script
def freeze(member_id: str, *, frozen: bool, reason: str, actor: Actor, at: datetime) -> Steps[MemberView]:
    """Freeze a member, who may then order but not redeem, or lift it; the same twice is done once."""
    found, balances = yield from together(MEMBER(id=member_id), ledger.READ_BALANCES(owner_id=member_id))
    row, now = one(found, member_id), ledger.as_balances(balances)
    after = msgspec.structs.replace(row, status="frozen" if frozen else "active")
    if after == row:
        return _view(row, now)
    action = "member.frozen" if frozen else "member.unfrozen"
    yield [
        *save(after, balances=now, at=at),
        audit.note(actor, action, subject=f"member/{member_id}", reason=reason, at=at),
    ]
    return _view(after, now)


@script
def look_at_phone(member_id: str, *, reason: str, actor: Actor, keyring: Keyring, at: datetime) -> Steps[PhoneSeen]:
    """Return a member's phone number in the clear; each look is audited.  Refuses `NoPhone`."""
    [found] = yield [MEMBER(id=member_id)]
    row = one(found, member_id)
    secret = yield from first(vault.secret_of(member_id))
    if row.phone_sealed is None or secret is None:
        raise NoPhone(member_id=member_id)
    phone = vault.open_phone(row.phone_sealed, member_id=member_id, wrapped_key=secret.wrapped_key, keyring=keyring)
    yield [audit.note(actor, "member.phone_seen", subject=f"member/{member_id}", reason=reason, at=at)]
    return PhoneSeen(phone)
