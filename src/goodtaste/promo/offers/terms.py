"""What people say of an offer, and every fault of it that can be seen when it is saved."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, get_args

import msgspec

from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Fen, Input, Line, Positive
from goodtaste.member.api import Program
from goodtaste.menu.api import MenuBook
from goodtaste.org.api import Directory
from goodtaste.pricing import api as pricing
from goodtaste.promo.offers.uses import LIMIT_MAX

FAULTS_MAX = 20  # that are told at once
STRANGERS_MAX = 10  # ids that one fault names


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with an offer: the field, and the code of the sentence that says what to do."""

    field: str
    code: str
    facts: dict[str, Any] = {}


class BadOffer(Refusal):
    """Raised for an offer that contradicts itself or others.  Facts: `field`, `why` (the code of the reason), `faults` (each with
    field, code, facts), and those of the first one."""

    code = "promo.bad_offer"
    status = 422

    @classmethod
    def of(cls, found: Sequence[Fault]) -> BadOffer:
        """Return the refusal for these faults, the first one first."""
        faults = [msgspec.to_builtins(each) for each in found[:FAULTS_MAX]]
        return cls(field=found[0].field, why=found[0].code, faults=faults, **found[0].facts)


class Terms(Input, frozen=True):
    """What people say of an offer: the offer as the engine takes it, who bears its cost, and how often it may be used.

    `budget_count`: orders in all; `budget_fen`: what they save in all; `limit_each`: orders of one member.  None: without end.
    """

    offer: pricing.Offer
    cost_centre: Line = ""
    budget_count: Positive | None = None
    budget_fen: Fen | None = None
    limit_each: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] | None = None


class Known(msgspec.Struct, frozen=True):
    """What the house knows of stores, dishes and levels now."""

    directory: Directory
    book: MenuBook
    program: Program


def known_here(ctx: Ctx) -> Known:
    """Return what this process knows of stores, dishes and levels now."""
    return Known(ctx.see(Directory), ctx.see(MenuBook), ctx.see(Program))


def faults_of(offer_id: str, terms: Terms, here: Known, *, at: datetime) -> list[Fault]:
    """Return every fault of an offer that is saved or published at `at`."""
    asked = terms.offer
    found = [_of_engine(each) for each in pricing.check(asked)]
    if asked.id != offer_id:
        found.append(Fault("offer.id", "promo.fault.other_id", {"offer_id": offer_id}))
    end = asked.valid_to_at
    if end is not None and end.tzinfo is not None and end <= at:
        shown = end.astimezone(zone_of(here.program.calendar.zone)).isoformat()
        found.append(Fault("offer.valid_to_at", "promo.fault.expired", {"valid_to_at": shown}))
    if terms.limit_each is not None and not _for_members(asked.conditions):
        found.append(Fault("limit_each", "promo.fault.limit_for_guests"))
    if terms.budget_fen == 0:
        found.append(Fault("budget_fen", "promo.fault.no_budget"))
    found += _strangers(asked, here)
    return found or [*_idle(asked.benefit, here.book, at=at)]


def faults_among(terms: Terms, others: Sequence[pricing.Offer]) -> list[Fault]:
    """Return the faults of an offer together with others that hold.

    Only those are looked at that could contradict it: the others were looked at when they were published.
    """
    asked = terms.offer
    named = set(asked.stacks_with or ())
    near = [each for each in others if each.gives_way_to or each.stacks_with is not None or each.id in named]
    return [_of_engine(each) for each in pricing.check_set([*near, asked]) if _concerns(each, asked.id)]


def _of_engine(fault: pricing.Fault) -> Fault:
    return Fault(f"offer.{fault.field}", f"pricing.fault.{fault.code}", fault.facts)


def _concerns(fault: pricing.Fault, offer_id: str) -> bool:
    return offer_id in (fault.offer_id, fault.facts.get("offer_id"), *fault.facts.get("offer_ids", ()))


def _for_members(conditions: pricing.Conditions) -> bool:
    """Tell whether no guest can have it."""
    asked = conditions
    return bool(asked.members_only or asked.segment_ids or asked.levels or asked.first_order or asked.birthday)


def _strangers(asked: pricing.Offer, here: Known) -> Iterator[Fault]:
    """Give the stores, channels, levels, dishes and SKUs that there are not."""
    conditions = asked.conditions
    yield from _unknown("conditions.store_ids", conditions.store_ids, here.directory.stores)
    yield from _unknown("conditions.channels", conditions.channels, get_args(pricing.Channel))
    yield from _unknown("conditions.levels", conditions.levels, [level.code for level in here.program.levels])
    for field, dish_ids in _dishes_of(asked.benefit):
        yield from _unknown(f"benefit.{field}", dish_ids, here.book.dish)
    if isinstance(asked.benefit, pricing.Gift):
        yield from _unknown("benefit.sku_id", [asked.benefit.sku_id], here.book.sku)


def _idle(benefit: pricing.Benefit, book: MenuBook, *, at: datetime) -> Iterator[Fault]:
    """Give the thresholds that any one portion reaches: amounts in yuan, or a threshold where none was meant."""
    field, asked = "offer.benefit.threshold_fen", [getattr(benefit, "threshold_fen", 0)]
    if isinstance(benefit, pricing.SpendAndSave):
        field, asked = "offer.benefit.tiers", [e.threshold_fen for e in benefit.tiers if e.off_fen < e.threshold_fen]
    least_fen = book.least_fen(getattr(benefit, "dish_ids", ()), at=at) or 0
    for threshold_fen in asked:
        if 0 < threshold_fen <= least_fen:
            facts = {"threshold_fen": threshold_fen, "least_fen": least_fen}
            yield Fault(field, "promo.fault.idle_threshold", facts)


def _unknown(field: str, names: Sequence[str], there: Container[str]) -> Iterator[Fault]:
    strangers = [each for each in names if each not in there]
    if strangers:
        yield Fault(f"offer.{field}", "promo.fault.unknown", {"names": strangers[:STRANGERS_MAX]})


def _dishes_of(benefit: pricing.Benefit) -> Iterator[tuple[str, tuple[str, ...]]]:
    for field in ("dish_ids", "get_dish_ids"):
        yield field, getattr(benefit, field, ())
    for i, part in enumerate(getattr(benefit, "parts", ())):
        yield f"parts[{i}].dish_ids", part.dish_ids
