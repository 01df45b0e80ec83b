"""Signing in, by password anywhere or by PIN at a paired terminal, and the approval that a person gives with their PIN.

Each has three parts: count the try and read the hash; check it, off the event loop; write the outcome.  An unknown login, a wrong
password and a person who has left get the same answer after the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from sqlalchemy import update

from goodtaste.kernel import audit, sessions
from goodtaste.kernel.auth import Actor, Grant
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, GuardBroken, Id, Query, Steps, Str, change, first, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.input import PRINTABLE, Input, Name
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.sessions import Session, TokenPair
from goodtaste.org import rules, tries
from goodtaste.org.directory import Directory, RoleRow, grants_of, place_of
from goodtaste.org.passwords import BY_ID, BY_LOGIN, Password, Passwords, Person, Pin, login_subject, pin_subject
from goodtaste.org.people import ROLES_OF, HeldRole
from goodtaste.org.tables import staff

S = TypeVar("S", bound=msgspec.Struct)


class SignInFailed(Refusal):
    """Raised for a login and password that do not belong together, whatever the reason.  Facts: `tries_left`."""

    code = "org.sign_in_failed"
    status = 401


class WrongPin(Refusal):
    """Raised for a PIN that is not the person's, whatever the reason.  Facts: `tries_left`."""

    code = "org.wrong_pin"
    status = 403


class NotAtStore(Refusal):
    """Raised when a person signs in at a terminal of a store where they have no role.  Facts: `staff_id`, `store_id`."""

    code = "org.not_at_store"
    status = 403


class MayNotApprove(Refusal):
    """Raised when who would approve may not do it there.  Facts: `staff_id`, `permission`, `store_id`."""

    code = "org.may_not_approve"
    status = 403


class SignIn(Input, frozen=True):
    """What a person sends to sign in; `device` is what they will know it by in the list of their devices."""

    login: Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)]
    password: Password
    device: Name


class PinSignIn(Input, frozen=True):
    """What a terminal sends for a person who takes it over."""

    staff_id: IdText
    pin: Pin


class Rights(msgspec.Struct, frozen=True):
    """What may be done at a store, or, with no store, in the whole brand."""

    store_id: str | None
    permissions: list[str]


class WhoIAm(msgspec.Struct, frozen=True):
    """A signed-in person.  `store_id` is set for one at a terminal, who may do what `rights` say at that store and nothing elsewhere."""

    id: str
    login: str
    name: str
    store_id: str | None
    roles: list[HeldRole]
    rights: list[Rights]


class SignedIn(msgspec.Struct, frozen=True):
    """The tokens of a new session, and whose it is."""

    tokens: TokenPair
    who: WhoIAm


class ApprovalAsked(Input, frozen=True):
    """The PIN of a person who approves what somebody else does."""

    staff_id: IdText
    pin: Pin


class Approval(msgspec.Struct, frozen=True):
    """That a person approved with their PIN: keep `staff_id` with what was approved."""

    staff_id: str
    name: str
    permission: str
    store_id: str | None
    at: datetime


class _Candidate(msgspec.Struct, frozen=True):
    """Whoever a try aims at, with their roles, and how many tries are left after it."""

    person: Person | None
    roles: list[RoleRow]
    left: int


class _Proven(msgspec.Struct, frozen=True):
    """Who proved by PIN who they are: the changes that say it was right, and what is said where it is so no more."""

    person: Person
    roles: list[RoleRow]
    stands: list[Change]
    otherwise: WrongPin


PASSWORD_STANDS = change(
    update(staff)
    .where(staff.c.id == par("id", Id), staff.c.password_hash == par("seen", Str), staff.c.active.is_(True))
    .values(active=True),
    guard="org_staff_secret_stands",
)
PIN_STANDS = change(
    update(staff)
    .where(staff.c.id == par("id", Id), staff.c.pin_hash == par("seen", Str), staff.c.active.is_(True))
    .values(active=True),
    guard="org_staff_secret_stands",
)
"""These change nothing: they are guards, that a secret is still the one that was checked and its owner still works here."""


