"""A diner of the day: signed in where they are a member, with a purse of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from goodtaste.kernel.ids import new_id
from goodtaste.twin.book import Purse
from goodtaste.twin.client import Refused, Who
from goodtaste.twin.floor import DEVICE, Floor
from goodtaste.twin.goods import Bill, Offer, Wish, reckon
from goodtaste.twin.plan import Diner, Visit


class Person:
    """A diner in the house: signed in, with a purse, where they are a member."""

    def __init__(self, plan: Diner, run: str) -> None:
        self.plan, self._run = plan, run
        self.who: Who | None = None
        self.id = ""
        self.purse = Purse(coupons={})

    @property
    def is_member(self) -> bool:
        """Whether the house knows them."""
        return self.who is not None

    async def join(self, floor: Floor) -> None:
        """Become a member, by WeChat or by phone, be welcomed with a coupon, and claim those that are there for the taking."""
        signed_in = None
        if self.plan.way == "phone":
            signed_in = await self._by_phone(floor)
        if signed_in is None:
            minted = await floor.api.post("/sandbox/wechat/codes", {"openid": f"twin-{self._run}-{self.plan.no}"})
            signed_in = await floor.api.post("/v1/auth/wechat", {"code": minted["code"], "device": DEVICE})
        floor.same(f"diner {self.plan.no} is new", own=True, shown=signed_in["is_new"])
        self.who, self.id = Who(signed_in["tokens"]), signed_in["member"]["id"]
        await self._welcomed(floor)
        for template_id in floor.templates[: self.plan.claims]:
            held = await floor.api.post("/v1/me/coupons", {"id": new_id(), "template_id": template_id}, self.who)
            self.purse.coupons[held["id"]] = msgspec.convert(held, Offer)
            floor.books.issued[template_id] += 1

    async def _welcomed(self, floor: Floor) -> None:
        """See the coupons that are given to all who join arrive by themselves."""

        async def seen() -> bool:
            held = await floor.api.get("/v1/me/coupons", self.who)
            self.purse.coupons = {each["id"]: msgspec.convert(each, Offer) for each in held}
            return sorted(each["template_id"] for each in held) == sorted(floor.welcomes)

        await floor.until(seen, what=f"the welcome of diner {self.plan.no}")
        floor.books.issued.update(floor.welcomes)

    async def _by_phone(self, floor: Floor) -> Any:
        phone = f"13{(int(self._run[-12:], 16) + self.plan.no) % 10**9:09d}"
        try:
            await floor.api.post(
                "/v1/auth/phone/code", {"phone": phone, "purpose": "login"}, expect=("member.otp_address_limit",)
            )
        except Refused:
            return None  # this network has had its messages for the hour
        [message, *_] = await floor.api.get("/sandbox/sms/messages", phone=phone)
        code = msgspec.json.decode(message["params"])["code"]
        return await floor.api.post("/v1/auth/phone", {"phone": phone, "code": code, "device": DEVICE})

    def offer_for(self, wishes: list[Wish], visit: Visit, *, at: datetime) -> Offer | None:
        """Return the coupon at hand that leaves least to pay, if they mean to use one and it leaves less than none."""
        if not visit.coupon:
            return None
        left, best = reckon(wishes, member=True, at=at).due_fen, None
        for each in sorted(self.purse.coupons.values(), key=lambda each: each.id):
            due = reckon(wishes, member=True, at=at, offer=each).due_fen
            if due < left:
                left, best = due, each
        return best

    def bill(self, wishes: list[Wish], visit: Visit, *, at: datetime) -> tuple[Bill, Offer | None]:
        """Return what a cart costs them, by their own reckoning."""
        if not self.is_member:
            return reckon(wishes, member=False, at=at), None
        offer = self.offer_for(wishes, visit, at=at)
        points = self.purse.spendable if visit.points else 0
        return reckon(wishes, member=True, at=at, offer=offer, points=points), offer
