"""Orders that take and give back an offer at the same moment, again and again: never one beyond a budget or a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from random import Random

from goodtaste.kernel.db import Script, Steps, rows, script
from goodtaste.kernel.ids import new_id
from goodtaste.promo import api as promo
from tests import offers_kit
from tests.offers_kit import counted
from tests.shop import at_once
from tests.shop_kit import Floor

ROUNDS, AT_ONCE = 12, 8
BUDGET, BUDGET_FEN, LIMIT = 7, 5_000, 2


@script
def take(live: Sequence[promo.LiveOffer], order_id: str, *, member_id: str, saved_fen: int, at: datetime) -> Steps[str]:
    """Let an order use an offer as an order does that is placed, where there is room for what it saves."""
    answers = yield promo.offer_queries(live, member_id=member_id)
    hand = promo.hand_of(live, answers, order_id=order_id)
    saved = {each.id: saved_fen for each in hand.live}
    hand = hand.without(hand.too_dear(saved))
    yield promo.use_offers(hand.uses(saved), order_id=order_id, member_id=member_id, had=hand.had, at=at)
    return "taken" if hand.live else hand.out[0].code


@script
def give(order_id: str, *, part_fen: int | None) -> Steps[str]:
    """Give back what an order uses, or so many fen of it."""
    found = yield from rows(promo.offers_of_order(order_id))
    parts = None if part_fen is None else {each.offer_id: min(part_fen, each.saved_fen) for each in found}
    yield promo.give_back_offers(found, parts)
    return "given"


async def test_no_order_is_one_too_many_whatever_is_taken_and_given_back_at_once(floor: Floor) -> None:
    asked = {"budget_count": BUDGET, "budget_fen": BUDGET_FEN, "limit_each": LIMIT}
    offer_id = await offers_kit.a_live_offer(floor, offer={"conditions": {"members_only": True}}, **asked)
    live = [each for each in floor.process.see(promo.LiveOffers).offers if each.id == offer_id]
    members, orders, dice = [await floor.a_member() for _ in range(4)], [new_id()], Random(20261122)
    said: Counter[str] = Counter()

    def act(_: int) -> Script[str]:
        if dice.random() < 0.4:
            return give(dice.choice(orders), part_fen=dice.choice([None, 1, 300]))
        orders.append(new_id())
        member_id = dice.choice(members).id
        return take(live, orders[-1], member_id=member_id, saved_fen=dice.randint(1, 1_500), at=floor.now)

    for _ in range(ROUNDS):
        acts = [act(n) for n in range(AT_ONCE)]
        said.update(await at_once(AT_ONCE, lambda n, acts=acts: floor.db.run(acts[n])))
        used, used_fen = await counted(floor, offer_id)
        assert used <= BUDGET
        assert used_fen <= BUDGET_FEN
        each = f"SELECT member_id FROM promo_offer_use WHERE offer_id = '{offer_id}' GROUP BY member_id HAVING count(*) > {LIMIT}"
        assert await floor.db.execute(each) == []
    assert said["taken"]
    assert said.keys() <= {"taken", "given", "budget_spent", "limit_reached"}, "no race is anybody's refusal"
    await offers_kit.counts_hold(floor)
