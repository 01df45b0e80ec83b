"""The menu book: the whole catalogue as one immutable value, and the rules by which a choice from it becomes a priced line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import PRINTABLE, Id, Input, Text
from goodtaste.org.api import Hours, is_open
from goodtaste.pricing.api import QTY_MAX, Line

COURSE_MAX = 9
GUEST_MAX = 36  # characters

Guest = Annotated[str, msgspec.Meta(max_length=GUEST_MAX, pattern=PRINTABLE)]


WEEK = timedelta(days=7)  # 明码标价和禁止价格欺诈规定: what is struck out is the lowest price of the seven days before
REDUCED = timedelta(days=30)  # so long a lower price is shown as a reduction; then it is the price
INSTANT = timedelta(microseconds=1)


class NotOnMenu(Refusal):
    """Raised for a SKU that does not exist or is not sold now, here, in this channel.  Facts: `sku_id`, `line_no`."""

    code = "menu.not_on_menu"


class BadChoice(Refusal):
    """Raised when options or the parts of a set meal do not fit the dish.  Facts: `line_no`, `what`, `option_id`, `group`, `min`, `max`."""

    code = "menu.bad_choice"
    status = 422


class Option(msgspec.Struct, frozen=True):
    """A choice within a group, such as 少辣 or 加蛋."""

    id: str
    name: str
    name_en: str
    price_fen: int


class OptionGroup(msgspec.Struct, frozen=True):
    """Options of which at least `min_picks` and at most `max_picks` are taken."""

    id: str
    name: str
    name_en: str
    min_picks: int
    max_picks: int
    options: tuple[Option, ...]


class SetChoice(msgspec.Struct, frozen=True):
    """What may fill a slot of a set meal: `qty` portions of a SKU, for `extra_fen` more."""

    sku_id: str
    qty: int
    extra_fen: int


class SetSlot(msgspec.Struct, frozen=True):
    """A part of a set meal: fixed where it has one choice, else one of its choices."""

    id: str
    name: str
    name_en: str
    choices: tuple[SetChoice, ...]


class Sku(msgspec.Struct, frozen=True):
    """A size or kind of a dish, with a price of its own."""

    id: str
    code: str
    dish_id: str
    name: str
    name_en: str
    on_sale: bool


class Dish(msgspec.Struct, frozen=True):
    """A dish or a set meal."""

    id: str
    code: str
    category_id: str
    kind: str
    name: str
    name_en: str
    description: str
    description_en: str
    pictures: tuple[str, ...]
    tags: tuple[str, ...]
    allergens: tuple[str, ...]
    spice: int
    calories_kcal: int | None
    carbon_g: int | None
    prep_minutes: int
    station: str
    on_sale: bool
    rank: int
    version: int
    skus: tuple[Sku, ...]
    groups: tuple[OptionGroup, ...]
    slots: tuple[SetSlot, ...]


class Category(msgspec.Struct, frozen=True):
    """A category of the menu; with `periods` its dishes are sold in those hours only."""

    id: str
    name: str
    name_en: str
    periods: tuple[Hours, ...]
    on_sale: bool
    rank: int
    version: int

    def sells_at(self, at: datetime, *, zone: str) -> bool:
        """Tell whether its dishes are sold at `at` at a store in `zone`."""
        return not self.periods or is_open(self.periods, zone=zone, at=at)


class PriceRow(msgspec.Struct, frozen=True):
    """A row of the price book; a row for a store or a channel goes before one for all."""

    id: str
    sku_id: str
    kind: str
    store_id: str | None
    channel: str | None
    amount_fen: int
    valid_from_at: datetime
    valid_to_at: datetime | None

    def holds(self, store_id: str, channel: str, at: datetime) -> bool:
        """Tell whether this row speaks of a sale there and then: valid_from_at <= at < valid_to_at."""
        return (
            self.store_id in (None, store_id)
            and self.channel in (None, channel)
            and self.valid_from_at <= at
            and (self.valid_to_at is None or at < self.valid_to_at)
        )


class Part(Input, frozen=True):
    """The choice made for a slot of a set meal."""

    slot_id: Id
    sku_id: Id


class Choice(Input, frozen=True, omit_defaults=True):
    """What a diner asks for: `qty` of a SKU, with options, and with parts where it is a set meal.

    `hold`: it is not made before somebody says so; `course`: with which course it comes (0: none was said); `guest`: what the table
    calls who asks, a short mark that says nothing to others.
    """

    sku_id: Id
    qty: Annotated[int, msgspec.Meta(ge=1, le=QTY_MAX)]
    options: Annotated[tuple[Id, ...], msgspec.Meta(max_length=50)] = ()
    parts: Annotated[tuple[Part, ...], msgspec.Meta(max_length=50)] = ()
    note: Text = ""
    hold: bool = False
    course: Annotated[int, msgspec.Meta(ge=0, le=COURSE_MAX)] = 0
    guest: Guest = ""


class SetPart(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a piece of a set meal has of a SKU; `picked`: the diner had a choice."""

    sku_id: str
    name: str
    qty: int
    picked: bool = False


