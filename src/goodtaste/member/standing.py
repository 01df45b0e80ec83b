"""What other rooms ask about a member: may they order, what level are they, what program applies."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import Change, Database, Id, Query, Read, par, put
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.snapshot import Snapshot, moved
from goodtaste.member.rules import Program
from goodtaste.member.tables import member, program

SNAPSHOT = "member.program"


class MemberUnknown(Refusal):
    """Raised for a member that does not exist or has been erased.  Facts: `member_id`."""

    code = "member.unknown"
    status = 404


class MemberFrozen(Refusal):
    """Raised when a frozen member would redeem points or coupons; ordering is still allowed.  Facts: `member_id`."""

    code = "member.frozen"
    status = 403


class Standing(msgspec.Struct, frozen=True):
    """A member as an order sees them."""

    id: str
    status: str
    level: str
    nickname: str


class _Program(msgspec.Struct, frozen=True):
    doc: Program


STANDING = Read(
    select(member.c.id, member.c.status, member.c.level, member.c.nickname).where(member.c.id == par("member_id", Id)),
    Standing,
)
PROGRAM = Read(select(program.c.doc).where(program.c.id == 1), _Program)
SET_PROGRAM = put(program, key=["id"])


def standing(member_id: str) -> Query[Standing]:
    """Return the query of a member's standing."""
    return STANDING(member_id=member_id)


def known(found: list[Standing], member_id: str, *, redeems: bool) -> Standing:
    """Return the member of `found`; refuses `MemberUnknown`, and `MemberFrozen` where they would redeem."""
    if not found or found[0].status == "erased":
        raise MemberUnknown(member_id=member_id)
    if redeems and found[0].status == "frozen":
        raise MemberFrozen(member_id=member_id)
    return found[0]


def set_program(program: Program) -> list[Change]:
    """Replace the loyalty program."""
    return [SET_PROGRAM(id=1, doc=msgspec.to_builtins(program)), moved(SNAPSHOT)]


def program_snapshot() -> Snapshot[Program]:
    """Return the snapshot of the program; the defaults where none was set."""

    async def load(db: Database) -> Program:
        found = await db.first(PROGRAM())
        return found.doc if found else Program()

    return Snapshot(SNAPSHOT, load)
