"""What is wrong with an offer, or with offers beside each other, before anybody can meet them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations, pairwise
from typing import Any

import msgspec

from goodtaste.pricing.offers import (
    LINE_BENEFITS,
    Benefit,
    Bundle,
    BuyGet,
    CheapestFree,
    Conditions,
    FreeDelivery,
    Gift,
    NthItem,
    Offer,
    PercentOff,
    SpendAndSave,
    UnitPrice,
)
from goodtaste.pricing.values import LANES, Lane, Stage

WHOLE_BP = 10_000
FIRST_YEAR, LAST_YEAR = 2000, 2200  # what lies outside is a mistake


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong: the field, a code with a sentence in `locales` (`pricing.fault.<code>`), and its facts."""

    offer_id: str
    field: str
    code: str
    facts: dict[str, Any] = {}


def stage_of(offer: Offer) -> Stage:
    """Return the stage in which the benefit of an offer works."""
    if isinstance(offer.benefit, LINE_BENEFITS):
        return "line"
    return "gift" if isinstance(offer.benefit, Gift) else "order"


def lane_of(offer: Offer) -> str:
    """Return the lane of an offer: its own, or the one that is called like its stage."""
    return offer.lane or stage_of(offer)


def check(offer: Offer, *, lanes: Sequence[Lane] = LANES) -> list[Fault]:
    """Return what contradicts itself in an offer; empty where it may be kept.

    Whether a bundle costs more than its parts cannot be said here: it then never applies, which is a stated result.
    """
    found = [*_validity(offer), *_place(offer, lanes), *_conditions(offer.conditions), *_benefit(offer)]
    return [Fault(offer.id, field, code, facts) for field, code, facts in found]


_Found = Iterator[tuple[str, str, dict[str, Any]]]


def _validity(offer: Offer) -> _Found:
    spans = {"valid_from_at": offer.valid_from_at, "valid_to_at": offer.valid_to_at}
    whole = True
    for field, at in spans.items():
        if at is not None and at.tzinfo is None:
            whole = False
            yield field, "needs_zone", {}
        elif at is not None and not FIRST_YEAR <= at.year <= LAST_YEAR:
            yield field, "year", {"first": FIRST_YEAR, "last": LAST_YEAR}
    start, end = offer.valid_from_at, offer.valid_to_at
    if whole and isinstance(start, datetime) and isinstance(end, datetime) and start >= end:
        yield "valid_to_at", "never_valid", {}


def _place(offer: Offer, lanes: Sequence[Lane]) -> _Found:
    lane = next((each for each in lanes if each.name == lane_of(offer)), None)
    if lane is None or lane.stage != stage_of(offer):
        yield "lane", "lane", {"lanes": [each.name for each in lanes if each.stage == stage_of(offer)]}
    own = {offer.id, *offer.groups}
    if own & set(offer.gives_way_to):
        yield "gives_way_to", "gives_way_to_itself", {"names": sorted(own & set(offer.gives_way_to))}
    if offer.stacks_with and set(offer.groups) & set(offer.stacks_with):
        yield "stacks_with", "stacks_in_its_group", {"names": sorted(set(offer.groups) & set(offer.stacks_with))}
    for name in sorted(set(offer.stacks_with or ()) & set(offer.gives_way_to)):
        yield "gives_way_to", "stacks_and_gives_way", {"name": name}
    for field in ("groups", "stacks_with", "gives_way_to"):
        yield from _twice(field, getattr(offer, field) or ())


def _twice(field: str, names: Sequence[object]) -> _Found:
    seen = {name for i, name in enumerate(names) if name in names[:i]}
    if seen:
        yield field, "twice", {"names": sorted(map(str, seen))}


def _conditions(asked: Conditions) -> _Found:
    for part in asked.dayparts:
        if part.from_minute == part.to_minute:
            yield "conditions.dayparts", "empty_daypart", {"from_minute": part.from_minute}
    for span in asked.dates:
        if span.from_on > span.to_on:
            yield "conditions.dates", "empty_dates", {"from_on": str(span.from_on), "to_on": str(span.to_on)}
    if asked.party_min and asked.party_max and asked.party_min > asked.party_max:
        yield "conditions.party_max", "empty_party", {"party_min": asked.party_min, "party_max": asked.party_max}
    if asked.weekdays and asked.dates and not _meet(asked):
        yield "conditions.weekdays", "no_such_day", {}
    for field in ("store_ids", "channels", "weekdays", "table_kinds", "segment_ids", "levels"):
        yield from _twice(f"conditions.{field}", getattr(asked, field))


def _meet(asked: Conditions) -> bool:
    """Tell whether any of the dates falls on one of the weekdays."""
    for span in asked.dates:
        days = (span.to_on - span.from_on).days
        first = span.from_on.isoweekday() - 1
        if any((first + n) % 7 + 1 in asked.weekdays for n in range(min(days, 6) + 1)):
            return True
    return False


def _benefit(offer: Offer) -> _Found:
    benefit = offer.benefit
    off_bp = getattr(benefit, "off_bp", None)
    if off_bp is not None and not 0 < off_bp <= WHOLE_BP:
        yield "benefit.off_bp", "percent", {"off_bp": off_bp}
    yield from _twice("benefit.dish_ids", getattr(benefit, "dish_ids", ()))
    yield from _own(benefit)