async def sign_in(asked: SignIn, *, ctx: Ctx) -> SignedIn:
    """Sign a person in by password.

    Refuses `SignInFailed`, and `Locked` after too many tries: five from where this one comes from, or a hundred from anywhere.
    """
    login = asked.login.strip().lower()
    subject, passwords = login_subject(ctx.process.keyring, login), ctx.part(Passwords)
    bounds = {tries.at_source(subject, ctx.source): rules.TRIES, subject: rules.TRIES_ANYWHERE}
    with passwords.place():
        found = await ctx.run(_candidate(bounds, BY_LOGIN(login=login), at=ctx.now))
        person = found.person
        fits = await passwords.fits(asked.password, person.password_hash if person else None)
    if person is None or not fits or not person.active:
        raise SignInFailed(tries_left=found.left)
    session, started = sessions.start(
        session_id=new_id(), kind="staff", subject_id=person.id, device=asked.device, at=ctx.now
    )
    note = audit.note(
        Actor("staff", person.id), "org.signed_in", subject=f"staff/{person.id}", at=ctx.now, device=asked.device
    )
    stands = PASSWORD_STANDS(id=person.id, seen=person.password_hash)
    await ctx.run(_right([stands, *map(tries.forget, bounds), started, note], SignInFailed(tries_left=found.left)))
    return _signed_in(ctx, session, person, found.roles, grants_of(found.roles))


async def pin_sign_in(asked: PinSignIn, *, ctx: Ctx) -> SignedIn:
    """Let a person take over the terminal that asks; whoever worked at it is signed out there.

    What they may do is what their roles give at its store.  Refuses `WrongPin`, `Locked`, `NotAtStore`.
    """
    terminal_id, store_id = ctx.actor.id, ctx.actor.store_id or ""
    proven = await _by_pin(ctx, asked.staff_id, asked.pin)
    person, grants = proven.person, rules.grants_at(grants_of(proven.roles), store_id)
    if not grants:
        await ctx.run(_right(proven.stands, proven.otherwise))
        raise NotAtStore(staff_id=person.id, store_id=store_id)
    device = ctx.see(Directory).terminals[terminal_id].name
    session, started = sessions.start(
        session_id=new_id(), kind="staff", subject_id=person.id, device=device, at=ctx.now, terminal_id=terminal_id
    )
    changes = [
        *proven.stands,
        *sessions.end_at_terminal(terminal_id, reason="another person took over", at=ctx.now),
        started,  # after those that end, on an engine where one write sees the other
        audit.note(
            Actor("staff", person.id),
            "org.pin_signed_in",
            subject=f"staff/{person.id}",
            store_id=store_id,
            at=ctx.now,
            terminal_id=terminal_id,
        ),
    ]
    await ctx.run(_right(changes, proven.otherwise))
    return _signed_in(ctx, session, person, proven.roles, grants, store_id=store_id)


async def approve(ctx: Ctx, asked: ApprovalAsked, *, permission: str, store_id: str | None) -> Approval:
    """Let a person approve with their PIN what somebody else does and needs `permission` at `store_id`, or in the brand, for.

    It is bound to the person: five wrong PINs lock it, wherever they are typed.  Await it before the script of the act, and give that
    script the `Approval`; leave the PIN out of what the act is recognised by (`fingerprint`).  The audit log has it under
    `org.approved`, by the person, with who asked.  Refuses `WrongPin`, `Locked`, `MayNotApprove`.
    """
    proven = await _by_pin(ctx, asked.staff_id, asked.pin)
    person = proven.person
    approver = Actor("staff", person.id, grants=grants_of(proven.roles))
    allowed = approver.can(permission, store_id=store_id)
    note = audit.note(
        approver,
        "org.approved" if allowed else "org.approval_refused",
        subject=f"{ctx.actor.kind}/{ctx.actor.id}",
        store_id=store_id,
        at=ctx.now,
        permission=permission,
    )
    await ctx.run(_right([*proven.stands, note], proven.otherwise))
    if not allowed:
        raise MayNotApprove(staff_id=person.id, permission=permission, store_id=store_id)
    return Approval(person.id, person.name, permission, store_id, ctx.now)


