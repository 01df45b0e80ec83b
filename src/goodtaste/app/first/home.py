"""What the diner's home page shows to somebody who is new: the same choice and the same sentences as the app's own.

`recommended`, `opening` and `daypart` answer as their namesakes in `web/diner/src/lib`; both are held against `web/diner/test/first.json`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from goodtaste.kernel.calendar import zone_of
from goodtaste.menu.diner import DishShown, MenuShown
from goodtaste.org.rules import Hours, Span, spans_of
from goodtaste.org.stores import StoreView
from goodtaste.promo.offers.words import DinerOffer

PICKS_MAX = 8
BANNERS_MAX = 5
STORES_MAX = 5
DAY_MINUTES = 1440
AHEAD_DAYS = 31  # a store that opens at none of these has no hours
_SIGNATURE = re.compile("招牌|signature", re.IGNORECASE)
_PARTS = ((5, "night"), (11, "morning"), (14, "noon"), (17, "afternoon"), (22, "evening"), (24, "night"))

Words = Mapping[str, str]


class Pick(msgspec.Struct, frozen=True):
    """A dish that is recommended, and why: a key of the app's sentences, and the tag it speaks of."""

    dish: DishShown
    why: str
    tag: str = ""


class Banner(msgspec.Struct, frozen=True):
    """A banner: three lines, and the dish that is pictured."""

    over: str
    title: str
    sub: str
    picture: str


class Home(msgspec.Struct, frozen=True):
    """All that the home page shows: `hello` is a key of the app's sentences."""

    language: str
    hello: str
    store: StoreView
    opening: str
    stores: Sequence[tuple[StoreView, str]]
    banners: Sequence[Banner]
    picks: Sequence[Pick]
    licence: str


def recommended(menu: MenuShown) -> list[Pick]:
    """Return the dishes that are shown first: the signatures, the first category that is open, then dishes with a tag."""
    now = [each for each in menu.categories if each.open_now]
    dishes = [dish for each in now for dish in each.dishes if not dish.sold_out]
    found: dict[str, Pick] = {}

    def take(dish: DishShown, why: str, tag: str = "") -> None:
        if len(found) < PICKS_MAX:
            found.setdefault(dish.id, Pick(dish, why, tag))

    for dish in dishes:
        if any(_SIGNATURE.search(tag) for tag in dish.tags):
            take(dish, "why.sign")
    for dish in now[0].dishes if now else ():
        if not dish.sold_out:
            take(dish, "why.hot")
    for dish in dishes:
        if dish.tags and dish.tags[0]:
            take(dish, "why.tag", dish.tags[0])
    return list(found.values())


def daypart(hour: int) -> str:
    """Return the part of the day that an hour belongs to."""
    return next(name for until, name in _PARTS if hour < until)


def opening(store: StoreView, *, at: datetime, words: Words) -> str:
    """Return whether a store is open, in words."""
    wall = at.astimezone(zone_of(store.zone))
    today, now = wall.date(), wall.hour * 60 + wall.minute
    special = {each.day: each.spans for each in store.special_days}
    if store.open_now:
        closes = _closes(store.hours, special, today, now)
        return words["store.open_always"] if closes is None else fill(words["store.open_until"], time=_clock(closes))
    for days in range(AHEAD_DAYS if store.open else 0):
        spans = spans_of(store.hours, special, today + timedelta(days=days))
        opens = [each.opens for each in spans if days or each.opens > now]
        if opens:
            key = ("store.opens_at", "store.opens_tomorrow")[days] if days < 2 else "store.opens_later"
            return fill(words[key], time=_clock(min(opens)), days=days)
    return words["store.closed"]


def home(
    menu: MenuShown,
    *,
    store: StoreView,
    stores: Sequence[StoreView],
    offers: Sequence[DinerOffer],
    at: datetime,
    words: Words,
) -> Home:
    """Return what the home page shows at `at`, in the language of the menu."""
    picks = recommended(menu)
    near = [(each, opening(each, at=at, words=words)) for each in stores[:STORES_MAX]]
    hour = at.astimezone(zone_of(store.zone)).hour
    return Home(
        language=menu.language,
        hello=f"hello.{daypart(hour)}",
        store=store,
        opening=opening(store, at=at, words=words),
        stores=near,
        banners=_banners(picks, offers, words),
        picks=picks,
        licence=menu.licence,
    )


def _banners(picks: Sequence[Pick], offers: Sequence[DinerOffer], words: Words) -> list[Banner]:
    """Return the offers that are live; where there is none, the dish of the house."""
    pictures = [picture_of(each.dish) for each in picks]
    if offers:
        return [
            Banner(
                _until(each.until, words),
                each.name,
                " · ".join([*each.gives, *each.conditions][:2]),
                pictures[n % len(pictures)] if pictures else "",
            )
            for n, each in enumerate(offers[:BANNERS_MAX])
        ]
    star = next((each for each in picks if each.why == "why.sign"), picks[0] if picks else None)
    if star is None:
        return []
    return [Banner(words["home.welcome"], star.dish.name, star.dish.description, picture_of(star.dish))]


def picture_of(dish: DishShown) -> str:
    """Return where the picture of a dish is, or nothing."""
    return f"/{dish.pictures[0].lstrip('/')}" if dish.pictures else ""


def _until(until: datetime | None, words: Words) -> str:
    if until is None:
        return words["home.offer_always"]
    return fill(words["home.offer_until"], day=f"{until.astimezone(zone_of('Asia/Shanghai')):%Y-%m-%d}")


def _closes(hours: Sequence[Hours], special: Mapping[date, Sequence[Span]], today: date, now: int) -> int | None:
    """Return the minute of its day at which a store that is open closes; None where it closes at no time today."""
    yesterday = spans_of(hours, special, today - timedelta(days=1))
    late = next((each.closes for each in yesterday if now + DAY_MINUTES < each.closes), None)
    if late is not None:
        return late - DAY_MINUTES
    span = next((each for each in spans_of(hours, special, today) if each.opens <= now < each.closes), None)
    return None if span is None or (span.opens, span.closes) == (0, DAY_MINUTES) else span.closes


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def fill(sentence: str, **facts: object) -> str:
    """Return a sentence of the app with its `{places}` filled."""
    for name, value in facts.items():
        sentence = sentence.replace(f"{{{name}}}", str(value))
    return sentence
