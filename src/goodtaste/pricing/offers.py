"""What an offer is: a benefit, when and for whom it holds, and what it goes with.  Data only; `check` finds what contradicts itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from goodtaste.kernel.input import PRINTABLE, Fen, Input, Line, Name

NAMES_MAX = 500  # dishes, stores, segments that one list of an offer may name
TIERS_MAX = PARTS_MAX = DAYPARTS_MAX = 12
DAY_MINUTES = 1_440

RefundPolicy = Literal["threshold_kept", "threshold_lost"]
"""What becomes of a threshold that what stays no longer reaches when pieces come back (`refund`)."""

Key = Name
"""An id or a name that is only compared: whoever stores offers checks that `Offer.id` has the form of its ids."""

Ids = Annotated[tuple[Key, ...], msgspec.Meta(max_length=NAMES_MAX)]
Names = Annotated[tuple[Key, ...], msgspec.Meta(max_length=50)]
BasisPoints = Annotated[int, msgspec.Meta(ge=0, le=1_000_000, description="Ten-thousandths: 1000 is a tenth off")]
Pieces = Annotated[int, msgspec.Meta(ge=1, le=99)]
Times = Annotated[int, msgspec.Meta(ge=1, le=999)]
Minute = Annotated[int, msgspec.Meta(ge=0, le=DAY_MINUTES, description="Minutes after local midnight")]
Weekday = Annotated[int, msgspec.Meta(ge=1, le=7, description="1 is Monday, 7 is Sunday")]
Days = Annotated[int, msgspec.Meta(ge=0, le=183)]
Party = Annotated[int, msgspec.Meta(ge=1, le=999)]


class Daypart(Input, frozen=True):
    """A part of each day in the store's own time, `from_minute` <= minute < `to_minute`; it may pass midnight (1320 to 120).

    What lies after midnight belongs to the day on which the part began: weekdays and dates are judged by that day.
    """

    from_minute: Minute
    to_minute: Minute


class DateSpan(Input, frozen=True):
    """Days from `from_on` to `to_on`, both included, in the store's own calendar."""

    from_on: date
    to_on: date


class BirthdayWindow(Input, frozen=True):
    """The birthday itself and so many days before and after; 29 February is kept on the 28th where the year has none."""

    days_before: Days = 0
    days_after: Days = 0


class Conditions(Input, frozen=True):
    """When, where and for whom: all must hold, and of each list one entry; what is left empty asks nothing.

    Weekdays are 1 (Monday) to 7.  `members_only`, `segment_ids`, `levels`, `first_order` and `birthday` hold for no guest.
    """

    store_ids: Ids = ()
    channels: Names = ()
    dayparts: Annotated[tuple[Daypart, ...], msgspec.Meta(max_length=DAYPARTS_MAX)] = ()
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(max_length=7)] = ()
    dates: Annotated[tuple[DateSpan, ...], msgspec.Meta(max_length=50)] = ()
    table_kinds: Names = ()
    members_only: bool = False
    segment_ids: Names = ()
    levels: Names = ()
    first_order: bool = False
    party_min: Party | None = None
    party_max: Party | None = None
    birthday: BirthdayWindow | None = None


class Part(Input, frozen=True):
    """So many pieces of any of these dishes."""

    dish_ids: Ids
    qty: Pieces = 1


class Tier(Input, frozen=True):
    """From `threshold_fen` on, `off_fen` comes off."""

    threshold_fen: Fen
    off_fen: Fen


class UnitPrice(Input, frozen=True, tag="unit_price", tag_field="kind"):
    """Each piece of the dishes costs `price_fen`, where that is less (happy hour).  Line."""

    dish_ids: Ids
    price_fen: Fen


class UnitPercent(Input, frozen=True, tag="unit_percent", tag_field="kind"):
    """Each piece of the dishes costs `off_bp` less (happy hour); no dishes: every dish.  Line."""

    off_bp: BasisPoints
    dish_ids: Ids = ()


class NthItem(Input, frozen=True, tag="nth_item", tag_field="kind"):
    """Of each `n` pieces, dearest first, the last is `off_bp` less: n=2, 5000 is the second at half price.  Line."""

    n: Pieces
    off_bp: BasisPoints
    dish_ids: Ids = ()
    times: Times = 999


