"""What made the price of an order, kept with it for ever: a receipt, a refund and an appeal years later read the same."""

from __future__ import annotations

import msgspec

from goodtaste.pricing import api as pricing


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What made the price of an order.

    `applied`: each offer and coupon with its share of every line, in the order in which they worked; `names`: what they were called, in
    Chinese and English, by their ids; `fees`; `gifts`: the offer or coupon to which a line that costs nothing is due, by its number.
    `first`: whether it took what is for first orders only; `policy`: what becomes of a threshold that is lost when pieces come back,
    where an offer or coupon has no policy of its own.
    """

    applied: list[pricing.Applied] = []
    names: dict[str, tuple[str, str]] = {}
    fees: list[pricing.Fee] = []
    gifts: dict[int, str] = {}
    first: bool = False
    policy: pricing.Policy = "threshold_kept"

    @property
    def offers(self) -> dict[str, int]:
        """What each offer saves, in fen, by its id; coupons are no offers."""
        return offers_of(self.applied)


NOTHING = Kept()
_decode = msgspec.json.Decoder(Kept).decode
_encode = msgspec.json.Encoder().encode


def offers_of(applied: list[pricing.Applied]) -> dict[str, int]:
    """Return what each offer that applies saves, in fen, by its id."""
    return {each.offer_id: each.saved_fen for each in applied if each.lane != pricing.COUPON_LANE}


def kept_of(text: str) -> Kept:
    """Return what was kept as `text`."""
    return _decode(text) if text else NOTHING


def kept_text(kept: Kept) -> str:
    """Return as a text what is to be kept; nothing as no text."""
    return "" if kept == NOTHING else _encode(kept).decode()
