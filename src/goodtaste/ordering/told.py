"""A price told in words, by the same sentences for a cart and for an order: what it is made of, what was saved by what, and why the rest
did not apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from goodtaste.menu import api as menu
from goodtaste.ordering.orders import OrderView
from goodtaste.ordering.spot import Place
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

Names = Mapping[str, tuple[str, str]]
"""What ids are called in Chinese and English."""


class OrderTold(OrderView, frozen=True, kw_only=True):
    """An order, and its price in words: `said.rows` are what it was made of and what came off, with the amounts that add up to it."""

    said: pricing.Said


def cart_said(
    priced: pricing.Priced,
    *,
    offers: Iterable[promo.LiveOffer],
    coupons: Iterable[promo.Held],
    where: Place,
    language: str,
) -> pricing.Said:
    """Return the price of a cart in words."""
    names = {each.id: (each.terms.offer.name, each.terms.offer.name_en) for each in offers}
    names |= {each.id: (each.name, each.name_en) for each in coupons}
    names |= {each.code: (each.name, each.name_en) for each in where.program.levels}
    skus = [*(each.sku_id for each in priced.lines), *(each.sku_id for each in priced.gifts)]
    dishes = [dish_id for each in priced.why_not for dish_id in each.facts.get("dish_ids", ())]
    names |= _of_menu(skus, dishes, where.book)
    return pricing.in_words(pricing.explain(priced), language, names=_in(language, names))


def order_told(shown: OrderView, *, book: menu.MenuBook, language: str) -> OrderTold:
    """Return an order with its price in words: what made it is kept with it, so they stay when its offers are over."""
    names = {each.sku_id: (each.name, "") for each in shown.lines} | dict(shown.kept.names)
    names |= _of_menu([each.sku_id for each in shown.lines], [], book)
    said = pricing.in_words(pricing.explain(_as_priced(shown)), language, names=_in(language, names))
    return OrderTold(**{name: getattr(shown, name) for name in OrderView.__struct_fields__}, said=said)


def _as_priced(shown: OrderView) -> pricing.Priced:
    gifts = shown.kept.gifts
    lines = [
        pricing.PricedLine(
            each.line_no,
            each.sku_id,
            each.qty,
            each.list_fen,
            each.unit_fen,
            each.coupon_fen,
            each.points_fen,
            each.due_fen,
            each.offer_fen,
            each.rounding_fen,
            each.hand_fen,
        )
        for each in shown.lines
        if each.line_no not in gifts
    ]
    given = [
        pricing.GiftLine(gifts[each.line_no], each.sku_id, each.qty) for each in shown.lines if each.line_no in gifts
    ]
    return pricing.Priced(
        lines,
        shown.reasons,
        [],
        list_fen=shown.list_fen,
        member_saving_fen=shown.member_saving_fen,
        coupon_id=shown.coupon_id,
        coupon_fen=shown.coupon_fen,
        points=shown.points,
        points_fen=shown.points_fen,
        due_fen=shown.due_fen,
        offer_fen=shown.offer_fen,
        hand_fen=shown.hand_fen,
        fees=shown.kept.fees,
        rounding_fen=shown.rounding_fen,
        donation_fen=shown.donation_fen,
        gifts=given,
        applied=shown.kept.applied,
    )


def _of_menu(sku_ids: Iterable[str], dish_ids: Iterable[str], book: menu.MenuBook) -> dict[str, tuple[str, str]]:
    skus = {each: called for each in sku_ids if (called := book.called(each))}
    dishes = {each: (book.dish[each].name, book.dish[each].name_en) for each in dish_ids if each in book.dish}
    return dishes | skus


def _in(language: str, names: Names) -> dict[str, str]:
    """Return what ids are called in a language; in Chinese where there is no English name."""
    return {id_: (en or zh) if language == "en" else zh for id_, (zh, en) in names.items()}
