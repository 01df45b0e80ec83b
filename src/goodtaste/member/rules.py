"""Pure rules of membership: what a purchase earns, which level growth gives, how far it is to the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Literal

import msgspec

from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.input import Id, Input
from goodtaste.pricing.api import Channel, Policy

ADULT_ENOUGH = 14  # years: younger, the law wants a guardian's consent
LEAP_YEAR = 2000  # stands in for a year that was not told, so that 29 February is a day
OLDEST_YEAR = 1900
USUAL_BP = 10_000  # ten-thousandths of a rate: as it is


class Level(msgspec.Struct, frozen=True):
    """A level: the growth that reaches it, the growth that keeps it when its period is over, and what it brings.

    `earn_bp`: the earn rate in basis points of the base rate.  `upgrade_template_id`, `birthday_template_id`: coupon templates of which who
    reaches the level, or has a birthday in it, is given one.  `icon` names a picture.
    """

    code: str
    name: str
    name_en: str
    growth_min: int
    earn_bp: int = 10_000
    keep_min: int = 0
    icon: str = ""
    upgrade_template_id: str | None = None
    birthday_template_id: str | None = None


class LevelTerms(msgspec.Struct, frozen=True):
    """How long a level that growth has reached is held, and how it is lost.

    It is held `hold_months` calendar months; then it is kept for as long again where growth is at least the level's `keep_min`.  Else
    it is lost `grace_days` later, and not before `notice_days` have passed since the member was told.  What is lost is one step
    (`one_step`), or all down to what growth gives (`to_growth`).
    """

    hold_months: int = 12
    grace_days: int = 30
    notice_days: int = 30
    fall: Literal["one_step", "to_growth"] = "one_step"


class PointsRules(msgspec.Struct, frozen=True):
    """What members and the staff may do with points, in points, and how the program treats them.

    `return_policy`: what a refund takes back of points earned on the order.  `unlimited`: all of them; those that are spent are owed, and
    what is earned next fills the debt.  `within_balance`: those that are still there.  `only_pending`: those that are not spendable yet.
    What the last two leave is the brand's goodwill.  `notice_days`: how many days ahead members are told that points run out.
    A correction by hand above `adjust_alone_max`, or one with which a person comes to more than `adjust_alone_day_max` on a trading day,
    needs a second person, who has `approval_hours` for it.  A gift is `gift_max` at most, and all gifts of a member on a trading day are
    `gift_day_max`; 0 switches gifts off.  `gift_level`: the lowest level that may give, empty for any.
    """

    return_policy: Literal["unlimited", "within_balance", "only_pending"] = "unlimited"
    notice_days: tuple[int, ...] = (30, 7, 1)
    adjust_alone_max: int = 500
    adjust_alone_day_max: int = 2_000
    approval_hours: int = 72
    gift_max: int = 1_000
    gift_day_max: int = 2_000
    gift_level: str = ""


class EarnRule(Input, frozen=True):
    """Where and when points are earned at another rate: `times_bp` of the usual one, in ten-thousandths (20,000 doubles it, 0 earns none).

    Of each list one entry must hold; an empty one asks nothing.  Weekdays are 1 (Monday) to 7, of the store's trading day.
    """

    times_bp: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    store_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=500)] = ()
    channels: Annotated[tuple[Channel, ...], msgspec.Meta(max_length=6)] = ()
    weekdays: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1, le=7)], ...], msgspec.Meta(max_length=7)] = ()

    def fits(self, store_id: str, channel: str, day: date) -> bool:
        """Tell whether it holds for an order of a store's trading day."""
        return (
            store_id in (self.store_ids or (store_id,))
            and channel in (self.channels or (channel,))
            and day.isoweekday() in (self.weekdays or (day.isoweekday(),))
        )


