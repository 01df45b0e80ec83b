"""The cheapest legal combination, by branch and bound, with a proof.

The tree: each offer in its declared order is taken or not, taken first.  A branch is left when even the most that the offers still open
could save does not make it cheaper than the best combination found, so what remains is the cheapest; of those that cost the same
it is the first in this order.  The bound never saves less than the tree can:

- promotions of lines: each free piece at the best rate that any open offer gives it, or all that open offers save at most, the smaller;
- offers of the order, then coupons: of those that shut each other out the best one, of coupons as many as an order takes, each at most
  what it saves with nothing else taken, and a percentage at most of the least that can be left when its kind begins.

At `nodes_max` nodes, fewer where a cart is longer than `LINES` lines, the best found is given, with what the cheapest could be at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul

from goodtaste.pricing.benefits import MILLI
from goodtaste.pricing.moves import Cart, Move
from goodtaste.pricing.state import State
from goodtaste.pricing.together import COUPON_ROOM
from goodtaste.pricing.values import COUPON_LANE, Proof

INFINITE = 1 << 62
WHOLE_BP = 10_000
BEAM = 10  # states kept while a first good combination is looked for
LINES = 16  # of a cart that may have all nodes
MANY = 24  # promotions of lines above which a bound and a first combination are looked for with less care
SEEDED = 3  # so few promotions of lines need none


class Search:
    """One search: the moves of one cart in their order, those of lines first."""

    def __init__(self, cart: Cart, moves: Sequence[Move], *, room: list[int], nodes_max: int) -> None:
        self.cart = cart
        self.moves = moves
        self.nodes_max = nodes_max * LINES // max(LINES, len(cart.lines))
        self.nodes = 0
        self.open_fen = INFINITE
        self.best: State | None = None
        self.line_moves = sum(1 for move in moves if move.taking)
        self.coupons_from = sum(1 for move in moves if move.lane != COUPON_LANE)
        self.start = State(cart.amounts, cart.qtys, cart.total, cart.delivery_fen, room)
        self.whole = _whole(moves[: self.line_moves], cart.qtys)
        self.rates = _rates([move for move in moves if move.taking], self.whole, len(cart.lines))
        orders = [move for move in moves if not move.taking]
        self.waivers = [move.index for move in orders if move.delivery]
        self.of_order = _cliques([move for move in orders if move.lane != COUPON_LANE and not move.delivery])
        self.of_coupons = _cliques([move for move in orders if move.lane == COUPON_LANE and not move.delivery])
        self.static = [move.most_fen for move in moves]
        self.coupons_most = self._most_of_coupons(self.static, 0, room[COUPON_ROOM])
        order_most = [max([self.static[n] for n, _ in clique]) for clique in self.of_order]
        self.order_most = self.coupons_most + sum(order_most)
        self.best_fen = INFINITE

    def run(self) -> tuple[State, Proof]:
        """Return the cheapest state and its proof."""
        if self.line_moves > SEEDED:
            self._order_from(self._beam())
        seed, self.best = self.best, None
        self.best_fen += 1  # what costs the same is still looked for: the first in the declared order is taken
        self._lines(self.start, 0)
        if self.best is None:
            self.best, self.best_fen = seed or self.start, self.best_fen - 1
        cost = self.cart.cost(self.best.total, self.best.delivery_fen)
        bound = min(cost, self.open_fen)
        return self.best, Proof(bound == cost, self.nodes, cost, bound)

    def _beam(self) -> State:
        """Return promotions of lines that save much, to have a good combination to measure others by.

        Offer by offer, the `BEAM` states that can still come out lowest are kept.
        """
        states, width = [self.start], BEAM if self.line_moves <= MANY else 2
        for at in range(self.line_moves):
            move, rates = self.moves[at], self.rates[at + 1]
            states += [after for state in states if state.may(move) and (after := state.take(move))]
            if len(states) > width:
                states.sort(key=lambda state: state.total - sum(map(mul, state.free, rates)) // MILLI)
                del states[width:]
        return min(states, key=lambda state: state.total)

    def _lines(self, state: State, at: int) -> None:
        """Look at a node of the promotions of lines: those before `at` are decided."""
        moves, last = self.moves, self.line_moves
        while at < last and not state.may(moves[at]):
            at += 1
        if at == last:
            self._order_from(state)
            return
        if self._closed(self._bound_lines(state, at)):
            return
        taken = state.take(moves[at])
        if taken:
            self._lines(taken, at + 1)
        self._lines(state, at + 1)

    def _closed(self, bound_fen: int) -> bool:
        """Count a node; tell whether it cannot beat the best, or may not be looked at any more."""
        if bound_fen >= self.best_fen:
            return True
        if self.nodes >= self.nodes_max:
            self.open_fen = min(self.open_fen, bound_fen)
            return True
        self.nodes += 1
        return False

    def _bound_lines(self, state: State, at: int) -> int:
        """Return what a state costs at least while promotions of lines from `at` on are open."""
        goods = state.total - sum(map(mul, state.free, self.rates[at])) // MILLI
        shut = state.shut
        for n in self.whole:
            if n >= at and not shut >> n & 1:
                goods -= self.static[n]
        bound = self.cart.cost(max(goods - self.order_most, 0), 0)
        if bound >= self.best_fen:
            return bound
        return self._bound_order(state, goods, self.line_moves, self.static, self.coupons_most)

    def _bound_order(self, state: State, goods: int, at: int, most: Sequence[int], coupons: int) -> int:
        """Return what a state costs at least: `goods` less what offers of the order from `at` on save at most, and `coupons`."""
        delivery, shut = state.delivery_fen, state.shut
        for n in self.waivers if delivery else ():
            if n >= at and not shut >> n & 1:
                delivery -= most[n]
        left = goods - coupons
        for clique in self.of_order:
            best = 0
            for n, bp in clique:
                if n >= at and most[n] > best and not shut >> n & 1:
                    saved = most[n] if not bp else min(most[n], goods * bp // WHOLE_BP)
                    if saved > best:
                        best = saved
            left -= best
        return self.cart.cost(max(left, 0), max(delivery, 0))

    def _most_of_coupons(self, most: Sequence[int], shut: int, room: int) -> int:
        """Return what coupons save of the goods at most: the best of each clique, as many as there is room for."""
        if room <= 0:
            return 0
        best = [max([0 if shut >> n & 1 else most[n] for n, _ in clique]) for clique in self.of_coupons]
        return _top(best, room)

    def _order_from(self, state: State) -> None:
        """Look at the offers of the order and the coupons, with what each saves at most once the lines are decided."""
        most = [0] * len(self.moves)
        for move in self.moves[self.line_moves :]:
            if move.most_fen and state.may(move):
                most[move.index] = move.saves(state.left, state.before, state.delivery_fen)
        self._order(state, self.line_moves, most, self._most_of_coupons(most, state.shut, state.room[COUPON_ROOM]))

    def _order(self, state: State, at: int, most: Sequence[int], coupons: int) -> None:
        """Look at a node of the offers of the order: those before `at` are decided."""
        moves = self.moves
        while at < self.coupons_from and not (most[at] and state.may(moves[at])):
            at += 1
        if at == self.coupons_from:
            self._coupons(state, at)
            return
        if self._closed(self._bound_order(state, state.total, at, most, coupons)):
            return
        taken = state.take(moves[at])
        if taken:
            self._order(taken, at + 1, most, coupons)
        self._order(state, at + 1, most, coupons)

    def _coupons(self, state: State, at: int) -> None:
        """Look at a node of the coupons: each that is open from `at` on is taken first, with later ones; none last."""
        room = state.room[COUPON_ROOM]
        if room <= 0 or at == len(self.moves):
            self._end(state)
            return
        open_: list[
            tuple[Move, int, int]
        ] = []  # what each saves now, at most from here on: of goods, of the delivery fee
        for move in self.moves[at:]:
            if move.most_fen and state.may(move):
                saved = move.saves(state.left, state.before, state.delivery_fen)
                if saved:
                    open_.append((move, 0, saved) if move.delivery else (move, saved, 0))
        goods, fee = _top([each[1] for each in open_], room), _top([each[2] for each in open_], room)
        cost = self.cart.cost
        if self._closed(cost(max(0, state.total - goods), max(0, state.delivery_fen - fee))):
            return
        for n, (move, saved, waived) in enumerate(open_):
            later = open_[n + 1 :] if room > 1 else []
            goods = state.total - saved - _top([each[1] for each in later], room - 1)
            fee = state.delivery_fen - waived - _top([each[2] for each in later], room - 1)
            if cost(max(0, goods), max(0, fee)) < self.best_fen and (taken := state.take(move)):
                self._coupons(taken, move.index + 1)
        self._end(state)

    def _end(self, state: State) -> None:
        """Keep a whole combination where it is the cheapest so far."""
        fen = self.cart.cost(state.total, state.delivery_fen)
        if fen < self.best_fen:
            self.best, self.best_fen = state, fen


def _top(amounts: list[int], room: int) -> int:
    """Return the sum of the `room` largest amounts."""
    return sum(amounts if len(amounts) <= room else sorted(amounts, reverse=True)[:room])


def _whole(moves: Sequence[Move], qtys: Sequence[int]) -> list[int]:
    """Choose the promotions that are bounded by what they save in all, where that is tighter than a rate for each piece."""
    whole: list[int] = []
    if len(moves) > MANY:
        return whole
    open_ = {move.index: move for move in moves}

    def by_piece() -> int:
        rates = [max(rates) for rates in zip(*[move.pieces for move in open_.values()], strict=True)]
        return int(sum(map(mul, rates, qtys))) // MILLI

    bound = by_piece()
    for move in sorted(moves, key=lambda move: move.most_fen * MILLI / max(1, sum(map(mul, move.pieces, qtys)))):
        del open_[move.index]
        without = by_piece() + move.most_fen
        if without < bound:
            whole.append(move.index)
            bound = without - move.most_fen
        else:
            open_[move.index] = move
    return whole


def _rates(moves: Sequence[Move], whole: Sequence[int], lines: int) -> list[list[int]]:
    """Return for each place in the order what a piece of each line can save at most by the promotions from there on."""
    rates = [[0] * lines]
    for move in reversed(moves):
        rates.append(rates[-1] if move.index in whole else list(map(max, rates[-1], move.pieces)))
    return rates[::-1]


def _cliques(moves: Sequence[Move]) -> list[list[tuple[int, int]]]:
    """Part moves into sets of which an order has one each: their numbers, and the percentage of what is left where they take one."""
    cliques: list[tuple[int, list[tuple[int, int]]]] = []
    for move in moves:
        member = (move.index, 0 if move.before else move.bp)
        for n, (mask, members) in enumerate(cliques):
            if mask & ~move.shuts == 0:
                cliques[n] = (mask | 1 << move.index, [*members, member])
                break
        else:
            cliques.append((1 << move.index, [member]))
    return [members for _, members in cliques]
