"""Pure rules of levels: which one grants give, what a night does to an earned one, how far it is to keep it."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec

from goodtaste.kernel.calendar import months_later
from goodtaste.kernel.ids import END
from goodtaste.member.rules import Level, LevelTerms, Program, level_for

LEVELS_MAX = 12
GROWTH_SANE = 1_000_000  # yuan that somebody might pay in a year
EARN_LEAST_BP, EARN_MOST_BP = 1_000, 100_000  # a tenth of the base rate, ten times it
SHORTEST_MONTH = 28

Source = Literal["earned", "paid", "staff"]
LevelCode = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,23}" + END)]


class LevelGrant(msgspec.Struct, frozen=True):
    """What lifts a member to a level from `from_at` on, until `until_at` (None: until it is ended).

    An earned one has its dates: `review_on` is the first day after its period, `next_on` the first night that looks at it, `warned_on`
    the day on which the member was told that it will be lost.
    """

    id: str
    member_id: str
    source: Source
    level: str
    from_at: datetime
    until_at: datetime | None
    review_on: date | None
    warned_on: date | None
    next_on: date | None
    ended_at: datetime | None
    given_by: str

    def holds(self, at: datetime) -> bool:
        """Tell whether it lifts at `at`: from_at <= at < until_at, and nobody has ended it."""
        return self.ended_at is None and self.from_at <= at and (self.until_at is None or at < self.until_at)


class Verdict(msgspec.Struct, frozen=True):
    """What a night does to an earned level: keeps it for another period, warns of its loss, or lets it fall to `level`."""

    act: Literal["keep", "warn", "fall"]
    level: Level


class Keeping(msgspec.Struct, frozen=True):
    """What it takes to keep the earned level: growth of `growth_keep` on `review_on`, or until it is lost on `drops_on`.

    `percent` of that growth is there.  `drops_on` is the first day without the level, None while the member was not told of a loss.
    """

    level: str
    growth_keep: int
    missing_growth: int
    percent: int
    review_on: date
    drops_on: date | None


def effective(grants: Sequence[LevelGrant], *, program: Program, at: datetime) -> Level:
    """Return the highest level that grants give at `at`: the lowest of the plan where they give none."""
    return highest([each for each in grants if each.holds(at)], program=program)


def highest(grants: Sequence[LevelGrant], *, program: Program) -> Level:
    """Return the highest level of `grants`, whenever they hold; the lowest of the plan where there is none."""
    held = [program.level(each.level) for each in grants]
    return max([program.levels[0], *held], key=lambda level: level.growth_min)


def earned_among(grants: Sequence[LevelGrant]) -> LevelGrant | None:
    """Return the grant that was earned and is not over."""
    return next((each for each in grants if each.source == "earned" and each.ended_at is None), None)


def period_from(today: date, terms: LevelTerms) -> tuple[date, date]:
    """Return when a level that is reached or kept `today` is reviewed, and the first night that looks at it."""
    review_on = months_later(today, terms.hold_months)
    return review_on, review_on - timedelta(days=terms.notice_days)


def drops_on(review_on: date, warned_on: date, terms: LevelTerms) -> date:
    """Return the first day without a level of whose loss the member was told on `warned_on`."""
    return max(review_on + timedelta(days=terms.grace_days), warned_on + timedelta(days=terms.notice_days))


def tonight(grant: LevelGrant, *, growth: int, program: Program, on: date) -> Verdict | None:
    """Return what the night of `on` does to an earned level, None for nothing.

    Before the period is over a member whose growth is too small is warned once.  From then on each night looks: enough growth keeps the
    level for another period, too little lets it fall when grace and notice are over.
    """
    level, terms = program.level(grant.level), program.level_terms
    if grant.review_on is None or (grant.next_on and on < grant.next_on):
        return None
    if growth >= level.keep_min:
        return Verdict("keep", level) if on >= grant.review_on else None
    if grant.warned_on is None:
        return Verdict("warn", level)
    if on < drops_on(grant.review_on, grant.warned_on, terms):
        return None
    return Verdict("fall", _below(level, growth=growth, program=program))


def _below(level: Level, *, growth: int, program: Program) -> Level:
    reached = level_for(growth, program.levels)
    if program.level_terms.fall == "to_growth":
        return reached
    step = max(
        (each for each in program.levels if each.growth_min < level.growth_min),
        key=lambda each: each.growth_min,
        default=program.levels[0],
    )
    return max(step, reached, key=lambda each: each.growth_min)


def birthdays_on(day: date) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the birthdays, as month and day, that are kept on a day: its own, and 29 February on the 28th of a common year."""
    own = (day.month, day.day)
    return own, (2, 29) if own == (2, 28) and not isleap(day.year) else own


def keeping(grant: LevelGrant | None, *, growth: int, program: Program) -> Keeping | None:
    """Return what it takes to keep an earned level, None where none is held."""
    if grant is None or grant.review_on is None:
        return None
    wanted = program.level(grant.level).keep_min
    has = min(max(growth, 0), wanted)
    return Keeping(
        level=grant.level,
        growth_keep=wanted,
        missing_growth=wanted - has,
        percent=has * 100 // wanted if wanted else 100,
        review_on=grant.review_on,
        drops_on=drops_on(grant.review_on, grant.warned_on, program.level_terms) if grant.warned_on else None,
    )


PlanFault = tuple[str, str, dict[str, Any]]
"""The field, the code of the reason, and its facts."""


def plan_fault(levels: Sequence[Level], terms: LevelTerms) -> PlanFault | None:
    """Return which field of a plan cannot be so, and why; None where all can."""
    if len(levels) > LEVELS_MAX:
        return "levels", "member.fault.too_many_levels", {"most": LEVELS_MAX}
    if len({level.code for level in levels}) < len(levels):
        return "code", "member.fault.twice", {}
    if levels[0].growth_min or levels[0].keep_min:
        return "growth_min", "member.fault.lowest_begins", {}
    for below, level in pairwise(levels):
        if level.growth_min <= below.growth_min:
            return "growth_min", "member.fault.must_rise", {"level": level.code, "below": below.code}
    if terms.notice_days > terms.hold_months * SHORTEST_MONTH:
        return "notice_days", "member.fault.notice_long", {}
    return next(filter(None, map(_level_fault, levels)), None)


def _level_fault(level: Level) -> PlanFault | None:
    if level.growth_min > GROWTH_SANE:
        return "growth_min", "member.fault.in_fen", {"level": level.code, "most": GROWTH_SANE}
    if level.keep_min > level.growth_min:
        return "keep_min", "member.fault.keep_above", {"level": level.code}
    if not EARN_LEAST_BP <= level.earn_bp <= EARN_MOST_BP:
        return "earn_bp", "member.fault.earn_rate", {"level": level.code}
    return None
