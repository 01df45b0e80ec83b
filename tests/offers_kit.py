"""Offers in the shop's words: what is said of one, and how it comes to be live."""

from __future__ import annotations

from typing import Any

from goodtaste.kernel.ids import new_id
from goodtaste.promo import api as promo
from goodtaste.promo.offers import uses as offer_uses
from goodtaste.promo.offers.uses import OfferUse
from tests.shop import those_that_find, write
from tests.shop_kit import Floor

TEN_OFF_FIFTY = {"kind": "spend_and_save", "tiers": [{"threshold_fen": 5_000, "off_fen": 1_000}]}


def terms(offer_id: str | None = None, *, benefit: Any = TEN_OFF_FIFTY, **more: Any) -> dict[str, Any]:
    """Return what is said of an offer: ten yuan off fifty, unless it says otherwise; `offer` has more of the offer itself."""
    offer = {"id": offer_id or new_id(), "name": "满50减10", "benefit": benefit} | more.pop("offer", {})
    return {"offer": offer} | more


async def a_draft(floor: Floor, **more: Any) -> str:
    """Save an offer as a draft."""
    return str((await floor.done("POST", "/v1/offers", terms(**more), floor.at("hq_admin")))["id"])


async def a_live_offer(floor: Floor, **more: Any) -> str:
    """Save an offer and publish it."""
    offer_id = await a_draft(floor, **more)
    await publish(floor, offer_id, 1)
    return offer_id


async def publish(floor: Floor, offer_id: str, version: int) -> Any:
    """Publish a version of an offer."""
    return await floor.done("POST", f"/v1/offers/{offer_id}/publish", {"version": version}, floor.at("hq_admin"))


async def stop(floor: Floor, offer_id: str) -> Any:
    """Stop an offer."""
    return await floor.done("POST", f"/v1/offers/{offer_id}/stop", {"reason": "停"}, floor.at("hq_admin"))


async def use(floor: Floor, offer_id: str, saved_fen: int = 1_000, **more: Any) -> str:
    """Let an order of its own use an offer as an order does when it is placed; return its id."""
    order_id, member = new_id(), more.pop("member", None)
    asked = OfferUse(offer_id, more.pop("version", 1), saved_fen, more.pop("limit_each", None))
    member_id = member.id if member else None
    changes = offer_uses.use_offers([asked], order_id=order_id, member_id=member_id, at=floor.now, **more)
    await floor.db.run(write(*changes))
    return order_id


async def counted(floor: Floor, offer_id: str) -> tuple[int, int]:
    """Return how many orders use an offer, and what they save, in fen."""
    shown = await floor.done("GET", f"/v1/offers/{offer_id}", None, floor.at("hq_admin"))
    return shown["used"], shown["used_fen"]


async def counts_hold(floor: Floor) -> None:
    """Find nothing that breaks a proof of promotions; orders of these tests are ids and nothing else."""
    assert await those_that_find(floor.db, promo.PROOFS) == []
