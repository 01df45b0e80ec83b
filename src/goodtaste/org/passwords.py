"""Passwords and PINs: kept as argon2id hashes, checked a few at a time in threads, changed by their owner or the head office."""

from __future__ import annotations

import asyncio
import contextlib
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit, sessions
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Id, Overloaded, Read, Steps, Str, change, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END
from goodtaste.kernel.input import PRINTABLE, Input
from goodtaste.kernel.secrets import Keyring, hash_password, new_token, password_fits
from goodtaste.org import rules, tries
from goodtaste.org.tables import staff

AT_ONCE = 2  # checks under way in a process: each takes a core for a tenth of a second, and 64 MB
PLACES = 128  # people who wait for one, or have it; more are turned away

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=rules.PASSWORD_MAX, pattern=PRINTABLE)]
Pin = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}" + END, description="Six digits")]


class StaffUnknown(Refusal):
    """Raised for a person of the staff who does not exist.  Facts: `staff_id`."""

    code = "org.staff_unknown"
    status = 404


class WeakPassword(Refusal):
    """Raised for a password that is too easy.  Facts: `missing` (`length`, `variety`, `login`, `new`), `at_least`."""

    code = "org.weak_password"
    status = 422


class WeakPin(Refusal):
    """Raised for a PIN that people guess, such as 123456."""

    code = "org.weak_pin"
    status = 422


class WrongPassword(Refusal):
    """Raised when one's present password, asked again before a change, is wrong.  Facts: `tries_left`."""

    code = "org.wrong_password"
    status = 403


class ChangedMeanwhile(Refusal):
    """Raised when a person's password was changed by another act while this one was under way."""

    code = "org.changed_meanwhile"
    guards = ("org_staff_password_seen",)


class ChangePassword(Input, frozen=True):
    """What a person sends to change their own password."""

    old_password: Password
    password: Password


class ChangePin(Input, frozen=True):
    """What a person sends to set their own PIN, with their password again."""

    password: Password
    pin: Pin


class GivePassword(Input, frozen=True):
    """What the head office sends to give a person another password."""

    password: Password


class GivePin(Input, frozen=True):
    """What the head office sends to give a person another PIN."""

    pin: Pin


class Person(msgspec.Struct, frozen=True):
    """A person of the staff with the hashes of their secrets; never shown."""

    id: str
    login: str
    name: str
    active: bool
    password_hash: str
    pin_hash: str | None


_COLUMNS = [staff.c[name] for name in Person.__struct_fields__]
BY_ID = Read(select(*_COLUMNS).where(staff.c.id == par("id", Id)), Person)
BY_LOGIN = Read(select(*_COLUMNS).where(staff.c.login == par("login", Str)), Person)
SET_PASSWORD = change(
    update(staff)
    .where(staff.c.id == par("id", Id), staff.c.password_hash == par("seen", Str))
    .values(password_hash=par("password_hash", Str)),
    guard="org_staff_password_seen",
)
SET_PIN = change(
    update(staff)
    .where(staff.c.id == par("id", Id), staff.c.password_hash == par("seen", Str))
    .values(pin_hash=par("pin_hash", Str)),
    guard="org_staff_password_seen",
)


class Passwords:
    """The part of a process that hashes and checks passwords and PINs without holding anybody else up."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._inside = 0
        self._nobody = hash_password(new_token())

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Take a place in the row for as long as the block runs; raises `Overloaded` where there is none, and nothing was counted."""
        if self._inside >= PLACES:
            raise Overloaded
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def hash(self, secret: str) -> str:
        """Return the hash of a password or PIN."""
        async with self._turns:
            return await asyncio.to_thread(hash_password, _plain(secret))

    async def fits(self, secret: str, stored: str | None) -> bool:
        """Tell whether `secret` is the one behind `stored`.  Where there is none it takes as long, and is not."""
        async with self._turns:
            fits = await asyncio.to_thread(password_fits, _plain(secret), stored or self._nobody)
        return fits and stored is not None


def _plain(secret: str) -> str:
    """Return a secret as every keyboard would have written it (NFKC): full-width letters are letters."""
    return unicodedata.normalize("NFKC", secret)


def login_subject(keyring: Keyring, login: str) -> str:
    """Return what tries at a login are counted for; hashed, since people type passwords into the wrong field."""
    return "login:" + keyring.blind_index(login, purpose="org.login-tries")


def pin_subject(staff_id: str) -> str:
    """Return what tries at a person's PIN are counted for."""
    return f"pin:{staff_id}"


