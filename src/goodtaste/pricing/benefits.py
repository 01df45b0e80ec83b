"""What each benefit takes off, piece by piece.

A promotion of lines takes pieces that no other has taken, and what it saves is shared over all pieces that made it come about: the one
that is free and the ones that were bought for it.  So the return of one of them brings back its part, and no free piece is left over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from goodtaste.kernel.money import basis_points, share
from goodtaste.pricing.offers import Bundle, BuyGet, CheapestFree, LineBenefit, NthItem, UnitPercent, UnitPrice

MILLI = 1_000  # bounds a piece are kept in thousandths of a fen, rounded up

Take = tuple[int, int, int]
"""Of the line at this place so many pieces, and so much off them."""
Taking = Callable[[Sequence[int]], tuple[list[Take], int]]
"""From the pieces that are free, by line: what is taken, and how many sets came together; nothing where nothing is saved."""

_NOTHING: tuple[list[Take], int] = ([], 0)


def chosen(dish_ids: Sequence[str], dishes: Sequence[str]) -> list[int]:
    """Return the places of the lines whose dish is one of `dish_ids`; all of them where none is named."""
    return [i for i, dish in enumerate(dishes) if dish in dish_ids] if dish_ids else list(range(len(dishes)))


def line_taking(benefit: LineBenefit, dishes: Sequence[str], units: Sequence[int]) -> Taking:
    """Return what a promotion of lines does on these lines.

    Where it contradicts itself, which `check` finds when it is saved, no piece is taken twice and none costs less than nothing.
    """
    if isinstance(benefit, UnitPrice):
        return _unit_price(benefit, dishes, units)
    if isinstance(benefit, UnitPercent):
        return _unit_percent(benefit, dishes, units)
    if isinstance(benefit, NthItem):
        return _in_sets(benefit.n - 1, 1, benefit.off_bp, benefit.times, chosen(benefit.dish_ids, dishes), units)
    if isinstance(benefit, BuyGet):
        return _buy_get(benefit, dishes, units)
    if isinstance(benefit, Bundle):
        return _bundle(benefit, dishes, units)
    return _cheapest_free(benefit, dishes, units)


def most_a_piece(benefit: LineBenefit, dishes: Sequence[str], units: Sequence[int], qtys: Sequence[int]) -> list[int]:
    """Return for each line a bound, in thousandths of a fen: what is saved is never above the sum over the pieces taken.

    Of a set the discounted pieces are its cheapest: at most their share of its value, in which no piece counts for more than the dearest
    that can be discounted (the second of all, where each second one is).  A bundle saves at most the rate that its dearest form saves.
    """
    bounds = [0] * len(units)
    if isinstance(benefit, UnitPrice):
        for i in chosen(benefit.dish_ids, dishes):
            bounds[i] = max(0, units[i] - benefit.price_fen) * MILLI
        return bounds
    full = 0
    if isinstance(benefit, Bundle):
        worth = sum(_dearest(chosen(part.dish_ids, dishes), units, qtys, part.qty) for part in benefit.parts)
        named: Sequence[str] = [dish for part in benefit.parts for dish in part.dish_ids]
        over, under = max(0, worth - benefit.price_fen), max(worth, 1)
    elif isinstance(benefit, UnitPercent):
        named, over, under = benefit.dish_ids, benefit.off_bp, 10_000
    elif isinstance(benefit, NthItem):
        named, over, under, full = benefit.dish_ids, benefit.off_bp, 10_000 * benefit.n, benefit.n - 1
    elif isinstance(benefit, CheapestFree):
        named, over, under, full = benefit.dish_ids, benefit.free, benefit.of, benefit.of - benefit.free
    elif benefit.get_dish_ids:
        named, over, under = benefit.get_dish_ids, benefit.off_bp, 10_000
    else:
        size = benefit.buy + benefit.get
        named, over, under, full = benefit.dish_ids, benefit.off_bp * benefit.get, 10_000 * size, benefit.buy
    places = chosen(named, dishes)
    most = _dearest(places, units, qtys, full + 1) - _dearest(places, units, qtys, full) if full else None
    for i in places:
        bounds[i] = -(-(units[i] if most is None else min(units[i], most)) * over * MILLI // under)
    return bounds


def most_free(benefit: CheapestFree, dishes: Sequence[str], units: Sequence[int], qtys: Sequence[int]) -> int:
    """Return what the cheapest can be worth at most: where others take the cheap pieces first, the dearest ones are left."""
    places = chosen(benefit.dish_ids, dishes)
    return _dearest(places, units, qtys, benefit.of) - _dearest(places, units, qtys, benefit.of - benefit.free)


def _dearest(places: Sequence[int], units: Sequence[int], qtys: Sequence[int], wanted: int) -> int:
    """Return what the `wanted` dearest pieces of some lines are worth."""
    worth = 0
    for i in sorted(places, key=lambda i: -units[i]):
        pieces = min(wanted, qtys[i])
        worth, wanted = worth + pieces * units[i], wanted - pieces
    return worth


def _unit_price(benefit: UnitPrice, dishes: Sequence[str], units: Sequence[int]) -> Taking:
    less = [(i, units[i] - benefit.price_fen) for i in chosen(benefit.dish_ids, dishes) if units[i] > benefit.price_fen]

    def taking(free: Sequence[int]) -> tuple[list[Take], int]:
        return [(i, free[i], saved * free[i]) for i, saved in less if free[i]], 0

    return taking


def _unit_percent(benefit: UnitPercent, dishes: Sequence[str], units: Sequence[int]) -> Taking:
    off_bp, places = min(benefit.off_bp, 10_000), chosen(benefit.dish_ids, dishes)

    def taking(free: Sequence[int]) -> tuple[list[Take], int]:
        takes = [(i, free[i], units[i] * free[i] * off_bp // 10_000) for i in places if free[i]]
        return [take for take in takes if take[2]], 0

    return taking


def _in_sets(buy: int, get: int, off_bp: int, times: int, places: Sequence[int], units: Sequence[int]) -> Taking:
    """Of each `buy` + `get` pieces, dearest first, the last `get` are `off_bp` less."""
    dearest = sorted(places, key=lambda i: (-units[i], i))
    size = buy + get
    off = [basis_points(unit, min(off_bp, 10_000)) for unit in units]

    def cheap(position: int) -> int:
        return position // size * get + max(0, position % size - buy)

    def taking(free: Sequence[int]) -> tuple[list[Take], int]:
        sets = min(sum([free[i] for i in dearest]) // size, times)
        if not sets:
            return _NOTHING
        end, position, saved = sets * size, 0, 0
        took: list[tuple[int, int]] = []
        for i in dearest:
            pieces = min(free[i], end - position)
            if pieces:
                took.append((i, pieces))
                saved += off[i] * (cheap(position + pieces) - cheap(position))
                position += pieces
        return _shared(took, saved, units), sets

    return taking


def _shared(took: Sequence[tuple[int, int]], saved: int, units: Sequence[int]) -> list[Take]:
    """Share what is saved over the pieces taken, by what they are worth."""
    if not saved:
        return []
    parts = share(saved, weights=[units[i] * pieces for i, pieces in took])
    return [(i, pieces, part) for (i, pieces), part in zip(took, parts, strict=True)]


def _buy_get(benefit: BuyGet, dishes: Sequence[str], units: Sequence[int]) -> Taking:
    bought = chosen(benefit.dish_ids, dishes)
    if not benefit.get_dish_ids:
        return _in_sets(benefit.buy, benefit.get, benefit.off_bp, benefit.times, bought, units)
    dearest = sorted(chosen(benefit.get_dish_ids, dishes), key=lambda i: (-units[i], i))
    cheapest = sorted([i for i in bought if i not in dearest], key=lambda i: (units[i], i))
    off = [basis_points(unit, min(benefit.off_bp, 10_000)) for unit in units]

    def taking(free: Sequence[int]) -> tuple[list[Take], int]:
        given = sum([free[i] for i in dearest])
        sets = min(sum([free[i] for i in cheapest]) // benefit.buy, -(-given // benefit.get), benefit.times)
        if not sets:
            return _NOTHING
        got = _first(dearest, free, min(given, sets * benefit.get))
        saved = sum([off[i] * pieces for i, pieces in got])
        return _shared([*got, *_first(cheapest, free, sets * benefit.buy)], saved, units), sets

    return taking


def _first(places: Sequence[int], free: Sequence[int], wanted: int) -> list[tuple[int, int]]:
    """Return the first `wanted` free pieces of the lines at these places."""
    took = []
    for i in places:
        pieces = min(wanted, free[i])
        if pieces:
            took.append((i, pieces))
            wanted -= pieces
    return took


def _bundle(benefit: Bundle, dishes: Sequence[str], units: Sequence[int]) -> Taking:
    parts: list[tuple[list[int], int]] = []
    for part in benefit.parts:
        earlier = {i for places, _ in parts for i in places}
        named = [i for i in chosen(part.dish_ids, dishes) if i not in earlier]
        parts.append((sorted(named, key=lambda i: (-units[i], i)), part.qty))

    def taking(free: Sequence[int]) -> tuple[list[Take], int]:
        left, sets, saved = list(free), 0, 0
        took: dict[int, int] = {}
        while sets < benefit.times:
            one = [each for places, qty in parts for each in _first(places, left, qty)]
            less = sum([units[i] * pieces for i, pieces in one]) - benefit.price_fen
            if less <= 0 or sum([pieces for _, pieces in one]) < sum([qty for _, qty in parts]):
                break
            alike = min(benefit.times - sets, *[left[i] // pieces for i, pieces in one])
            for i, pieces in one:
                took[i] = took.get(i, 0) + pieces * alike
                left[i] -= pieces * alike
            sets, saved = sets + alike, saved + less * alike
        return _shared(list(took.items()), saved, units), sets

    return taking


def _cheapest_free(benefit: CheapestFree, dishes: Sequence[str], units: Sequence[int]) -> Taking:
    cheapest = sorted(chosen(benefit.dish_ids, dishes), key=lambda i: (units[i], i))

    def taking(free: Sequence[int]) -> tuple[list[Take], int]:
        if sum([free[i] for i in cheapest]) < benefit.of:
            return _NOTHING
        saved = sum([units[i] * pieces for i, pieces in _first(cheapest, free, min(benefit.free, benefit.of))])
        return _shared(_first(cheapest, free, benefit.of), saved, units), 1

    return taking


def pieces_missing(benefit: LineBenefit, dishes: Sequence[str], qtys: Sequence[int]) -> dict[str, Any]:
    """Return how many pieces, and of which dishes, a promotion of several pieces lacks; empty where they are there."""
    wants: list[tuple[Sequence[str], int]] = []
    if isinstance(benefit, NthItem):
        wants = [(benefit.dish_ids, benefit.n)]
    elif isinstance(benefit, CheapestFree):
        wants = [(benefit.dish_ids, benefit.of)]
    elif isinstance(benefit, Bundle):
        wants = [(part.dish_ids, part.qty) for part in benefit.parts]
    elif isinstance(benefit, BuyGet) and benefit.get_dish_ids:
        wants = [(benefit.dish_ids, benefit.buy), (benefit.get_dish_ids, 1)]
    elif isinstance(benefit, BuyGet):
        wants = [(benefit.dish_ids, benefit.buy + benefit.get)]
    missing = 0
    lacking: list[str] = []
    for dish_ids, wanted in wants:
        short = wanted - sum(qtys[i] for i in chosen(dish_ids, dishes))
        if short > 0:
            missing += short
            lacking += dish_ids
    return {"missing_pieces": missing, "dish_ids": lacking} if missing else {}


def dishes_of(benefit: LineBenefit) -> list[str]:
    """Return the dishes that a promotion of lines names; none where it is for all."""
    if isinstance(benefit, Bundle):
        return [dish for part in benefit.parts for dish in part.dish_ids]
    return [*benefit.dish_ids, *(benefit.get_dish_ids if isinstance(benefit, BuyGet) else ())]
