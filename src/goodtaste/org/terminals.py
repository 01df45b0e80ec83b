"""Terminals: paired once with a short code, each with a session of its own; a lost one is revoked and stops at its next contact."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from sqlalchemy import delete, select, update

from goodtaste.kernel import audit, sessions
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Id, Moment, Read, Steps, Str, change, first, insert, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, new_id
from goodtaste.kernel.input import PRINTABLE, Input, Name
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.secrets import Keyring, new_code
from goodtaste.kernel.sessions import Session, TokenPair
from goodtaste.kernel.snapshot import moved
from goodtaste.kernel.source import network_of
from goodtaste.org import rules, stores, tries
from goodtaste.org.directory import Directory, Terminal
from goodtaste.org.tables import SNAPSHOT, pairing, terminal

CODE_SYMBOLS = 8  # 40 random bits for ten minutes
CODE_TTL = timedelta(minutes=10)
FAILURES_MAX = 20  # wrong codes from one network, then it waits; a store's devices share one address
PAGE_MAX = 200
STAFF_MAX = 200  # people shown at a terminal

Kind = Literal["pos", "kiosk", "kitchen", "board", "menu", "waiter", "node"]


class PairingUnknown(Refusal):
    """Raised for a pairing code that does not exist, was used, or ran out."""

    code = "org.pairing_unknown"
    status = 404


class TerminalUnknown(Refusal):
    """Raised for a terminal that does not exist.  Facts: `terminal_id`."""

    code = "org.terminal_unknown"
    status = 404


class NewPairing(Input, frozen=True):
    """What a person sends to get a pairing code for a device."""

    store_id: IdText
    kind: Kind


class Pair(Input, frozen=True):
    """What a device sends to be paired.  The id is its own; a name such as `前台 1` tells people which it is."""

    id: IdText
    code: Annotated[str, msgspec.Meta(max_length=16, pattern=PRINTABLE)]
    name: Name


class PairingCode(msgspec.Struct, frozen=True):
    """A code to be typed into a device, once, before `expires_at`."""

    code: str
    store_id: str
    kind: str
    expires_at: datetime


class TerminalView(msgspec.Struct, frozen=True):
    """A paired device as people see it."""

    id: str
    store_id: str
    kind: str
    name: str
    revoked_at: datetime | None


class Paired(msgspec.Struct, frozen=True):
    """The tokens of a device, and what it is."""

    tokens: TokenPair
    terminal: TerminalView


class Colleague(msgspec.Struct, frozen=True):
    """Somebody who may sign in by PIN at a terminal."""

    id: str
    name: str


class _Pairing(msgspec.Struct, frozen=True):
    store_id: str
    kind: str
    made_by: str
    expires_at: datetime


_TERMINAL = [terminal.c[name] for name in Terminal.__struct_fields__]
NEW_PAIRING = insert(pairing)
PAIRING = Read(
    select(*[pairing.c[name] for name in _Pairing.__struct_fields__]).where(
        pairing.c.code_hash == par("code_hash", Str), pairing.c.expires_at > par("at", Moment)
    ),
    _Pairing,
)
USE = change(delete(pairing).where(pairing.c.code_hash == par("code_hash", Str)), guard="org_pairing_unused")
FORGET_OLD = change(delete(pairing).where(pairing.c.expires_at < par("before", Moment)))
NEW = insert(terminal)
ONE = Read(select(*_TERMINAL).where(terminal.c.id == par("id", Id)), Terminal)
REVOKE = change(
    update(terminal)
    .where(terminal.c.id == par("id", Id), terminal.c.revoked_at.is_(None))
    .values(revoked_at=par("at", Moment)),
    guard="org_terminal_paired",
)


@script
def open_pairing(asked: NewPairing, *, keyring: Keyring, actor: Actor, at: datetime) -> Steps[PairingCode]:
    """Make a code with which one device can be paired.  Refuses `StoreUnknown`."""
    actor.need("terminal.pair", store_id=asked.store_id)
    stores.known((yield from rows(stores.ONE(id=asked.store_id))), asked.store_id)
    code, expires_at = new_code(CODE_SYMBOLS), at + CODE_TTL
    yield [
        NEW_PAIRING(
            code_hash=_hash(keyring, code),
            store_id=asked.store_id,
            kind=asked.kind,
            made_by=actor.id,
            expires_at=expires_at,
        ),
        audit.note(
            actor,
            "org.pairing_opened",
            subject=f"store/{asked.store_id}",
            store_id=asked.store_id,
            at=at,
            terminal_kind=asked.kind,
        ),
    ]
    return PairingCode(f"{code[:4]}-{code[4:]}", asked.store_id, asked.kind, expires_at)


async def pair(asked: Pair, *, address: str, ctx: Ctx) -> Paired:
    """Pair the device that sends a code, once per `asked.id`: sent again before it did anything else it gets its tokens again.

    Refuses `PairingUnknown`, and `Locked` after too many wrong codes from the network of `address`.
    """
    found = await ctx.run(_pair(asked, network=network_of(address), keyring=ctx.process.keyring, at=ctx.now))
    if found is None:
        raise PairingUnknown
    device, session = found
    return Paired(ctx.process.tokens.pair(session, at=ctx.now), view(device))


@script
def _pair(asked: Pair, *, network: str, keyring: Keyring, at: datetime) -> Steps[tuple[Terminal, Session] | None]:
    """Pair a device; None for a code that is wrong, which is counted."""
    code = asked.code.upper().replace("-", "").replace(" ", "")
    mark, hashed = fingerprint([code, asked.name]), _hash(keyring, code)
    subject = "pair:" + keyring.blind_index(network, purpose="org.pairing-network")
    one = yield from tries.one_more(subject, most=FAILURES_MAX, at=at)
    before, there, codes = yield from together(
        made_before(asked.id), ONE(id=asked.id), PAIRING(code_hash=hashed, at=at)
    )
    if is_same(before, mark):
        session = yield from first(sessions.ONE(id=there[0].session_id))
        if session and session.ended_at is None and not session.rotations and at - session.started_at <= CODE_TTL:
            return there[0], session
    if before or not codes:
        yield [one.count]
        return None
    session, started = sessions.start(
        session_id=new_id(), kind="terminal", subject_id=asked.id, device=asked.name, at=at
    )
    made = Terminal(asked.id, codes[0].store_id, codes[0].kind, asked.name, session.id, None)
    yield [
        USE(code_hash=hashed),
        tries.forget(subject),
        NEW(**msgspec.structs.asdict(made), paired_by=codes[0].made_by, paired_at=at),
        remember(asked.id, mark),
        started,
        moved(SNAPSHOT),
        audit.note(
            Actor("terminal", made.id),
            "org.terminal_paired",
            subject=f"terminal/{made.id}",
            store_id=made.store_id,
            at=at,
            paired_by=codes[0].made_by,
            name=made.name,
        ),
    ]
    return made, session


@script
def revoke(terminal_id: str, *, reason: str, actor: Actor, at: datetime) -> Steps[TerminalView]:
    """Revoke a terminal: its session ends, and that of whoever is signed in at it.  Refuses `TerminalUnknown`."""
    found = yield from first(ONE(id=terminal_id))
    if found is None:
        raise TerminalUnknown(terminal_id=terminal_id)
    actor.need("terminal.pair", store_id=found.store_id)
    if found.revoked_at is not None:
        return view(found)
    yield [
        REVOKE(id=terminal_id, at=at),
        *sessions.end_at_terminal(terminal_id, also=[found.session_id], reason="terminal revoked", at=at),
        moved(SNAPSHOT),
        audit.note(
            actor,
            "org.terminal_revoked",
            subject=f"terminal/{terminal_id}",
            store_id=found.store_id,
            reason=reason,
            at=at,
        ),
    ]
    return view(msgspec.structs.replace(found, revoked_at=at))


def view(found: Terminal) -> TerminalView:
    """Return a terminal as people see it."""
    return TerminalView(found.id, found.store_id, found.kind, found.name, found.revoked_at)


def page(
    directory: Directory,
    *,
    store_id: str | None,
    q: str = "",
    kind: Kind | None = None,
    revoked: bool | None = None,
    before: str | None,
    limit: int,
    reader: Actor,
) -> list[TerminalView]:
    """Return the terminals that `reader` may pair and revoke, the newest first, those older than `before`; or only those of a store, of a
    kind, that are revoked or are not, whose name holds `q`.
    """
    if store_id:
        directory.store(store_id)
        reader.need("terminal.pair", store_id=store_id)
    return [
        view(each)
        for each in sorted(directory.terminals.values(), key=lambda each: each.id, reverse=True)
        if each.store_id == (store_id or each.store_id)
        and reader.can("terminal.pair", store_id=each.store_id)
        and each.kind == (kind or each.kind)
        and revoked in (None, each.revoked_at is not None)
        and rules.holds(q, each.name)
        and (before is None or each.id < before)
    ][:limit]


def approvers(directory: Directory, store_id: str, *, permission: str, but: str) -> list[Colleague]:
    """Return who may do something at a store, and so approve it for others, `but` one person; at most `STAFF_MAX`, by login."""
    directory.store(store_id)
    return [
        Colleague(person.id, person.name)
        for person in directory.staff.values()
        if person.active
        and person.id != but
        and any(
            permission in grant.permissions and grant.store_id in (None, store_id)
            for grant in directory.grants.get(person.id, ())
        )
    ][:STAFF_MAX]


def colleagues(directory: Directory, store_id: str) -> list[Colleague]:
    """Return who may sign in by PIN at a terminal of a store, at most `STAFF_MAX`: who works there by login, then the whole brand's."""
    here: list[Colleague] = []
    anywhere: list[Colleague] = []
    for person in directory.staff.values():
        places = {grant.store_id for grant in directory.grants.get(person.id, ())} if person.active else set()
        if store_id in places:
            here.append(Colleague(person.id, person.name))
        elif None in places:
            anywhere.append(Colleague(person.id, person.name))
    return [*here, *anywhere][:STAFF_MAX]


def _hash(keyring: Keyring, code: str) -> str:
    """Return what is kept of a code: keyed, since 40 bits alone could be tried through by whoever reads the table."""
    return keyring.blind_index(code, purpose="org.pairing")
