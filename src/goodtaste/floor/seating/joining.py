"""Joining a seating: the code on the table leads to who sits there now, and the phone gets a token that dies with the seating."""

from __future__ import annotations

import hmac
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from sqlalchemy import func, update

from goodtaste.floor.live import topics
from goodtaste.floor.seating.opening import new_row, opened
from goodtaste.floor.seating.rows import (
    AT_TABLES,
    GUEST,
    GUESTS,
    GUESTS_MAX,
    RULES,
    SEATING,
    GuestRow,
    Seat,
    SeatingRow,
    StoreRules,
    seating_of,
    stays_open,
    still,
)
from goodtaste.floor.seating.tables import guest, seating
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Id, Steps, change, insert, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import IdTaken, derived_id, fingerprint, is_id
from goodtaste.kernel.input import PRINTABLE, Input, Reason
from goodtaste.kernel.secrets import Keyring
from goodtaste.org.api import Store, StoreClosed, Table

PURPOSE = "floor-guest"
COLOURS = 12  # that phones tell each other apart by
TOKEN_MAX = 120  # characters

Nickname = Annotated[str, msgspec.Meta(max_length=24, pattern=PRINTABLE)]


class NotSeated(Refusal):
    """Raised when nobody was seated at a table yet, and the store has its staff open tables.  Facts: `table`."""

    code = "floor.not_seated"


class WhichParty(Refusal):
    """Raised when two parties share a table and the phone does not say to which it belongs.  Facts: `table`, `slots`."""

    code = "floor.which_party"


class TooManyPhones(Refusal):
    """Raised when more phones would join than a seating may have.  Facts: `limit`."""

    code = "floor.too_many_phones"


class NotAtTable(Refusal):
    """Raised for a request from a table without the token that scanning its code gives, or with one that nobody gave."""

    code = "floor.not_at_table"
    status = 401


class Scan(Input, frozen=True):
    """What a phone sends that scanned a table's code; it makes its id anew for each seating.  `slot` says which party of a shared table."""

    id: IdText
    name: Nickname = ""
    slot: Annotated[int, msgspec.Meta(ge=1, le=2)] | None = None


class Joined(msgspec.Struct, frozen=True):
    """A phone that sits at a table: `token` goes into the header `seating-token` of what it asks, until the seating is over."""

    guest_id: str
    seating_id: str
    store_id: str
    table: str
    name: str
    colour: int
    token: str


NEW_GUEST = insert(guest)
IN_NAME_OF = change(
    update(seating)
    .where(seating.c.id == par("id", Id), seating.c.state != "closed")
    .values(member_id=func.coalesce(seating.c.member_id, par("member_id", Id))),
    guard="floor_seating_moved",
)
NEW_TOKENS = change(update(guest).where(guest.c.seating_id == par("seating_id", Id)).values(epoch=guest.c.epoch + 1))


def token(keyring: Keyring, guest_id: str, epoch: int) -> str:
    """Return the token of a phone."""
    mac = hmac.digest(keyring.key(PURPOSE), f"{guest_id}.{epoch}".encode(), "sha256").hex()[:32]
    return f"{guest_id}.{epoch}.{mac}"


def read_token(keyring: Keyring, text: str) -> tuple[str, int]:
    """Return whose token it is, and of which epoch; refuses `NotAtTable` for what this house did not give."""
    guest_id, _, rest = text.partition(".")
    epoch = rest.partition(".")[0]
    known = is_id(guest_id) and epoch.isdecimal() and epoch.isascii() and len(epoch) <= 9
    if not known or not hmac.compare_digest(text.encode(), token(keyring, guest_id, int(epoch)).encode()):
        raise NotAtTable
    return guest_id, int(epoch)


