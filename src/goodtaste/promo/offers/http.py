"""Routes of offers: the head office's, and what a diner may have in a store now."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from litestar import Request, get, post, put
from litestar.params import JSONBody, QueryParameter

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Script
from goodtaste.kernel.input import Id, Input, Reason
from goodtaste.kernel.web import Before, Sought, anybody, context, staff
from goodtaste.kernel.words import in_one, sentence
from goodtaste.member.api import Program
from goodtaste.menu.api import MenuBook
from goodtaste.org.api import Directory
from goodtaste.promo.offers import saved, stop
from goodtaste.promo.offers.live import LiveOffers
from goodtaste.promo.offers.saved import OfferView, VersionView
from goodtaste.promo.offers.stop import Switch
from goodtaste.promo.offers.terms import BadOffer, Terms, known_here
from goodtaste.promo.offers.words import DinerOffer, in_words, is_for_all

T = TypeVar("T")
Asked = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=saved.PAGE_MAX)]
InState = Annotated[saved.State | None, QueryParameter(description="Those in this state alone")]
Below = Annotated[int, QueryParameter(ge=1, le=1_000_000_000, description="The lowest version of the page before")]


class Stop(Input, frozen=True):
    """What is sent to stop an offer."""

    reason: Reason


async def _run(ctx: Ctx, script: Script[T]) -> T:
    """Run a script that saves an offer, let this process show it, and say in the caller's language what is wrong with it."""
    try:
        result = await ctx.run(script)
    except BadOffer as refused:
        language = ctx.language
        faults = [
            each | {"words": in_one(sentence(each["code"], language, each["facts"]), language)}
            for each in refused.facts["faults"]
        ]
        raise BadOffer(field=faults[0]["field"], why=faults[0]["words"], faults=faults) from refused
    await ctx.refresh()
    return result


@get("/v1/offers", opt=staff("offer.read"), tags=["offers"])
async def list_offers(
    request: Asked, q: Sought = "", in_state: InState = None, before: Before = "", limit: Limit = 50
) -> saved.Page:
    """List offers, newest first: all, those whose name holds `q`, those in a state."""
    ctx = context(request)
    return await ctx.query(saved.page(state=in_state, before=before, limit=limit, at=ctx.now, q=q))


@post("/v1/offers", opt=staff("offer.edit"), tags=["offers"])
async def make_offer(data: JSONBody[Terms], request: Asked) -> OfferView:
    """Save a new offer as a draft."""
    ctx = context(request)
    return await _run(ctx, saved.make_offer(data, known_here=known_here(ctx), actor=ctx.actor, at=ctx.now))


@get("/v1/offers/{offer_id:str}", opt=staff("offer.read"), tags=["offers"])
async def read_offer(offer_id: Id, request: Asked) -> OfferView:
    """Return an offer."""
    ctx = context(request)
    return await ctx.query(saved.one(offer_id, at=ctx.now))


@put("/v1/offers/{offer_id:str}", opt=staff("offer.edit"), tags=["offers"])
async def change_offer(offer_id: Id, data: JSONBody[saved.OfferChange], request: Asked) -> OfferView:
    """Save the next version of an offer; what holds goes on until that version is published."""
    ctx = context(request)
    script = saved.change_offer(offer_id, data, known_here=known_here(ctx), actor=ctx.actor, at=ctx.now)
    return await _run(ctx, script)


@get("/v1/offers/{offer_id:str}/versions", opt=staff("offer.read"), tags=["offers"])
async def list_versions(offer_id: Id, request: Asked, below: Below = 1_000_000_000) -> list[VersionView]:
    """List the versions of an offer, newest first."""
    return await context(request).query(saved.versions(offer_id, before=below))


@post("/v1/offers/{offer_id:str}/publish", opt=staff("offer.publish"), tags=["offers"], status_code=200)
async def publish_offer(offer_id: Id, data: JSONBody[stop.Publish], request: Asked) -> OfferView:
    """Let a version of an offer hold."""
    ctx = context(request)
    script = stop.publish(offer_id, data, known_here=known_here(ctx), actor=ctx.actor, at=ctx.now)
    return await _run(ctx, script)


@post("/v1/offers/{offer_id:str}/stop", opt=staff("offer.edit"), tags=["offers"], status_code=200)
async def stop_offer(offer_id: Id, data: JSONBody[Stop], request: Asked) -> OfferView:
    """Stop an offer everywhere at once."""
    ctx = context(request)
    return await _run(ctx, stop.stop(offer_id, reason=data.reason, actor=ctx.actor, at=ctx.now))


@get("/v1/offer-switch", opt=staff("offer.read"), tags=["offers"])
async def read_switch(request: Asked) -> Switch:
    """Tell whether all offers are halted."""
    return await context(request).query(stop.read_switch())


@post("/v1/offer-switch", opt=staff("offer.publish"), tags=["offers"], status_code=200)
async def turn_switch(data: JSONBody[stop.Halt], request: Asked) -> Switch:
    """Halt all offers of the brand at once, or let them on again."""
    ctx = context(request)
    return await _run(ctx, stop.halt(data, actor=ctx.actor, at=ctx.now))


@get("/v1/stores/{store_id:str}/offers", opt=anybody(), tags=["offers"])
async def store_offers(store_id: Id, request: Asked) -> list[DinerOffer]:
    """Tell what a diner may have in a store: the offers that are live, in words, with when and for whom they hold."""
    ctx = context(request)
    store = ctx.see(Directory).store(store_id)
    said: dict[str, Any] = {"book": ctx.see(MenuBook), "program": ctx.see(Program), "zone": store.zone}
    live = ctx.see(LiveOffers).at(store.id, at=ctx.now)
    found = [each.terms.offer for each in live if is_for_all(each.terms.offer)]
    return [in_words(each, language=ctx.language, **said) for each in found]


ROUTES: list[Any] = [
    store_offers,
    list_offers,
    make_offer,
    read_offer,
    change_offer,
    list_versions,
    publish_offer,
    stop_offer,
    read_switch,
    turn_switch,
]
