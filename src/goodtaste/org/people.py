"""The staff: who works here, in which roles, at which stores.  Only the head office changes it; each change is in the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import delete, select, update

from goodtaste.kernel import audit, sessions
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Flag, Id, Read, Steps, Str, change, insert, par, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END, IdTaken, fingerprint
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Name
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.org import rules, stores
from goodtaste.org.directory import Directory, RoleRow, place_of
from goodtaste.org.passwords import BY_ID, BY_LOGIN, Password, Passwords, Person, StaffUnknown, strong
from goodtaste.org.rules import Role
from goodtaste.org.tables import EVERY_STORE, SNAPSHOT, staff, staff_role

ADMIN: Role = "hq_admin"
PAGE_MAX = 200


class LoginTaken(Refusal):
    """Raised when another person has the login.  Facts: `login`."""

    code = "org.login_taken"
    guards = ("org_staff_login_key",)


class LastAdmin(Refusal):
    """Raised when nobody would be left who may do everything in the whole brand.  Facts: `staff_id`."""

    code = "org.last_admin"


class NewPerson(Input, frozen=True):
    """What makes an account.  It gives no right until a role is given."""

    id: IdText
    login: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{2,31}" + END)]
    name: Name
    password: Password


class RoleAt(Input, frozen=True):
    """A role at a store, or, without one, in the whole brand."""

    role: Role
    store_id: IdText | None = None


class HeldRole(msgspec.Struct, frozen=True):
    """A role that somebody has; `store_id` is None in the whole brand."""

    role: str
    store_id: str | None


class PersonView(msgspec.Struct, frozen=True):
    """A person of the staff, with the roles that the reader may see."""

    id: str
    login: str
    name: str
    active: bool
    roles: list[HeldRole]


class _Id(msgspec.Struct, frozen=True):
    id: str


class Hired(msgspec.Struct, frozen=True):
    """An account that was made now, or before under the same id, with the hash of its present password."""

    id: str
    password_hash: str
    fresh: bool


_ROLE = [staff_role.c[name] for name in RoleRow.__struct_fields__]
NEW = insert(staff)
ROLES_OF = Read(
    select(*_ROLE)
    .where(staff_role.c.staff_id == par("staff_id", Id))
    .order_by(staff_role.c.role, staff_role.c.store_id),
    RoleRow,
)
OTHER_ADMINS = Read(
    select(staff.c.id)
    .join_from(staff, staff_role, staff_role.c.staff_id == staff.c.id)
    .where(
        staff_role.c.role == ADMIN,
        staff_role.c.store_id == EVERY_STORE,
        staff.c.active.is_(True),
        staff.c.id != par("staff_id", Id),
    )
    .limit(1),
    _Id,
)
GIVE = insert(staff_role)
TAKE = change(
    delete(staff_role).where(
        staff_role.c.staff_id == par("staff_id", Id),
        staff_role.c.role == par("role", Str),
        staff_role.c.store_id == par("store_id", Id),
    )
)
SWITCH = change(update(staff).where(staff.c.id == par("id", Id)).values(active=par("active", Flag)))


async def hire(asked: NewPerson, *, ctx: Ctx, hashed: str = "") -> None:
    """Make an account, once per `asked.id`; `hashed` is the hash of the password where the caller has made it.

    Refuses `WeakPassword`, `LoginTaken`, and `IdTaken` for the id with another password.
    """
    ctx.actor.need("staff.edit")
    strong(asked.password, login=asked.login)
    passwords = ctx.part(Passwords)
    with passwords.place():
        hashed = hashed or await passwords.hash(asked.password)
        hired = await ctx.run(_hire(asked, password_hash=hashed, actor=ctx.actor, at=ctx.now))
        if not hired.fresh and not await passwords.fits(asked.password, hired.password_hash):
            raise IdTaken(id=asked.id)


@script
def _hire(asked: NewPerson, *, password_hash: str, actor: Actor, at: datetime) -> Steps[Hired]:
    mark = fingerprint([asked.login, asked.name])  # a quick hash must not hold the password
    seen, before, found, same_login = yield from together(
        version_of(SNAPSHOT), made_before(asked.id), BY_ID(id=asked.id), BY_LOGIN(login=asked.login)
    )
    if is_same(before, mark):
        return Hired(asked.id, _known(found, asked.id).password_hash, fresh=False)
    if found:
        raise IdTaken(id=asked.id)
    if same_login:
        raise LoginTaken(login=asked.login)
    person = Person(asked.id, asked.login, asked.name, True, password_hash, None)
    yield [
        moved_from(SNAPSHOT, seen),
        NEW(**msgspec.structs.asdict(person)),
        remember(asked.id, mark),
        audit.note(actor, "org.staff_hired", subject=f"staff/{asked.id}", at=at, login=asked.login, name=asked.name),
    ]
    return Hired(asked.id, password_hash, fresh=True)


@script
def give_role(staff_id: str, asked: RoleAt, *, actor: Actor, at: datetime) -> Steps[None]:
    """Give a person a role at a store or in the whole brand; one that they have stays.  Refuses `StaffUnknown`, `StoreUnknown`."""
    actor.need("staff.edit")
    seen, found, roles, where = yield from together(
        version_of(SNAPSHOT),
        BY_ID(id=staff_id),
        ROLES_OF(staff_id=staff_id),
        stores.ONE(id=asked.store_id or EVERY_STORE),
    )
    _known(found, staff_id)
    if asked.store_id is not None:
        stores.known(where, asked.store_id)
    if _has(roles, asked):
        return
    yield [
        moved_from(SNAPSHOT, seen),
        GIVE(staff_id=staff_id, role=asked.role, store_id=asked.store_id or EVERY_STORE),
        _role_note(actor, "org.role_given", staff_id, asked, at=at),
    ]


@script
def take_role(staff_id: str, asked: RoleAt, *, actor: Actor, at: datetime) -> Steps[None]:
    """Take a role from a person; one that they have not is gone already.  Refuses `StaffUnknown`, `LastAdmin`."""
    actor.need("staff.edit")
    seen, found, roles, admins = yield from together(
        version_of(SNAPSHOT), BY_ID(id=staff_id), ROLES_OF(staff_id=staff_id), OTHER_ADMINS(staff_id=staff_id)
    )
    person = _known(found, staff_id)
    if not _has(roles, asked):
        return
    if person.active and asked == RoleAt(role=ADMIN) and not admins:
        raise LastAdmin(staff_id=staff_id)
    yield [
        moved_from(SNAPSHOT, seen),
        TAKE(staff_id=staff_id, role=asked.role, store_id=asked.store_id or EVERY_STORE),
        _role_note(actor, "org.role_taken", staff_id, asked, at=at),
    ]


@script
def switch(staff_id: str, *, active: bool, reason: str, actor: Actor, at: datetime) -> Steps[None]:
    """Deactivate a person, or take them back: all their sessions end, and their roles stay for when they come back.

    Refuses `StaffUnknown`, and `LastAdmin` for the last person who may do everything.
    """
    actor.need("staff.edit")
    seen, found, roles, admins = yield from together(
        version_of(SNAPSHOT), BY_ID(id=staff_id), ROLES_OF(staff_id=staff_id), OTHER_ADMINS(staff_id=staff_id)
    )
    if _known(found, staff_id).active is active:
        return
    if not active and not admins and _has(roles, RoleAt(role=ADMIN)):
        raise LastAdmin(staff_id=staff_id)
    action = "org.staff_reactivated" if active else "org.staff_deactivated"
    yield [
        moved_from(SNAPSHOT, seen),
        SWITCH(id=staff_id, active=active),
        *sessions.end_all(staff_id, reason="deactivated" if not active else "taken back", at=at),
        audit.note(actor, action, subject=f"staff/{staff_id}", reason=reason, at=at),
    ]


def shown(directory: Directory, staff_id: str, *, reader: Actor) -> PersonView:
    """Return a person with the roles that `reader` may see; refuses `StaffUnknown` for who has none of those."""
    person = directory.staff.get(staff_id)
    roles = _in_sight(directory, staff_id, reader)
    if person is None or not (roles or reader.can("staff.read")):
        raise StaffUnknown(staff_id=staff_id)
    return PersonView(person.id, person.login, person.name, person.active, roles)


def page(
    directory: Directory,
    *,
    store_id: str | None,
    q: str = "",
    role: Role | None = None,
    active: bool | None = None,
    after: str | None,
    limit: int,
    reader: Actor,
) -> list[PersonView]:
    """Return the next `limit` people by login after the login `after`, each with the roles that `reader` may see; or those whose login or
    name holds `q`, who have a role, who are active or are not.

    Who may read the staff of a store sees those who have a role there; who may in the whole brand sees everybody.  With `store_id` only
    those with a role at that store; refuses `StoreUnknown`, and `NotAllowed` where `reader` may not read them.
    """
    if store_id:
        directory.store(store_id)
        reader.need("staff.read", store_id=store_id)
    found: list[PersonView] = []
    for person in directory.staff.values():  # in the order of their logins
        roles = _in_sight(directory, person.id, reader)
        sought = any(role.store_id == store_id for role in roles) if store_id else roles or reader.can("staff.read")
        fits = (
            rules.holds(q, person.login, person.name)
            and active in (None, person.active)
            and (role is None or role in {each.role for each in roles})
        )
        if sought and fits and person.login > (after or ""):
            found.append(PersonView(person.id, person.login, person.name, person.active, roles))
        if len(found) == limit:
            break
    return found


def _in_sight(directory: Directory, staff_id: str, reader: Actor) -> list[HeldRole]:
    return [HeldRole(*each) for each in directory.roles.get(staff_id, ()) if reader.can("staff.read", store_id=each[1])]


def _known(found: list[Person], staff_id: str) -> Person:
    if not found:
        raise StaffUnknown(staff_id=staff_id)
    return found[0]


def _has(roles: list[RoleRow], asked: RoleAt) -> bool:
    return any((row.role, place_of(row)) == (asked.role, asked.store_id) for row in roles)


def _role_note(actor: Actor, action: str, staff_id: str, asked: RoleAt, *, at: datetime) -> Change:
    return audit.note(actor, action, subject=f"staff/{staff_id}", store_id=asked.store_id, at=at, role=asked.role)