@script
def scan(
    asked: Scan, *, table: Table, store: Store, actor: Actor, keyring: Keyring, today: date, at: datetime
) -> Steps[Joined]:
    """Let a phone join the party at a table, once per `asked.id`; where nobody sits, and the store lets diners, it opens a seating.

    Refuses `NotSeated`, `WhichParty`, `SeatingOver` for the id of a phone whose seating is over, and `TooManyPhones`.
    """
    known, there, rules = yield from together(
        GUEST(id=asked.id), AT_TABLES(table_ids=[table.id]), RULES(store_id=store.id)
    )
    if known:
        return (yield from _again(known[0], there, table, keyring))
    member_id = actor.id if actor.kind == "member" else None
    if not there:
        if not (rules[0] if rules else StoreRules()).diners_open:
            raise NotSeated(table=table.label)
        if not store.is_open(at):
            raise StoreClosed(store_id=store.id)
        seating_id = derived_id(asked.id, "seating")
        row = new_row(seating_id, store.id, party=1, opened_by=asked.id, mark=fingerprint(asked), today=today, at=at)
        row = msgspec.structs.replace(row, member_id=member_id)
        who = GuestRow(asked.id, row.id, asked.name, 0, member_id, 0)
        facts: dict[str, Any] = {"tables": [table.id], "party": 1}
        yield [
            *opened(row, [(table.id, 1)]),
            NEW_GUEST(**msgspec.structs.asdict(who), joined_at=at),
            audit.note(actor, "floor.opened", subject=f"seating/{row.id}", store_id=store.id, at=at, **facts),
        ]
        return _joined(who, table, keyring)
    sits = _which(there, asked.slot, table)
    return (yield from _join(asked, sits, member_id=member_id, table=table, keyring=keyring, at=at))


def _which(there: list[Seat], slot: int | None, table: Table) -> Seat:
    if len(there) == 1 and slot in (None, there[0].slot):
        return there[0]
    found = next((each for each in there if each.slot == slot), None)
    if found is None:
        raise WhichParty(table=table.label, slots=[each.slot for each in there])
    return found


def _join(
    asked: Scan, sits: Seat, *, member_id: str | None, table: Table, keyring: Keyring, at: datetime
) -> Steps[Joined]:
    found, others = yield from together(SEATING(id=sits.seating_id), GUESTS(seating_id=sits.seating_id))
    row = still(found[0])
    if len(others) >= GUESTS_MAX:
        raise TooManyPhones(limit=GUESTS_MAX)
    who = GuestRow(asked.id, row.id, asked.name, len(others) % COLOURS, member_id, 0)
    yield [
        NEW_GUEST(**msgspec.structs.asdict(who), joined_at=at),
        IN_NAME_OF(id=row.id, member_id=member_id) if member_id else stays_open(row.id),
        topics.moved(topics.seating_of(row.id)),
    ]
    return _joined(who, table, keyring)


def _again(who: GuestRow, there: list[Seat], table: Table, keyring: Keyring) -> Steps[Joined]:
    """Answer a phone that scans again: the code is at hand, so it gets the token that holds now."""
    [row] = yield from rows(SEATING(id=who.seating_id))
    still(row)
    if all(each.seating_id != row.id for each in there):
        raise IdTaken(id=who.id)
    return _joined(who, table, keyring)


def _joined(who: GuestRow, table: Table, keyring: Keyring) -> Joined:
    made = token(keyring, who.id, who.epoch)
    return Joined(who.id, who.seating_id, table.store_id, table.label, who.name, who.colour, made)


class Why(Input, frozen=True):
    """Why something is done."""

    reason: Reason


@script
def new_tokens(seating_id: str, asked: Why, *, actor: Actor, at: datetime) -> Steps[SeatingRow]:
    """Take their tokens away from all phones of a seating: who still sits there scans the code again."""
    found = seating_of((yield from rows(SEATING(id=seating_id))), seating_id, actor=actor)
    row = still(found)
    yield [
        NEW_TOKENS(seating_id=seating_id),
        stays_open(seating_id),
        topics.moved(topics.seating_of(seating_id)),
        audit.note(
            actor, "floor.tokens_taken", subject=f"seating/{row.id}", store_id=row.store_id, at=at, reason=asked.reason
        ),
    ]
    return row