class BuyGet(Input, frozen=True, tag="buy_get", tag_field="kind"):
    """For each `buy` pieces of `dish_ids`, `get` pieces of `get_dish_ids` are `off_bp` less.  Line.

    Without `get_dish_ids` both come from `dish_ids`: of each buy + get pieces, dearest first, the last `get` are less.
    """

    buy: Pieces
    get: Pieces
    dish_ids: Ids = ()
    get_dish_ids: Ids = ()
    off_bp: BasisPoints = 10_000
    times: Times = 999


class Bundle(Input, frozen=True, tag="bundle", tag_field="kind"):
    """One of each part together for `price_fen`, where that is less; the dearest pieces first.  Line."""

    parts: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1, max_length=PARTS_MAX)]
    price_fen: Fen
    times: Times = 999


class CheapestFree(Input, frozen=True, tag="cheapest_free", tag_field="kind"):
    """Of `of` pieces or more the `free` cheapest cost nothing, once an order.  Line."""

    of: Pieces
    free: Pieces = 1
    dish_ids: Ids = ()


class SpendAndSave(Input, frozen=True, tag="spend_and_save", tag_field="kind"):
    """The highest tier that is reached comes off; one tier may count several times (`times`: each 10000 spent, 1000 off).  Order."""

    tiers: Annotated[tuple[Tier, ...], msgspec.Meta(min_length=1, max_length=TIERS_MAX)]
    dish_ids: Ids = ()
    times: Times = 1


class PercentOff(Input, frozen=True, tag="percent_off", tag_field="kind"):
    """`off_bp` come off what is spent, at most `cap_fen`, from `threshold_fen` on.  Order."""

    off_bp: BasisPoints
    cap_fen: Fen | None = None
    threshold_fen: Fen = 0
    dish_ids: Ids = ()


class Gift(Input, frozen=True, tag="gift", tag_field="kind"):
    """`qty` of a SKU as a line that costs nothing, from `threshold_fen` on.  Gift."""

    sku_id: Key
    name: Name
    name_en: Line = ""
    qty: Pieces = 1
    threshold_fen: Fen = 0
    dish_ids: Ids = ()


class FreeDelivery(Input, frozen=True, tag="free_delivery", tag_field="kind"):
    """The delivery fee is waived, at most `cap_fen` of it, from `threshold_fen` on.  Order."""

    threshold_fen: Fen = 0
    cap_fen: Fen | None = None


LineBenefit = UnitPrice | UnitPercent | NthItem | BuyGet | Bundle | CheapestFree
LINE_BENEFITS = (UnitPrice, UnitPercent, NthItem, BuyGet, Bundle, CheapestFree)
OrderBenefit = SpendAndSave | PercentOff | FreeDelivery
Benefit = LineBenefit | OrderBenefit | Gift


class Offer(Input, frozen=True):
    """An offer of the house.  It is valid while `valid_from_at` <= at < `valid_to_at` and its conditions hold.

    `lane`: where it stands in the order of work (see `Lane`); empty: the lane called like the stage of its benefit.  In a lane the lower
    `priority` comes first, then the smaller id: this is the declared order, which decides between combinations that cost the same.
    `groups`: of the offers and coupons of one group an order has one.  `stacks_with`: None, whatever is not excluded; else only what is
    named here by id, group or lane (coupons stand in the lane `coupon`): empty, nothing else.  `gives_way_to`: ids of offers or
    groups; it does not apply to a cart to which one of them can apply, even where it would save more.  `refund_policy`: what becomes of its
    threshold when pieces come back; None: what the order says.
    """

    id: Key
    name: Name
    benefit: Benefit
    name_en: Line = ""
    lane: Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)] = ""
    conditions: Conditions = Conditions()
    groups: Names = ()
    stacks_with: Names | None = None
    gives_way_to: Names = ()
    priority: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 100
    valid_from_at: datetime | None = None
    valid_to_at: datetime | None = None
    refund_policy: RefundPolicy | None = None