class Words(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was chosen, as data: the dish, its options, and the parts of a set meal."""

    name: str
    options: list[str] = []
    parts: list[SetPart] = []

    @property
    def chosen(self) -> list[str]:
        """What was chosen of it, in words."""
        return [*self.options, *(each.name for each in self.parts if each.picked)]

    @property
    def full(self) -> str:
        """The name with all that was chosen."""
        return "·".join([self.name, *self.chosen])


class Chosen(msgspec.Struct, frozen=True):
    """A choice that fits the menu: the line to price, its words for people, and the portions it takes by SKU.

    `carbon_g`: grams of CO2e of one piece, where the menu says it.
    """

    line: Line
    words: Words
    name_en: str
    choice: Choice
    takes: dict[str, int]
    carbon_g: int | None = None

    @property
    def name(self) -> str:
        """What it is called with all that was chosen of it."""
        return self.words.full


class MenuBook:
    """All dishes and prices.  Immutable; a change makes a new one."""

    def __init__(self, categories: Sequence[Category], dishes: Sequence[Dish], prices: Sequence[PriceRow]) -> None:
        self.categories, self.dishes = tuple(categories), tuple(dishes)
        self.category: Mapping[str, Category] = {c.id: c for c in categories}
        self.dish: Mapping[str, Dish] = {d.id: d for d in dishes}
        self.sku: Mapping[str, Sku] = {s.id: s for d in dishes for s in d.skus}
        self._options: Mapping[str, tuple[Option, OptionGroup]] = {
            o.id: (o, g) for d in dishes for g in d.groups for o in g.options
        }
        self._prices: dict[tuple[str, str], list[PriceRow]] = {}
        for row in sorted(prices, key=_most_specific_first):
            self._prices.setdefault((row.sku_id, row.kind), []).append(row)
        self._moments = sorted({m for row in prices for m in (row.valid_from_at, row.valid_to_at) if m})

    def price_of(self, sku_id: str, kind: str, *, store_id: str, channel: str, at: datetime) -> int | None:
        """Return the price in fen that holds there and then, or None."""
        for row in self._prices.get((sku_id, kind), ()):
            if row.holds(store_id, channel, at):
                return row.amount_fen
        return None

    def reference_fen(self, sku_id: str, *, store_id: str, channel: str, at: datetime) -> int | None:
        """Return what may be struck out beside what is asked at `at`: the lowest list price of the 7 days before, or None.

        Beside a list price that was reduced within `REDUCED` these are the days before the reduction, else those up to now: a price that
        was raised to be struck out is not among them.
        """
        here = {"store_id": store_id, "channel": channel}
        rows = self._prices.get((sku_id, "list"), ())
        now = next((row for row in rows if row.holds(store_id, channel, at)), None)
        if now is None:
            return None
        began, until, inside = now.valid_from_at, at, [at]
        before = self.price_of(sku_id, "list", at=began - INSTANT, **here)
        if before is not None and before > now.amount_fen and at < began + REDUCED:
            until, inside = began, []
        edges = [edge for row in rows for edge in (row.valid_from_at, row.valid_to_at) if edge]
        moments = [until - WEEK, *(edge for edge in edges if until - WEEK < edge < until), *inside]
        asked = [self.price_of(sku_id, "list", at=moment, **here) for moment in moments]
        return min([fen for fen in asked if fen is not None], default=None)

    def brand_price(self, sku_id: str, kind: str, *, at: datetime) -> PriceRow | None:
        """Return the price for all stores and channels that holds at `at`, or None."""
        rows = self._prices.get((sku_id, kind), ())
        brand = (row for row in rows if row.store_id is None and row.channel is None)
        return next((row for row in brand if row.holds("", "", at)), None)

    def prices_of(self, sku_id: str, kind: str) -> Sequence[PriceRow]:
        """Return all prices of a SKU and kind: past, present and to come."""
        return self._prices.get((sku_id, kind), ())

    def least_fen(self, dish_ids: Sequence[str], *, at: datetime) -> int | None:
        """Return the least that a portion of these dishes, or of all, costs anywhere at `at` or later; None where none is sold."""
        dishes = [self.dish[each] for each in dish_ids] if dish_ids else self.dish.values()
        skus = [sku.id for dish in dishes for sku in dish.skus if self.sells(sku, dish)]
        prices = [row for sku_id in skus for kind in ("list", "member") for row in self.prices_of(sku_id, kind)]
        return min((row.amount_fen for row in prices if row.valid_to_at is None or row.valid_to_at > at), default=None)

    def called(self, sku_id: str) -> tuple[str, str] | None:
        """Return what a SKU is called with its dish, in Chinese and English, or None where there is none."""
        sku = self.sku.get(sku_id)
        if sku is None:
            return None
        dish = self.dish[sku.dish_id]
        return _full(dish.name, sku.name), _full(dish.name_en, sku.name_en) if dish.name_en else ""

    def sells(self, sku: Sku, dish: Dish) -> bool:
        """Tell whether a SKU, its dish and its category are all on sale."""
        return sku.on_sale and dish.on_sale and self.category[dish.category_id].on_sale

    def next_change(self, at: datetime) -> datetime | None:
        """Return the first instant after `at` at which some price begins or ends."""
        return next((moment for moment in self._moments if moment > at), None)

    def choose(
        self, choices: Sequence[Choice], *, store_id: str, channel: str, zone: str, at: datetime, first_line: int = 1
    ) -> list[Chosen]:
        """Return the lines of `choices` at a store in `zone`; refuses `NotOnMenu` and `BadChoice`."""
        return [
            self._choose(choice, line_no, store_id=store_id, channel=channel, zone=zone, at=at)
            for line_no, choice in enumerate(choices, first_line)
        ]

    def _choose(self, choice: Choice, line_no: int, *, store_id: str, channel: str, zone: str, at: datetime) -> Chosen:
        sku = self.sku.get(choice.sku_id)
        dish = self.dish[sku.dish_id] if sku else None
        if sku is None or dish is None or not self.sells(sku, dish):
            raise NotOnMenu(sku_id=choice.sku_id, line_no=line_no)
        if not self.category[dish.category_id].sells_at(at, zone=zone):
            raise NotOnMenu(sku_id=choice.sku_id, line_no=line_no)
        list_fen = self.price_of(sku.id, "list", store_id=store_id, channel=channel, at=at)
        if list_fen is None:
            raise NotOnMenu(sku_id=choice.sku_id, line_no=line_no)
        extra, options = self._options_of(dish, choice, line_no)
        takes, parts = {sku.id: choice.qty}, []
        for slot, picked in self._parts_of(dish, choice, line_no):
            extra += picked.extra_fen
            takes[picked.sku_id] = takes.get(picked.sku_id, 0) + picked.qty * choice.qty
            part = self.sku[picked.sku_id]
            name = _full(self.dish[part.dish_id].name, part.name)
            parts.append(SetPart(part.id, name, picked.qty, picked=len(slot.choices) > 1))
        member_fen = self.price_of(sku.id, "member", store_id=store_id, channel=channel, at=at)
        line = Line(
            line_no, sku.id, dish.id, choice.qty, list_fen + extra, None if member_fen is None else member_fen + extra
        )
        words = Words(_full(dish.name, sku.name), options, parts)
        return Chosen(line, words, _full(dish.name_en, sku.name_en), choice, takes, self._carbon_of(dish, parts))

    def _carbon_of(self, dish: Dish, parts: Sequence[SetPart]) -> int | None:
        """Return what a dish says of its carbon; of a set meal that says nothing the sum of its parts, where each of them says it."""
        if dish.carbon_g is not None or not parts:
            return dish.carbon_g
        each = [(self.dish[self.sku[part.sku_id].dish_id].carbon_g, part.qty) for part in parts]
        known = [grams * qty for grams, qty in each if grams is not None]
        return sum(known) if len(known) == len(each) else None

    def _options_of(self, dish: Dish, choice: Choice, line_no: int) -> tuple[int, list[str]]:
        if not choice.options and not dish.groups:
            return 0, []
        extra, names, picks = 0, [], dict.fromkeys((g.id for g in dish.groups), 0)
        if len(set(choice.options)) != len(choice.options):
            raise BadChoice(line_no=line_no, what="twice")
        for option_id in choice.options:
            option, group = self._options.get(option_id, (None, None))
            if option is None or group is None or group.id not in picks:
                raise BadChoice(line_no=line_no, what="gone", option_id=option_id)
            picks[group.id] += 1
            extra += option.price_fen
            names.append(option.name)
        for group in dish.groups:
            if not group.min_picks <= picks[group.id] <= group.max_picks:
                raise BadChoice(
                    line_no=line_no, what="picks", group=group.name, min=group.min_picks, max=group.max_picks
                )
        return extra, names

    def _parts_of(self, dish: Dish, choice: Choice, line_no: int) -> list[tuple[SetSlot, SetChoice]]:
        if not choice.parts and not dish.slots:
            return []
        asked = {part.slot_id: part.sku_id for part in choice.parts}
        if len(asked) != len(choice.parts) or asked.keys() - {slot.id for slot in dish.slots}:
            raise BadChoice(line_no=line_no, what="parts")
        picked = []
        for slot in dish.slots:
            wanted = asked.get(slot.id, slot.choices[0].sku_id if len(slot.choices) == 1 else None)
            found = next((c for c in slot.choices if c.sku_id == wanted), None)
            if found is None:
                raise BadChoice(line_no=line_no, what="part", group=slot.name, min=1, max=1)
            part = self.sku[found.sku_id]
            if not self.sells(part, self.dish[part.dish_id]):
                raise NotOnMenu(sku_id=part.id, line_no=line_no)
            picked.append((slot, found))
        return picked


def _most_specific_first(row: PriceRow) -> Any:
    return (row.store_id is None, row.channel is None, -row.valid_from_at.timestamp(), row.id)


def _full(dish_name: str, sku_name: str) -> str:
    return f"{dish_name}（{sku_name}）" if sku_name else dish_name
