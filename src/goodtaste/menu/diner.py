"""The menu as a diner sees it at a store: ready bytes, made anew only when something on them changes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import or_, select

from goodtaste.kernel.db import Database, Read
from goodtaste.kernel.snapshot import Snapshot
from goodtaste.menu.book import Category, Dish, MenuBook, OptionGroup, SetSlot, Sku
from goodtaste.menu.known import in_english
from goodtaste.menu.tables import SHORT, stock
from goodtaste.org.api import Hours, Store

PAGES_MAX = 2_000  # stores × channels × languages kept ready in a process

Language = Literal["zh-CN", "en"]


class Short(msgspec.Struct, frozen=True):
    """What is sold out, by store: switched off by hand, or with no portion left."""

    skus: Mapping[str, frozenset[str]]

    def at(self, store_id: str) -> frozenset[str]:
        """Return the SKUs that are sold out at a store."""
        return self.skus.get(store_id, frozenset())


class SkuShown(msgspec.Struct, frozen=True):
    """A size or kind of a dish with its prices in fen; `member_fen` where members pay less.

    `reference_fen`: the one price that may be struck out beside them, where it is higher than the lowest (`MenuBook.reference_fen`).
    """

    id: str
    name: str
    list_fen: int
    member_fen: int | None
    reference_fen: int | None
    sold_out: bool


class OptionShown(msgspec.Struct, frozen=True):
    """An option; none is chosen beforehand."""

    id: str
    name: str
    price_fen: int


class GroupShown(msgspec.Struct, frozen=True):
    """Options of which `min_picks` to `max_picks` are taken."""

    id: str
    name: str
    min_picks: int
    max_picks: int
    options: tuple[OptionShown, ...]


class ChoiceShown(msgspec.Struct, frozen=True):
    """What may fill a slot of a set meal, for `extra_fen` more."""

    sku_id: str
    name: str
    qty: int
    extra_fen: int
    sold_out: bool


class SlotShown(msgspec.Struct, frozen=True):
    """A part of a set meal: fixed where it has one choice."""

    id: str
    name: str
    choices: tuple[ChoiceShown, ...]


class DishShown(msgspec.Struct, frozen=True):
    """A dish or a set meal that is sold here; `sold_out` where nothing of it can be had."""

    id: str
    kind: str
    name: str
    description: str
    pictures: tuple[str, ...]
    tags: tuple[str, ...]
    allergens: tuple[str, ...]
    spice: int
    calories_kcal: int | None
    carbon_g: int | None
    prep_minutes: int
    sold_out: bool
    skus: tuple[SkuShown, ...]
    groups: tuple[GroupShown, ...]
    slots: tuple[SlotShown, ...]


class CategoryShown(msgspec.Struct, frozen=True):
    """A category with its dishes; outside its `periods` (none: always) they are shown and not sold: `open_now`."""

    id: str
    name: str
    periods: tuple[Hours, ...]
    open_now: bool
    dishes: tuple[DishShown, ...]


class MenuShown(msgspec.Struct, frozen=True):
    """The menu of a store in a channel and a language."""

    store_id: str
    store_name: str
    licence: str
    open_now: bool
    channel: str
    language: str
    categories: tuple[CategoryShown, ...]


class Page(msgspec.Struct, frozen=True):
    """Ready bytes and their headers, with what they were made of and until when they hold."""

    body: bytes
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    book: MenuBook
    short: frozenset[str]
    store: Store
    until: datetime


class _SoldOut(msgspec.Struct, frozen=True):
    store_id: str
    sku_id: str


SOLD_OUT = Read(
    select(stock.c.store_id, stock.c.sku_id).where(or_(stock.c.sold_out, stock.c.portions_left == 0)), _SoldOut
)
_HEADERS = (  # a browser keeps the page, and asks each time whether it still holds
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-cache"),
    (b"vary", b"accept-language"),
)
_encode = msgspec.json.Encoder().encode


async def _load(db: Database) -> Short:
    found: dict[str, set[str]] = {}
    for row in await db.rows(SOLD_OUT()):
        found.setdefault(row.store_id, set()).add(row.sku_id)
    return Short({store_id: frozenset(skus) for store_id, skus in found.items()})


def short_snapshot() -> Snapshot[Short]:
    """Return the snapshot of what is sold out; the database moves it when something runs out or comes back."""
    return Snapshot(SHORT, _load)


class Pages:
    """The ready pages of a process."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, str, str], Page] = {}

    def page(
        self, store: Store, *, book: MenuBook, short: frozenset[str], channel: str, language: str, at: datetime
    ) -> Page:
        """Return the page of a store's menu as it is at `at`."""
        key = (store.id, channel, language)
        page = self._pages.get(key)
        if page and page.book is book and page.short == short and page.store is store and at < page.until:
            return page
        body = _encode(shown(store, book=book, short=short, channel=channel, language=language, at=at))
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'.encode()
        headers = (*_HEADERS, (b"etag", etag), (b"content-language", language.encode()))
        if len(self._pages) >= PAGES_MAX:
            self._pages.clear()
        made = self._pages[key] = Page(body, etag, headers, book, short, store, _until(book, at))
        return made


