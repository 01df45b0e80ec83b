"""The loyalty program as the head office reads and changes it; levels and the rules of points have routes of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.db import Steps, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Count, Input, Name, Reason
from goodtaste.kernel.snapshot import Version, moved_from, version_of
from goodtaste.member.rules import USUAL_BP, EarnRule, Program
from goodtaste.member.standing import PROGRAM, SNAPSHOT, program_of, write_program
from goodtaste.org.api import Directory
from goodtaste.pricing.api import Policy

DAY_MINUTES = 1_440
COUPONS_MAX = 10  # that one order can name
HUNDRED_YUAN = 10_000  # fen


class BadProgram(Refusal):
    """Raised for a program that contradicts itself.  Facts: `field`, `why` (the code of the reason)."""

    code = "member.bad_program"
    status = 422


class ProgramMoved(Refusal):
    """Raised when the program was changed since it was looked at.  Facts: `version`, the present one."""

    code = "member.program_moved"


class ProgramTerms(Input, frozen=True):
    """What the program says besides levels and rules of points; each field as in `rules.Program`."""

    earn_points_per_100_yuan: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    earn_rules: Annotated[tuple[EarnRule, ...], msgspec.Meta(max_length=20)]
    fen_per_100_points: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    offset_cap_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000, description="Ten-thousandths: 1000 is a tenth")]
    points_valid_days: Annotated[int, msgspec.Meta(ge=1, le=3_660)]
    hold_minutes: Annotated[int, msgspec.Meta(ge=1, le=DAY_MINUTES)]
    bill_hold_minutes: Annotated[int, msgspec.Meta(ge=1, le=2 * DAY_MINUTES)]
    coupons_each_order: Annotated[int, msgspec.Meta(ge=1, le=COUPONS_MAX)]
    refund_policy: Policy
    favourite_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000, description="Ten-thousandths: 1000 is a tenth")]
    favourites_max: Annotated[int, msgspec.Meta(ge=0, le=50)]
    favourite_days: Annotated[int, msgspec.Meta(ge=0, le=366)]
    zone: Name
    day_start_minute: Annotated[int, msgspec.Meta(ge=0, le=DAY_MINUTES - 1)]


class ProgramView(ProgramTerms, frozen=True):
    """The program, and the version of it that a change must name."""

    version: int


class ProgramChange(ProgramTerms, frozen=True):
    """What is sent to change the program: all of its terms, the version that was seen, and why."""

    version: Count
    reason: Reason


TERMS = ProgramTerms.__struct_fields__


def _terms(of: Program | ProgramTerms) -> dict[str, Any]:
    return {name: getattr(of, name) for name in TERMS}


def _view(seen: list[Version], program: Program) -> ProgramView:
    return ProgramView(version=seen[0].n if seen else 0, **_terms(program))


def _check(asked: ProgramTerms, program: Program, directory: Directory) -> None:
    for rule in asked.earn_rules:
        for store_id in rule.store_ids:
            directory.store(store_id)
    try:
        zone_of(asked.zone)
    except ValueError as error:
        raise BadProgram(field="zone", why="member.fault.no_zone") from error
    if asked.bill_hold_minutes < asked.hold_minutes:
        raise BadProgram(field="bill_hold_minutes", why="member.fault.hold_below")
    best_bp = max(level.earn_bp for level in program.levels)
    for times_bp, field in [(USUAL_BP, "earn_points_per_100_yuan"), *_times(asked)]:
        points = asked.earn_points_per_100_yuan * best_bp * times_bp // USUAL_BP
        back_fen = points * asked.fen_per_100_points // (USUAL_BP * 100)
        if back_fen > HUNDRED_YUAN:
            raise BadProgram(field=field, why="member.fault.gives_back", back_fen=back_fen)


def _times(asked: ProgramTerms) -> list[tuple[int, str]]:
    return [(each.times_bp, f"earn_rules.{n}.times_bp") for n, each in enumerate(asked.earn_rules)]


@script
def read() -> Steps[ProgramView]:
    """Return the program with its version."""
    seen, found = yield from together(version_of(SNAPSHOT), PROGRAM())
    return _view(seen, program_of(found))


@script
def change(asked: ProgramChange, *, directory: Directory, actor: Actor, at: datetime) -> Steps[ProgramView]:
    """Change the program from the version that was seen; orders that are placed keep what they were placed by.

    Refuses `BadProgram`, `StoreUnknown`, and `ProgramMoved` where it, the levels or the rules of points were changed since; the same
    again changes nothing.
    """
    actor.need("program.edit")
    seen, found = yield from together(version_of(SNAPSHOT), PROGRAM())
    program = program_of(found)
    now = _view(seen, program)
    terms, before = _terms(asked), _terms(program)
    changed = {name: terms[name] for name in TERMS if terms[name] != before[name]}
    if not changed:
        return now
    if asked.version != now.version:
        raise ProgramMoved(version=now.version)
    _check(asked, program, directory)
    was = {name: before[name] for name in changed}
    yield [
        *write_program(msgspec.structs.replace(program, **terms)),
        moved_from(SNAPSHOT, seen),
        audit.note(
            actor, "member.program_changed", subject="program", reason=asked.reason, at=at, before=was, after=changed
        ),
    ]
    return ProgramView(version=now.version + 1, **terms)
