"""An offer in words: what it gives, and when and for whom, as a diner reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.words import sentence
from goodtaste.member.api import Program
from goodtaste.menu.api import MenuBook
from goodtaste.pricing import api as pricing

NAMES_MAX = 6  # dishes named in one sentence
FREE_BP = 10_000

Say = Callable[..., str]


class DinerOffer(msgspec.Struct, frozen=True):
    """An offer as a diner reads it: what it gives, and when and for whom.  `until`: its last instant is before this one."""

    id: str
    name: str
    gives: list[str]
    conditions: list[str]
    until: datetime | None


def in_words(offer: pricing.Offer, *, language: str, book: MenuBook, program: Program, zone: str) -> DinerOffer:
    """Return an offer in the words of a language, for a store in `zone`."""

    def say(code: str, **facts: Any) -> str:
        return sentence(f"promo.offer.{code}", language, facts).say

    name = offer.name_en if language == "en" and offer.name_en else offer.name
    gives = list(_gives(offer.benefit, say, language, book))
    conditions = [
        *_who(offer.conditions, say, language, program),
        *_when(offer.conditions, say),
        *_span(offer, say, zone),
    ]
    return DinerOffer(offer.id, name, gives, conditions, offer.valid_to_at)


def is_for_all(offer: pricing.Offer) -> bool:
    """Tell whether everybody may read of an offer: one for segments is for those who are in them."""
    return not offer.conditions.segment_ids


def rate(off_bp: int, language: str) -> str:
    """Return what comes off as people write it: in Chinese the tenths that are left to pay (8.5 折), in English the percentage off."""
    hundredths = 10_000 - off_bp if language != "en" else off_bp
    text = f"{hundredths / (1_000 if language != 'en' else 100):.2f}"
    return text.rstrip("0").rstrip(".")


def _dishes(dish_ids: Sequence[str], say: Say, language: str, book: MenuBook) -> str:
    if not dish_ids:
        return say("every_dish")
    found = [book.dish[each] for each in dish_ids[:NAMES_MAX] if each in book.dish]
    names = [each.name_en if language == "en" and each.name_en else each.name for each in found]
    listed = say("dishes", names=names)
    return listed if len(dish_ids) <= NAMES_MAX else say("dishes_and_more", names=names, n=len(dish_ids))


def _gives(benefit: pricing.Benefit, say: Say, language: str, book: MenuBook) -> Iterator[str]:
    """Give what comes off lines; what comes off the order is said by `_order_gives`."""
    dishes = _dishes(getattr(benefit, "dish_ids", ()), say, language, book)
    off_bp = getattr(benefit, "off_bp", 0)
    off, free = rate(off_bp, language), off_bp == FREE_BP
    match benefit:
        case pricing.UnitPrice():
            yield say("unit_price", dishes=dishes, price_fen=benefit.price_fen)
        case pricing.UnitPercent():
            yield say("unit_percent", dishes=dishes, rate=off)
        case pricing.NthItem():
            yield say("nth_free" if free else "nth_item", dishes=dishes, n=benefit.n, rate=off)
        case pricing.BuyGet():
            got = _dishes(benefit.get_dish_ids or benefit.dish_ids, say, language, book)
            code = "buy_get_free" if free else "buy_get"
            yield say(code, dishes=dishes, buy=benefit.buy, get=benefit.get, got=got, rate=off)
        case pricing.Bundle():
            parts = [f"{_dishes(each.dish_ids, say, language, book)}×{each.qty}" for each in benefit.parts]
            yield say("bundle", parts=parts, price_fen=benefit.price_fen)
        case pricing.CheapestFree():
            yield say("cheapest_free", dishes=dishes, of=benefit.of, free=benefit.free)
        case _:
            yield from _order_gives(benefit, dishes, say, language)


def _order_gives(benefit: pricing.Benefit, dishes: str, say: Say, language: str) -> Iterator[str]:
    match benefit:
        case pricing.SpendAndSave():
            code = "each_spent" if benefit.times > 1 else "tier"
            for tier in benefit.tiers:
                yield say(code, dishes=dishes, threshold_fen=tier.threshold_fen, off_fen=tier.off_fen)
        case pricing.PercentOff():
            yield say("percent_off", dishes=dishes, rate=rate(benefit.off_bp, language))
            yield from _from(benefit.threshold_fen, say)
            if benefit.cap_fen is not None:
                yield say("cap", cap_fen=benefit.cap_fen)
        case pricing.Gift():
            name = benefit.name_en if language == "en" and benefit.name_en else benefit.name
            yield say("gift", name=name, qty=benefit.qty)
            yield from _from(benefit.threshold_fen, say)
        case pricing.FreeDelivery():
            yield say("free_delivery")
            yield from _from(benefit.threshold_fen, say)


def _from(threshold_fen: int, say: Say) -> Iterator[str]:
    if threshold_fen:
        yield say("from", threshold_fen=threshold_fen)


def _who(asked: pricing.Conditions, say: Say, language: str, program: Program) -> Iterator[str]:
    if asked.levels:
        levels = [program.level(code) for code in asked.levels]
        yield say("levels", names=[each.name_en if language == "en" else each.name for each in levels])
    elif asked.members_only:
        yield say("members_only")
    if asked.first_order:
        yield say("first_order")
    if asked.birthday:
        yield say("birthday", before=asked.birthday.days_before, after=asked.birthday.days_after)
    if asked.party_min:
        yield say("party_min", n=asked.party_min)
    if asked.party_max:
        yield say("party_max", n=asked.party_max)
    if asked.channels:
        yield say("channels", names=asked.channels)


def _when(asked: pricing.Conditions, say: Say) -> Iterator[str]:
    if asked.weekdays:
        yield say("weekdays", names=sorted(asked.weekdays))
    if asked.dayparts:
        yield say("dayparts", spans=[f"{_clock(e.from_minute)}–{_clock(e.to_minute)}" for e in asked.dayparts])
    if asked.dates:
        yield say("dates", spans=[f"{each.from_on}–{each.to_on}" for each in asked.dates])


def _span(offer: pricing.Offer, say: Say, zone: str) -> Iterator[str]:
    if offer.valid_to_at is not None:
        yield say("until", at=f"{offer.valid_to_at.astimezone(zone_of(zone)):%Y-%m-%d %H:%M}")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