class Program(msgspec.Struct, frozen=True):
    """The loyalty program, all of it data.

    `earn_points_per_100_yuan`: points for each 100 yuan paid (brief: 10).  `fen_per_100_points`: what 100 points pay for (brief: 100 fen).
    `earn_rules`: where and when it is more or less; the first that fits an order counts, and none is as usual.
    `offset_cap_bp`: the largest part of an order that points may pay (brief: 10 %).  Growth: one for each yuan paid, over a rolling year.
    An order that nobody pays or makes is cancelled after `hold_minutes`.  One that goes on unpaid (a table's bill, or one that is being
    made) keeps its member's coupon and points for `bill_hold_minutes`.
    `points`: limits and policies of points.
    One order takes `coupons_each_order` coupons at most.  `refund_policy`, as an order is placed: when pieces come back and what stays does
    not reach a threshold any more, it counts as kept, or what it brought is charged (`threshold_lost`); an offer or coupon may say so
    itself.
    `favourite_bp` of the list price come off the `favourites_max` dishes that a member marked first, for each from `favourite_days` after
    it was marked (brief: a tenth; 0, none, unless the house says so, for members choose them themselves).
    `zone` and `day_start_minute` make the program's own trading day, for what happens in no store.
    """

    earn_points_per_100_yuan: int = 10
    earn_rules: tuple[EarnRule, ...] = ()
    fen_per_100_points: int = 100
    offset_cap_bp: int = 1_000
    points_valid_days: int = 365
    hold_minutes: int = 15
    bill_hold_minutes: int = 240
    coupons_each_order: int = 1
    refund_policy: Policy = "threshold_kept"
    favourite_bp: int = 0
    favourites_max: int = 3
    favourite_days: int = 7
    zone: str = "Asia/Shanghai"
    day_start_minute: int = 240
    levels: tuple[Level, ...] = (
        Level("regular", "普通会员", "Regular", 0, icon="regular"),
        Level("silver", "白银会员", "Silver", 500, 11_000, 400, "silver"),
        Level("gold", "黄金会员", "Gold", 2_000, 12_500, 1_600, "gold"),
        Level("vip", "VIP 会员", "VIP", 6_000, 15_000, 4_800, "vip"),
    )
    level_terms: LevelTerms = LevelTerms()
    points: PointsRules = PointsRules()

    @property
    def calendar(self) -> BusinessCalendar:
        """The calendar of what happens in no store."""
        return BusinessCalendar(self.zone, self.day_start_minute)

    def level(self, code: str) -> Level:
        """Return the level called `code`; the lowest where the program has no such level any more."""
        return next((level for level in self.levels if level.code == code), self.levels[0])


class Progress(msgspec.Struct, frozen=True):
    """Where a member stands: the level, the next one, and how far on the way between them, in percent."""

    level: Level
    growth: int
    next: Level | None
    missing_growth: int
    percent: int


def points_earned(paid_fen: int, *, program: Program, level: Level, store_id: str, channel: str, day: date) -> int:
    """Return the points for `paid_fen` actually paid in a store, by a channel, on its trading day; rounded down once."""
    times_bp = next((each.times_bp for each in program.earn_rules if each.fits(store_id, channel, day)), USUAL_BP)
    return paid_fen * program.earn_points_per_100_yuan * level.earn_bp * times_bp // (10_000 * USUAL_BP * USUAL_BP)


def growth_earned(paid_fen: int) -> int:
    """Return the growth for `paid_fen`: one for each whole yuan."""
    return paid_fen // 100


def level_for(growth: int, levels: Sequence[Level]) -> Level:
    """Return the highest level that `growth` reaches."""
    return max(
        (level for level in levels if level.growth_min <= growth), key=lambda level: level.growth_min, default=levels[0]
    )


def progress(growth: int, *, current: Level, levels: Sequence[Level]) -> Progress:
    """Return how far it is from the current level to the next, in percent of the way between their thresholds."""
    above = [level for level in levels if level.growth_min > current.growth_min]
    following = min(above, key=lambda level: level.growth_min, default=None)
    if following is None:
        return Progress(current, growth, None, 0, 100)
    way = following.growth_min - current.growth_min
    done = min(max(growth - current.growth_min, 0), way)
    return Progress(current, growth, following, max(following.growth_min - growth, 0), done * 100 // way)


def expiry(today: date, *, valid_days: int) -> date:
    """Return the last day on which something earned `today` counts."""
    return today + timedelta(days=valid_days)


def growth_until(earned_on: date) -> date:
    """Return the last day on which growth earned on a day counts: on the same date a year later it has left.

    A window is so 365 days long, or 366 where a 29 February lies in it.  Growth of 29 February leaves on 1 March.
    """
    if (earned_on.month, earned_on.day) == (2, 29):
        return date(earned_on.year + 1, 2, 28)
    return earned_on.replace(year=earned_on.year + 1) - timedelta(days=1)


def is_birthday(month: int, day: int, year: int | None) -> bool:
    """Tell whether there is such a day; without a year, 29 February is one."""
    try:
        date(LEAP_YEAR if year is None else year, month, day)
    except ValueError:
        return False
    return year is None or year >= OLDEST_YEAR


def age(month: int, day: int, year: int, *, today: date) -> int:
    """Return the age in whole years on `today`; who was born on 29 February is a year older on 1 March of other years."""
    return today.year - year - ((today.month, today.day) < (month, day))


def worth_fen(points: int, program: Program) -> int:
    """Return what `points` pay for, rounded down."""
    return points * program.fen_per_100_points // 100
