"""What the head office sends of a dish, and the pure check of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import msgspec

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import END
from goodtaste.kernel.input import NO_NUL, PRINTABLE, Count, Fen, Id, Input, Line, Name, Positive
from goodtaste.menu.book import Dish, Option, OptionGroup, SetChoice, SetSlot, Sku

SKUS_MAX = 30  # of one dish
GROUPS_MAX = 20  # of one dish
OPTIONS_MAX = 50  # of one group
SLOTS_MAX = 20  # of one set meal
CHOICES_MAX = 50  # of one slot

CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}" + END
PICTURE = r"^(?!.*\.\.)(https://[^\s\"'<>]+|[A-Za-z0-9][A-Za-z0-9._/-]*)" + END
PICTURES_MAX, PICTURE_MAX = 9, 300  # of a dish; characters of each
TAGS_MAX = 20  # tags of a dish, and allergens
DESCRIPTION_MAX = 500
CARBON_MAX = 100_000  # grams of CO2e of a portion

Code = Annotated[str, msgspec.Meta(pattern=CODE)]
Label = Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)]
Story = Annotated[str, msgspec.Meta(max_length=DESCRIPTION_MAX, pattern=NO_NUL)]
Picture = Annotated[
    str,
    msgspec.Meta(max_length=PICTURE_MAX, pattern=PICTURE, description="A key in the media store, or an https address"),
]
Portion = Annotated[int, msgspec.Meta(ge=1, le=99)]


class BadDish(Refusal):
    """Raised for a dish that cannot be.

    Facts: `why` (`no_sku`, `twice`, `picks`, `no_option`, `slots`, `no_choice`, `part_unknown`, `part_is_set`), `what` (which part).
    """

    code = "menu.bad_dish"
    status = 422


class SkuAsked(Input, frozen=True):
    """A size or kind of the dish.  One that is left out later goes off sale; it is never forgotten."""

    id: Id
    code: Code
    name: Label = ""
    name_en: Line = ""
    on_sale: bool = True


class OptionAsked(Input, frozen=True):
    """A choice within a group, for `price_fen` more."""

    id: Id
    name: Name
    name_en: Line = ""
    price_fen: Fen = 0


class GroupAsked(Input, frozen=True):
    """Options of which at least `min_picks` and at most `max_picks` are taken."""

    id: Id
    name: Name
    options: Annotated[tuple[OptionAsked, ...], msgspec.Meta(min_length=1, max_length=OPTIONS_MAX)]
    name_en: Line = ""
    min_picks: Count = 0
    max_picks: Positive = 1


class ChoiceAsked(Input, frozen=True):
    """What may fill a slot: `qty` portions of a SKU, for `extra_fen` more."""

    sku_id: Id
    qty: Portion = 1
    extra_fen: Fen = 0


class SlotAsked(Input, frozen=True):
    """A part of a set meal: fixed where it has one choice, else one of its choices."""

    id: Id
    name: Name
    choices: Annotated[tuple[ChoiceAsked, ...], msgspec.Meta(min_length=1, max_length=CHOICES_MAX)]
    name_en: Line = ""


class DishDetails(Input, frozen=True):
    """What a dish or a set meal is, whole: SKUs, groups of options and slots in the order in which they are shown."""

    category_id: Id
    name: Name
    skus: Annotated[tuple[SkuAsked, ...], msgspec.Meta(min_length=1, max_length=SKUS_MAX)]
    kind: Literal["dish", "set"] = "dish"
    name_en: Line = ""
    description: Story = ""
    description_en: Story = ""
    pictures: Annotated[tuple[Picture, ...], msgspec.Meta(max_length=PICTURES_MAX)] = ()
    tags: Annotated[tuple[Name, ...], msgspec.Meta(max_length=TAGS_MAX)] = ()
    allergens: Annotated[tuple[Name, ...], msgspec.Meta(max_length=TAGS_MAX)] = ()
    spice: Annotated[int, msgspec.Meta(ge=0, le=3)] = 0
    calories_kcal: Annotated[int, msgspec.Meta(ge=0, le=20_000)] | None = None
    carbon_g: Annotated[int, msgspec.Meta(ge=0, le=CARBON_MAX, description="Grams of CO2e of a portion")] | None = None
    prep_minutes: Annotated[int, msgspec.Meta(ge=0, le=240)] = 0
    station: Label = ""
    rank: Count = 0
    on_sale: bool = True
    groups: Annotated[tuple[GroupAsked, ...], msgspec.Meta(max_length=GROUPS_MAX)] = ()
    slots: Annotated[tuple[SlotAsked, ...], msgspec.Meta(max_length=SLOTS_MAX)] = ()


class NewDish(DishDetails, frozen=True, kw_only=True):
    """What makes a dish or a set meal.  Its code stays."""

    id: Id
    code: Code


class DishChange(DishDetails, frozen=True, kw_only=True):
    """What a dish becomes; `version` is the one that was seen."""

    version: Positive


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a dish, and with which part of it."""

    why: str
    what: str = ""


def as_dish(asked: DishDetails, *, dish_id: str, code: str, version: int) -> Dish:
    """Return the dish that is asked for."""
    plain = {
        name: getattr(asked, name) for name in DishDetails.__struct_fields__ if name not in ("skus", "groups", "slots")
    }
    return Dish(
        **plain,
        id=dish_id,
        code=code,
        version=version,
        skus=tuple(Sku(s.id, s.code, dish_id, s.name, s.name_en, s.on_sale) for s in asked.skus),
        groups=tuple(
            OptionGroup(
                g.id,
                g.name,
                g.name_en,
                g.min_picks,
                g.max_picks,
                tuple(Option(o.id, o.name, o.name_en, o.price_fen) for o in g.options),
            )
            for g in asked.groups
        ),
        slots=tuple(
            SetSlot(s.id, s.name, s.name_en, tuple(SetChoice(c.sku_id, c.qty, c.extra_fen) for c in s.choices))
            for s in asked.slots
        ),
    )


def fault_of(dish: Dish) -> Fault | None:
    """Return what is wrong with a dish by itself, or None."""
    return next(_faults(dish), None)


def _faults(dish: Dish) -> Iterator[Fault]:
    if not dish.skus:
        yield Fault("no_sku")
    yield from _twice(s.id for s in dish.skus)
    yield from _twice(s.code for s in dish.skus)
    yield from _twice(s.name for s in dish.skus)
    yield from _twice(g.name for g in dish.groups)
    yield from _twice(g.id for g in dish.groups)
    yield from _twice(o.id for g in dish.groups for o in g.options)
    yield from _twice(s.id for s in dish.slots)
    yield from _twice(s.name for s in dish.slots)
    for group in dish.groups:
        yield from _twice(o.name for o in group.options)
        if not group.options:
            yield Fault("no_option", group.name)
        elif not group.min_picks <= group.max_picks <= len(group.options):
            yield Fault("picks", group.name)
    if bool(dish.slots) != (dish.kind == "set"):
        yield Fault("slots", dish.kind)
    for slot in dish.slots:
        yield from _twice(c.sku_id for c in slot.choices)
        if not slot.choices:
            yield Fault("no_choice", slot.name)


def _twice(names: Iterable[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield Fault("twice", name)
        seen.add(name)
