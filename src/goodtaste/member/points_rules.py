"""The program's rules of points, as the head office reads and changes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Steps, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import COUNT_MAX, PRINTABLE, Count, Input, Reason
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.ledger.api import ReturnPolicy
from goodtaste.member.program import ProgramMoved
from goodtaste.member.rules import PointsRules, Program
from goodtaste.member.standing import PROGRAM, SNAPSHOT, program_of, write_program

Limit = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)]


class BadPointsRules(Refusal):
    """Raised for rules of points that contradict themselves.  Facts: `field`, `why` (the code of the reason)."""

    code = "member.bad_points_rules"
    status = 422


class NewPointsRules(Input, frozen=True):
    """What is sent to change the rules of points, all of them, as in `rules.PointsRules`.

    With the `version` of the program that was seen, they are changed only while that is the present one.
    """

    reason: Reason
    return_policy: ReturnPolicy
    notice_days: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=0, le=365)], ...], msgspec.Meta(min_length=1, max_length=8)
    ]
    adjust_alone_max: Limit
    adjust_alone_day_max: Limit
    approval_hours: Annotated[int, msgspec.Meta(ge=1, le=720)]
    gift_max: Limit
    gift_day_max: Limit
    gift_level: Annotated[str, msgspec.Meta(max_length=32, pattern=PRINTABLE)] = ""
    version: Count | None = None


def _checked(asked: NewPointsRules, program: Program) -> PointsRules:
    if len({*asked.notice_days}) != len(asked.notice_days):
        raise BadPointsRules(field="notice_days", why="member.fault.twice")
    if asked.adjust_alone_day_max < asked.adjust_alone_max:
        raise BadPointsRules(field="adjust_alone_day_max", why="member.fault.day_below_alone")
    if asked.gift_day_max < asked.gift_max:
        raise BadPointsRules(field="gift_day_max", why="member.fault.gift_day_below")
    if asked.gift_level and asked.gift_level not in {level.code for level in program.levels}:
        raise BadPointsRules(field="gift_level", why="member.fault.no_level")
    fields = {name: getattr(asked, name) for name in PointsRules.__struct_fields__}
    return PointsRules(**fields | {"notice_days": tuple(sorted(asked.notice_days, reverse=True))})


@script
def change(asked: NewPointsRules, *, actor: Actor, at: datetime) -> Steps[PointsRules]:
    """Change the rules of points; the rest of the program stays as it is, also where it is changed at the same time.

    Refuses `BadPointsRules`, and `ProgramMoved` where the program is not of the version that was seen.
    """
    found, seen = yield from together(PROGRAM(), version_of(SNAPSHOT))
    program = program_of(found)
    after = _checked(asked, program)
    if after == program.points:
        return after
    version = seen[0].n if seen else 0
    if asked.version not in (None, version):
        raise ProgramMoved(version=version)
    note = audit.note(
        actor,
        "member.points_rules_changed",
        subject="program",
        reason=asked.reason,
        at=at,
        **msgspec.to_builtins(after),
    )
    yield [*write_program(msgspec.structs.replace(program, points=after)), moved_from(SNAPSHOT, seen), note]
    return after