async def approved_by(ctx: Ctx, asked: ApprovalAsked | None, *, permission: str, store_id: str | None) -> str | None:
    """Return the id of who approved an act, None where the caller may do it alone or nobody was asked.  Refuses as `approve` does."""
    if asked is None or ctx.actor.can(permission, store_id=store_id):
        return None
    return (await approve(ctx, asked, permission=permission, store_id=store_id)).staff_id


def without_approval(asked: msgspec.Struct, as_: type[S]) -> S:
    """Return what is asked for without the approval: a PIN is no part of what an act is known by."""
    return msgspec.convert({name: getattr(asked, name) for name in as_.__struct_fields__}, as_)


def who(directory: Directory, actor: Actor) -> WhoIAm:
    """Return who acts, with what they may do here and now."""
    person = directory.staff[actor.id]
    roles = [HeldRole(*each) for each in directory.roles.get(actor.id, ())]
    return WhoIAm(person.id, person.login, person.name, actor.store_id, roles, _rights(actor.grants))


async def _by_pin(ctx: Ctx, staff_id: str, pin: str) -> _Proven:
    """Return the person behind a PIN; refuses `WrongPin` and `Locked`."""
    subject, passwords = pin_subject(staff_id), ctx.part(Passwords)
    with passwords.place():
        found = await ctx.run(_candidate({subject: rules.TRIES}, BY_ID(id=staff_id), at=ctx.now))
        person = found.person
        fits = await passwords.fits(pin, person.pin_hash if person else None)
    if person is None or not fits or not person.active:
        raise WrongPin(tries_left=found.left)
    stands = [PIN_STANDS(id=person.id, seen=person.pin_hash), tries.forget(subject)]
    return _Proven(person, found.roles, stands, WrongPin(tries_left=found.left))


@script
def _candidate(bounds: Mapping[str, int], query: Query[Person], *, at: datetime) -> Steps[_Candidate]:
    """Count a try for each subject of `bounds`, which says how many it takes, and read at whom it aims."""
    made: list[tries.Try] = []
    for subject, most in bounds.items():
        made.append((yield from tries.one_more(subject, most=most, at=at)))
    person = yield from first(query)
    roles = yield from rows(ROLES_OF(staff_id=person.id if person else sessions.NO_SESSION))
    yield [one.count for one in made]
    return _Candidate(person, roles, min(one.left for one in made))


@script
def _right(changes: list[Change], otherwise: Refusal) -> Steps[None]:
    """Write what follows from a secret that was right; refuse `otherwise` where it is no more, or its owner has left."""
    try:
        yield changes
    except GuardBroken as broken:
        if broken.name != "org_staff_secret_stands":
            raise
        raise otherwise from broken


def _signed_in(
    ctx: Ctx,
    session: Session,
    person: Person,
    roles: list[RoleRow],
    grants: tuple[Grant, ...],
    *,
    store_id: str | None = None,
) -> SignedIn:
    held = [HeldRole(row.role, place_of(row)) for row in roles]
    whose = WhoIAm(person.id, person.login, person.name, store_id, held, _rights(grants))
    return SignedIn(ctx.process.tokens.pair(session, at=ctx.now), whose)


def _rights(grants: tuple[Grant, ...]) -> list[Rights]:
    """Return what grants allow together, by store, the whole brand first."""
    by_store: dict[str | None, set[str]] = defaultdict(set)
    for each in grants:
        by_store[each.store_id] |= each.permissions
    return [Rights(store_id, sorted(by_store[store_id])) for store_id in sorted(by_store, key=lambda s: s or "")]