def own_subject(staff_id: str) -> str:
    """Return what tries at one's own password, while signed in, are counted for."""
    return f"own:{staff_id}"


def strong(password: str, *, login: str) -> None:
    """Refuse `WeakPassword` for one that is too easy."""
    missing = rules.password_faults(_plain(password), login=login)
    if missing:
        raise WeakPassword(missing=missing, at_least=rules.PASSWORD_MIN)


def strong_pin(pin: str) -> None:
    """Refuse `WeakPin` for one that people guess."""
    if rules.is_weak_pin(pin):
        raise WeakPin


async def change_password(asked: ChangePassword, *, ctx: Ctx) -> None:
    """Change one's own password; every other device is signed out.  Refuses `WrongPassword`, `Locked`, `WeakPassword`."""
    person = await _prove(ctx, asked.old_password)
    strong(asked.password, login=person.login)
    if asked.password == asked.old_password:
        raise WeakPassword(missing=["new"], at_least=rules.PASSWORD_MIN)
    await _store_password(ctx, person, asked.password, action="org.password_changed", but=ctx.actor.session_id)


async def give_password(staff_id: str, asked: GivePassword, *, ctx: Ctx) -> None:
    """Give a person another password; they are signed out everywhere and may try again at once.  Refuses `WeakPassword`."""
    ctx.actor.need("staff.edit")
    person = await _known(ctx, staff_id)
    strong(asked.password, login=person.login)
    await _store_password(ctx, person, asked.password, action="org.password_given", but="")


async def change_pin(asked: ChangePin, *, ctx: Ctx) -> None:
    """Set one's own PIN.  Refuses `WrongPassword`, `Locked`, `WeakPin`."""
    strong_pin(asked.pin)
    person = await _prove(ctx, asked.password)
    await _store_pin(ctx, person, asked.pin, action="org.pin_changed")


async def give_pin(staff_id: str, asked: GivePin, *, ctx: Ctx, hashed: str = "") -> None:
    """Give a person another PIN; `hashed` is its hash where the caller has made it.  Refuses `WeakPin`."""
    ctx.actor.need("staff.edit")
    strong_pin(asked.pin)
    await _store_pin(ctx, await _known(ctx, staff_id), asked.pin, action="org.pin_given", hashed=hashed)


async def _known(ctx: Ctx, staff_id: str) -> Person:
    person = await ctx.db.first(BY_ID(id=staff_id))
    if person is None:
        raise StaffUnknown(staff_id=staff_id)
    return person


async def _prove(ctx: Ctx, password: str) -> Person:
    """Return who acts, after their password was right; refuses `WrongPassword`, and `Locked` after too many tries."""
    passwords, staff_id = ctx.part(Passwords), ctx.actor.id
    with passwords.place():
        left = await ctx.run(_count(own_subject(staff_id), at=ctx.now))
        person = await _known(ctx, staff_id)
        if not await passwords.fits(password, person.password_hash):
            raise WrongPassword(tries_left=left)
    return person


@script
def _count(subject: str, *, at: datetime) -> Steps[int]:
    one = yield from tries.one_more(subject, at=at)
    yield [one.count]
    return one.left


async def _store_password(ctx: Ctx, person: Person, password: str, *, action: str, but: str) -> None:
    passwords = ctx.part(Passwords)
    with passwords.place():
        hashed = await passwords.hash(password)
    changes = [
        SET_PASSWORD(id=person.id, seen=person.password_hash, password_hash=hashed),
        tries.forget(own_subject(person.id)),
        tries.forget_everywhere(login_subject(ctx.process.keyring, person.login)),
        *sessions.end_all(person.id, but=but, reason="another password", at=ctx.now),
        audit.note(ctx.actor, action, subject=f"staff/{person.id}", at=ctx.now),
    ]
    await ctx.run(_store(changes))


async def _store_pin(ctx: Ctx, person: Person, pin: str, *, action: str, hashed: str = "") -> None:
    passwords = ctx.part(Passwords)
    with passwords.place():
        hashed = hashed or await passwords.hash(pin)
    changes = [
        SET_PIN(id=person.id, seen=person.password_hash, pin_hash=hashed),
        tries.FORGET.many([{"subject": own_subject(person.id)}, {"subject": pin_subject(person.id)}]),
        audit.note(ctx.actor, action, subject=f"staff/{person.id}", at=ctx.now),
    ]
    await ctx.run(_store(changes))


@script
def _store(changes: list[Change]) -> Steps[None]:
    yield changes