def _until(book: MenuBook, at: datetime) -> datetime:
    """Return until when a page holds by itself: hours turn with the minute, prices at any instant."""
    minute = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    change = book.next_change(at)
    return minute if change is None else min(minute, change)


def shown(
    store: Store, *, book: MenuBook, short: frozenset[str], channel: str, language: str, at: datetime
) -> MenuShown:
    """Return the menu of a store: what is on sale and has a list price there, in that channel, at `at`."""
    place = _Place(store, book, short, channel, language == "en", at)
    dishes: dict[str, list[DishShown]] = {}
    for dish in book.dishes:
        found = place.dish(dish)
        if found is not None:
            dishes.setdefault(dish.category_id, []).append(found)
    categories = tuple(place.category(each, dishes[each.id]) for each in book.categories if each.id in dishes)
    name = store.name_en or store.name if place.english else store.name
    return MenuShown(store.id, name, store.licence, store.is_open(at), channel, language, categories)


class _Place(msgspec.Struct, frozen=True):
    """Where, when and in which language a menu is shown."""

    store: Store
    book: MenuBook
    short: frozenset[str]
    channel: str
    english: bool
    at: datetime

    def name(self, of: Category | OptionGroup | SetSlot | Dish | Sku) -> str:
        return of.name_en or of.name if self.english else of.name

    def category(self, category: Category, dishes: list[DishShown]) -> CategoryShown:
        open_now = category.sells_at(self.at, zone=self.store.zone)
        return CategoryShown(category.id, self.name(category), category.periods, open_now, tuple(dishes))

    def dish(self, dish: Dish) -> DishShown | None:
        skus = tuple(found for sku in dish.skus if self.book.sells(sku, dish) and (found := self.sku(sku)))
        if not skus:
            return None
        slots = tuple(self.slot(slot) for slot in dish.slots)
        nothing = all(s.sold_out for s in skus) or any(all(c.sold_out for c in slot.choices) for slot in slots)
        return DishShown(
            id=dish.id,
            kind=dish.kind,
            name=self.name(dish),
            description=dish.description_en or dish.description if self.english else dish.description,
            pictures=dish.pictures,
            tags=in_english(dish.tags) if self.english else dish.tags,
            allergens=in_english(dish.allergens) if self.english else dish.allergens,
            spice=dish.spice,
            calories_kcal=dish.calories_kcal,
            carbon_g=dish.carbon_g,
            prep_minutes=dish.prep_minutes,
            sold_out=nothing,
            skus=skus,
            groups=tuple(self.group(group) for group in dish.groups),
            slots=slots,
        )

    def sku(self, sku: Sku) -> SkuShown | None:
        where = {"store_id": self.store.id, "channel": self.channel, "at": self.at}
        list_fen = self.book.price_of(sku.id, "list", **where)  # type: ignore[arg-type]
        if list_fen is None:
            return None
        member_fen = self.book.price_of(sku.id, "member", **where)  # type: ignore[arg-type]
        less = member_fen if member_fen is not None and member_fen < list_fen else None
        lowest = list_fen if less is None else less
        struck = self.book.reference_fen(sku.id, **where)  # type: ignore[arg-type]
        reference_fen = struck if struck is not None and struck > lowest else None
        return SkuShown(sku.id, self.name(sku), list_fen, less, reference_fen, sku.id in self.short)

    def group(self, group: OptionGroup) -> GroupShown:
        options = tuple(
            OptionShown(o.id, o.name_en or o.name if self.english else o.name, o.price_fen) for o in group.options
        )
        return GroupShown(group.id, self.name(group), group.min_picks, group.max_picks, options)

    def slot(self, slot: SetSlot) -> SlotShown:
        choices = []
        for choice in slot.choices:
            sku = self.book.sku[choice.sku_id]
            dish = self.book.dish[sku.dish_id]
            gone = choice.sku_id in self.short or not self.book.sells(sku, dish)
            kind = self.name(sku)
            name = f"{self.name(dish)} ({kind})" if kind else self.name(dish)
            choices.append(ChoiceShown(choice.sku_id, name, choice.qty, choice.extra_fen, gone))
        return SlotShown(slot.id, self.name(slot), tuple(choices))
