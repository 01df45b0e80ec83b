"""What other rooms ask about a member: may they order, what level are they, what program applies."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, not_, select

from goodtaste.kernel.db import Change, Database, Id, Int, ListOf, Query, Read, Str, change, in_list, par, put
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.snapshot import Snapshot, moved
from goodtaste.member.rules import Program
from goodtaste.member.tables import level_step, member, program

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
    birth_month: int | None
    birth_day: int | None

    @property
    def birthday(self) -> tuple[int, int] | None:
        """Month and day of the birthday, where it was told."""
        return (self.birth_month, self.birth_day) if self.birth_month and self.birth_day else None

    @property
    def segment_ids(self) -> frozenset[str]:
        """The segments the member is in: none, since no room makes any."""
        return frozenset()


class _Program(msgspec.Struct, frozen=True):
    doc: Program


STANDING = Read(
    select(*[member.c[name] for name in Standing.__struct_fields__]).where(member.c.id == par("member_id", Id)),
    Standing,
)
_ALL = select(*[member.c[name] for name in Standing.__struct_fields__])
_AFTER = _ALL.where(member.c.id > par("after", Id), member.c.status != "erased")
STANDINGS = Read(_ALL.where(in_list(member.c.id, par("ids", ListOf))), Standing)
AFTER = Read(_AFTER.order_by(member.c.id).limit(par("limit", Int)), Standing)
AFTER_OF_LEVEL = Read(
    _AFTER.where(member.c.level == par("level", Str)).order_by(member.c.id).limit(par("limit", Int)), Standing
)
PROGRAM = Read(select(program.c.doc).where(program.c.id == 1), _Program)
SET_PROGRAM = put(program, key=["id"])
SET_STEP = put(level_step, key=["code"])
DROP_STEPS = change(delete(level_step).where(not_(in_list(level_step.c.code, par("codes", ListOf)))))


def standings(member_ids: list[str]) -> Query[Standing]:
    """Return the query of the standings of members; who is none is left out."""
    return STANDINGS(ids=member_ids)


def after(member_id: str, *, level: str | None, limit: int) -> Query[Standing]:
    """Return the query of the members that come after one, by their ids, of one level or of all; those who left are not among them."""
    if level is None:
        return AFTER(after=member_id, limit=limit)
    return AFTER_OF_LEVEL(after=member_id, level=level, limit=limit)


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


def program_of(found: list[_Program]) -> Program:
    """Return the program of what `PROGRAM` found; the defaults where none was set."""
    return found[0].doc if found else Program()


def set_program(program: Program) -> list[Change]:
    """Replace the loyalty program."""
    return [*write_program(program), moved(SNAPSHOT)]


def write_program(program: Program) -> list[Change]:
    """Write the loyalty program and its ladder, for who says by other means that the snapshot has moved."""
    return [
        SET_PROGRAM(id=1, doc=msgspec.to_builtins(program)),
        SET_STEP.many([{"code": level.code, "growth_min": level.growth_min} for level in program.levels]),
        DROP_STEPS(codes=[level.code for level in program.levels]),
    ]


def program_snapshot() -> Snapshot[Program]:
    """Return the snapshot of the program; the defaults where none was set."""

    async def load(db: Database) -> Program:
        return program_of(await db.rows(PROGRAM()))

    return Snapshot(SNAPSHOT, load)