def _own(benefit: Benefit) -> _Found:
    match benefit:
        case UnitPrice(dish_ids=()):
            yield "benefit.dish_ids", "no_dishes", {}
        case NthItem(n=1):
            yield "benefit.n", "every_item", {}
        case CheapestFree(of=of, free=free) if free >= of:
            yield "benefit.free", "all_free", {"of": of, "free": free}
        case BuyGet():
            yield from _buy_get(benefit)
        case Bundle():
            yield from _bundle(benefit)
        case SpendAndSave():
            yield from _tiers(benefit)
        case PercentOff() | FreeDelivery():
            yield from _cap(benefit)


def _buy_get(benefit: BuyGet) -> _Found:
    both = set(benefit.dish_ids) & set(benefit.get_dish_ids)
    if both:
        yield "benefit.get_dish_ids", "bought_and_got", {"dish_ids": sorted(both)}
    if benefit.get_dish_ids and not benefit.dish_ids:
        yield "benefit.dish_ids", "no_dishes", {}


def _bundle(benefit: Bundle) -> _Found:
    if sum(part.qty for part in benefit.parts) < 2:
        yield "benefit.parts", "bundle_of_one", {}
    for part in benefit.parts:
        if not part.dish_ids:
            yield "benefit.parts", "no_dishes", {}
    for one, other in combinations(benefit.parts, 2):
        both = set(one.dish_ids) & set(other.dish_ids)
        if both:
            yield "benefit.parts", "in_two_parts", {"dish_ids": sorted(both)}


def _tiers(benefit: SpendAndSave) -> _Found:
    for tier in benefit.tiers:
        if not tier.off_fen:
            yield "benefit.tiers", "nothing_off", {"threshold_fen": tier.threshold_fen}
        if tier.off_fen > tier.threshold_fen:
            yield "benefit.tiers", "below_value", {"threshold_fen": tier.threshold_fen, "off_fen": tier.off_fen}
    for low, high in pairwise(benefit.tiers):
        facts = {"low_fen": low.threshold_fen, "high_fen": high.threshold_fen}
        if high.threshold_fen <= low.threshold_fen:
            yield "benefit.tiers", "tiers_overlap", facts
        elif high.off_fen <= low.off_fen:
            yield "benefit.tiers", "tiers_fall", facts
    if benefit.times > 1 and len(benefit.tiers) > 1:
        yield "benefit.times", "tiers_repeat", {}


def _cap(benefit: PercentOff | FreeDelivery) -> _Found:
    if benefit.cap_fen == 0:
        yield "benefit.cap_fen", "nothing_off", {"threshold_fen": benefit.threshold_fen}
    if benefit.cap_fen and 0 < benefit.threshold_fen < benefit.cap_fen and isinstance(benefit, PercentOff):
        most = benefit.threshold_fen * benefit.off_bp // WHOLE_BP
        if most * 100 <= benefit.cap_fen:
            yield "benefit.threshold_fen", "in_yuan", {"threshold_fen": benefit.threshold_fen}


def check_set(offers: Sequence[Offer]) -> list[Fault]:
    """Return what contradicts between offers that stand beside each other: ids twice, rings of giving way, stacking that is shut out."""
    found: list[Fault] = []
    by_id = {offer.id: offer for offer in offers}
    if len(by_id) < len(offers):
        ids = [offer.id for offer in offers]
        found += [Fault(each, "id", "twice", {"names": [each]}) for each in sorted(by_id) if ids.count(each) > 1]
    for ring in _rings(by_id):
        names = [by_id[each].name for each in ring]
        found.append(Fault(ring[0], "gives_way_to", "ring", {"offer_ids": ring, "names": names}))
    for one, other in combinations(by_id.values(), 2):
        found += _contradiction(one, other)
    return found


def _rings(by_id: Mapping[str, Offer]) -> Iterator[list[str]]:
    """Give each ring of offers of which each gives way to the next, once, beginning with its smallest id."""
    ways = {
        each.id: [
            other.id
            for other in by_id.values()
            if other.id != each.id and {other.id, *other.groups} & set(each.gives_way_to)
        ]
        for each in by_id.values()
    }
    done: set[str] = set()
    for start in sorted(ways):
        ring = _ring_from(start, ways, done)
        if ring:
            yield ring
        done.add(start)


def _ring_from(start: str, ways: Mapping[str, Sequence[str]], done: set[str]) -> list[str]:
    """Return the shortest ring through `start` that touches none of `done`; empty where there is none."""
    came: dict[str, str] = {}
    edge = [start]
    while edge:
        following: list[str] = []
        for at in edge:
            for to in ways[at]:
                if to == start:
                    return _back(at, start, came)
                if to not in came and to not in done:
                    came[to] = at
                    following.append(to)
        edge = following
    return []


def _back(last: str, start: str, came: Mapping[str, str]) -> list[str]:
    path = [last]
    while path[-1] != start:
        path.append(came[path[-1]])
    return path[::-1]


def _contradiction(one: Offer, other: Offer) -> Iterator[Fault]:
    for asking, asked in ((one, other), (other, one)):
        if asking.stacks_with is None or asked.id not in asking.stacks_with:
            continue
        told: dict[str, Any] = {"offer_id": asked.id, "name": asked.name}
        if set(one.groups) & set(other.groups):
            facts = told | {"names": sorted(set(one.groups) & set(other.groups))}
            yield Fault(asking.id, "stacks_with", "stacks_and_excludes", facts)
        names = {asking.id, *asking.groups, lane_of(asking)}
        if asked.stacks_with is not None and not names & set(asked.stacks_with):
            yield Fault(asking.id, "stacks_with", "stacks_one_sided", told)
        if set(asked.groups) & set(asking.gives_way_to):
            yield Fault(asking.id, "gives_way_to", "stacks_and_gives_way", told)
