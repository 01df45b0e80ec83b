"""Every route of the house lets in whom `matrix` says, and nobody else.

A route that is not in the matrix fails here: write down who may call it, and give it a request in `REQUESTS` that is well formed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from goodtaste.app import rooms, screens
from goodtaste.app.web import litestar_app
from goodtaste.kernel.dead_letters import DeadLetter, bury
from goodtaste.kernel.ids import new_id
from goodtaste.member.program import ProgramTerms
from goodtaste.member.rules import PointsRules, Program
from goodtaste.payment.gateways.alipay_sandbox import AlipaySandbox
from goodtaste.payment.gateways.autopay_sandbox import AutopaySandbox
from goodtaste.payment.gateways.unionpay_sandbox import UnionpaySandbox
from goodtaste.payment.gateways.wallet_sandbox import WalletSandbox
from goodtaste.payment.gateways.wechat_sandbox import WechatSandbox
from goodtaste.promo.subscription import charging, refunds
from goodtaste.promo.subscription.refunds import Refund
from tests import offers_kit, org_kit, print_kit
from tests.matrix import CALLERS, KIOSK, rows
from tests.member_kit import a_number, a_person, ask_code, give, phone_login, sent_code
from tests.org_kit import Headers
from tests.shop import write
from tests.shop_kit import Floor, Member, line, the

REASON = {"reason": "测试"}
PIECE = {"line_no": 1, "qty": 1}


class Scene(msgspec.Struct, frozen=True):
    """What stands where the callers come to: ids by the names that paths have for them, and who calls."""

    floor: Floor
    ids: dict[str, str]
    owner: Member
    other: Member
    terminal: str
    kiosk: str
    head_office: dict[str, str]

    def headers(self, caller: str) -> Headers:
        """Return the headers of a caller."""
        floor = self.floor
        if caller == "guest":
            return {}
        if caller in ("owner", "other"):
            return floor.by(self.owner if caller == "owner" else self.other)
        if caller in ("terminal", "kiosk"):
            return floor.token("terminal", getattr(self, caller), store_id=floor.store.id)
        if caller in self.head_office:
            return floor.token("staff", self.head_office[caller])
        name = caller.rstrip("~")
        return floor.at(
            "store_manager" if name == "manager" else name, floor.elsewhere if name != caller else floor.store
        )


Body = Callable[[Scene, str], Any]


def _same(body: Any) -> Body:
    return lambda scene, caller: body


def _store(scene: Scene, _: str) -> dict[str, Any]:
    hours = [{"weekday": day, "opens": 0, "closes": 1440} for day in range(7)]
    return {"name": "新店", "city": "上海", "address": "一号", "hours": hours}


def _cart(scene: Scene, caller: str) -> dict[str, Any]:
    channel = "kiosk" if caller == "kiosk" else "counter"
    asked = {"store_id": scene.ids["store_id"], "channel": channel, "kind": channel, "lines": [line("tea")]}
    return asked | ({"member_id": scene.owner.id} if caller in ("owner", "other") else {})


def _pin(scene: Scene, _: str) -> dict[str, Any]:
    return {"staff_id": scene.ids["staff_id"], "pin": "736194"}


def _category(scene: Scene, _: str) -> dict[str, Any]:
    return {"id": new_id(), "name": f"类 {org_kit.serial()}"}


def _dish(scene: Scene, _: str) -> dict[str, Any]:
    code = org_kit.serial()
    skus = [{"id": new_id(), "code": code}]
    return {"id": new_id(), "code": code, "category_id": scene.ids["category_id"], "name": "菜", "skus": skus}


SIGNED = f"B1.eA.{'x' * 86}"
PASSWORD = "Well-kept 42 words"

# a well-formed body for each route that takes one; business may refuse it, the form may not
REQUESTS: dict[str, Body] = {
    "PUT /v1/brand": _same({"name": "好味", "name_en": "goodtaste"}),
    "POST /v1/stores": lambda s, c: _store(s, c) | {"id": new_id(), "code": f"X-{org_kit.serial().upper()}"},
    "PUT /v1/stores/{store_id}": _store,
    "POST /v1/stores/{store_id}/switch": _same({"open": True, **REASON}),
    "PUT /v1/stores/{store_id}/special-days/{day}": _same({"spans": [{"opens": 0, "closes": 1440}]}),
    "POST /v1/stores/{store_id}/areas": lambda s, c: {"id": new_id(), "name": f"区 {org_kit.serial()}"},
    "PUT /v1/stores/{store_id}/areas/{area_id}": lambda s, c: {"name": f"区 {org_kit.serial()}"},
    "POST /v1/stores/{store_id}/tables": lambda s, c: {
        "id": new_id(), "area_id": s.ids["area_id"], "labels": org_kit.serial(), "seats": 2,
    },
    "PUT /v1/stores/{store_id}/tables/{table_id}": lambda s, c: {
        "area_id": s.ids["area_id"], "label": "A2", "seats": 4, "active": True,
    },
    "POST /v1/staff/sign-in": _same({"login": "nobody", "password": PASSWORD, "device": "电脑"}),
    "PUT /v1/staff/me/password": _same({"old_password": PASSWORD, "password": PASSWORD + "!"}),
    "PUT /v1/staff/me/pin": _same({"password": PASSWORD, "pin": "736194"}),
    "POST /v1/staff": lambda s, c: {"id": new_id(), "login": f"p{org_kit.serial()}", "name": "小李", "password": PASSWORD},
    "POST /v1/staff/{staff_id}/roles": lambda s, c: {"role": "waiter", "store_id": s.ids["store_id"]},
    "POST /v1/staff/{staff_id}/switch": _same({"active": True, **REASON}),
    "PUT /v1/staff/{staff_id}/password": _same({"password": PASSWORD}),
    "PUT /v1/staff/{staff_id}/pin": _same({"pin": "736194"}),
    "POST /v1/terminals/pairings": lambda s, c: {"store_id": s.ids["store_id"], "kind": "pos"},
    "POST /v1/terminals/pair": lambda s, c: {"id": new_id(), "code": "AAAA-AAAA", "name": "前台"},
    "POST /v1/terminals/{terminal_id}/revoke": _same(REASON),
    "POST /v1/terminals/pin-sign-in": _pin,
    "POST /v1/sessions/refresh": _same({"refresh_token": "x" * 43}),
    "POST /v1/auth/wechat": _same({"code": "x", "device": "手机"}),
    "POST /v1/auth/phone/code": _same({"phone": "13000000000", "purpose": "login"}),
    "POST /v1/auth/phone": _same({"phone": "13000000000", "code": "123456", "device": "手机"}),
    "POST /v1/me/phone": _same({"phone": "13000000000", "code": "123456"}),
    "PATCH /v1/me": _same({"nickname": "小好"}),
    "POST /v1/me": _same({"nickname": "小好"}),
    "POST /v1/me/exports": _same({}),
    "POST /v1/me/erasure": _same({}),
    "PUT /v1/me/addresses/{address_id}": _same({"name": "王", "phone": "13800138000", "area": "上海", "detail": "1 号"}),
    "POST /v1/me/consents": _same({"purpose": "marketing", "granted": False, "text_version": "1"}),
    "POST /v1/member-codes/scan": lambda s, c: {"code": "x", "store_id": s.ids["store_id"]},
    "POST /v1/members/{member_id}/phone": _same(REASON),
    "POST /v1/members/{member_id}/freeze": _same(REASON),
    "POST /v1/members/{member_id}/unfreeze": _same(REASON),
    "POST /v1/members/{member_id}/points": lambda s, c: {
        "id": new_id(), "points": 1, "store_id": None if c in s.head_office else s.ids["store_id"], **REASON,
    },
    "POST /v1/me/shop/exchanges": lambda s, c: {"id": new_id(), "item_id": s.ids["item_id"], "seen_points": 9},
    "POST /v1/shop/exchanges/{exchange_id}/cancel": _same(REASON),
    "POST /v1/shop/hand-overs": lambda s, c: {"id": new_id(), "code": "S1", "store_id": s.ids["store_id"]},
    "POST /v1/shop/items": lambda s, c: {"id": new_id(), "kind": "goods", "name": "杯", "points": 9},
    "PUT /v1/shop/items/{item_id}": _same({"name": "杯", "points": 9, "version": 1}),
    "POST /v1/shop/items/{item_id}/stock": lambda s, c: {"id": new_id(), "more": 1, **REASON},
    "POST /v1/shop/items/{item_id}/switch": _same({"open": True, **REASON}),
    "POST /v1/me/points/gifts": lambda s, c: {"id": new_id(), "to_member_id": new_id(), "points": 1},
    "POST /v1/points/adjustments": lambda s, c: {
        "id": new_id(), "member_id": s.owner.id, "points": 1, **REASON,
        "store_id": None if c in s.head_office else s.ids["store_id"],
    },
    "POST /v1/points/adjustments/{adjustment_id}/refuse": _same(REASON),
    "PUT /v1/points/rules": _same(msgspec.to_builtins(PointsRules()) | REASON),
    "POST /v1/members/{member_id}/level": lambda s, c: {"id": new_id(), "level": "silver", **REASON},
    "POST /v1/members/{member_id}/level/end": lambda s, c: {"grant_id": new_id(), **REASON},
    "PUT /v1/level-plan": lambda s, c: {
        "version": 99, "levels": [{"code": "regular", "name": "普通", "name_en": "Regular", "growth_min": 0}], **REASON,
    },
    "PUT /v1/program": _same({name: getattr(Program(), name) for name in ProgramTerms.__struct_fields__} | {"version": 0} | REASON),
    "POST /v1/quotes": _cart,
    "POST /v1/price-explanations": _cart,
    "POST /v1/orders": lambda s, c: _cart(s, c) | {"id": new_id(), "seen_due_fen": 333},
    "POST /v1/orders/{order_id}/rounds": lambda s, c: {"id": new_id(), "lines": [line("tea")]},
    "POST /v1/orders/{order_id}/bill": _same({"version": 1, "seen_due_fen": 0}),
    "POST /v1/orders/{order_id}/fire": lambda s, c: {"id": new_id(), "version": 1},
    "POST /v1/orders/{order_id}/discounts": lambda s, c: {"id": new_id(), "version": 99, "kind": "amount", "value": 1, **REASON},
    "POST /v1/orders/{order_id}/discounts/{discount_id}/end": _same({"version": 99, **REASON}),
    "POST /v1/orders/{order_id}/moves": lambda s, c: {
        "id": new_id(), "version": 99, "to_order_id": new_id(), "pieces": [PIECE],
    },
    "POST /v1/orders/{order_id}/member": _same({"version": 99, "seen_due_fen": 0}),
    "POST /v1/orders/{order_id}/member/preview": _same({"version": 99}),
    "POST /v1/orders/{order_id}/merge": lambda s, c: {"id": new_id(), "version": 99, "to_order_id": s.ids["order_id"], "to_version": 1},
    "POST /v1/orders/{order_id}/reopen": lambda s, c: {"id": new_id(), "version": 99, **REASON},
    "POST /v1/orders/{order_id}/seat": lambda s, c: {"version": 99, "table_id": new_id()},
    "POST /v1/orders/{order_id}/shares": _same({"ways": 2}),
    "POST /v1/orders/{order_id}/returns": lambda s, c: {"id": new_id(), "version": 99, "pieces": [PIECE], **REASON},
    "POST /v1/orders/{order_id}/cash": lambda s, c: {"id": new_id(), "tendered_fen": 0, "seen_due_fen": 0},
    "POST /v1/orders/{order_id}/payments": lambda s, c: {"payment_id": new_id(), "method": "wallet", "amount_fen": 1},
    "POST /v1/orders/{order_id}/cancel": _same(REASON),
    "POST /v1/orders/{order_id}/advance": _same({"to": "delivered"}),
    "POST /v1/orders/{order_id}/refunds/preview": _same({}),
    "POST /v1/orders/{order_id}/refunds": lambda s, c: {"id": new_id(), "seen_amount_fen": 0, **REASON},
    "POST /v1/orders/{order_id}/refund-requests": lambda s, c: {"id": new_id(), "why": "quality", "seen_amount_fen": 1},
    "POST /v1/refund-requests/{request_id}/approve": lambda s, c: {"id": new_id(), "seen_amount_fen": 1},
    "POST /v1/refund-requests/{request_id}/decline": _same(REASON),
    "POST /v1/payments/{payment_id}/give-up": _same(REASON),
    "POST /v1/refunds/{refund_id}/make-up": lambda s, c: {"id": new_id(), "way": "same", **REASON},
    "POST /v1/orders/{order_id}/parts": lambda s, c: {
        "id": new_id(), "amount_fen": 1, "seen_due_fen": 1, "tender": {"type": "cash", "tendered_fen": 1},
    },
    "POST /v1/orders/{order_id}/parts/{payment_id}/take-back": _same(REASON),
    "POST /v1/differences/{difference_id}/owner": _same({"staff_id": None}),
    "POST /v1/differences/{difference_id}/resolve": _same(REASON),
    "POST /v1/signed-bills/pay": lambda s, c: {"text": SIGNED, "payment_id": new_id(), "method": "wallet"},
    "POST /v1/signed-bills/cash": lambda s, c: {"text": SIGNED, "id": new_id(), "tendered_fen": 0},
    "POST /v1/signed-bills/receipt": _same({"text": SIGNED}),
    "POST /v1/signed-receipts/read": _same({"text": SIGNED}),
    "POST /v1/shifts": lambda s, c: {"id": new_id(), "store_id": s.ids["store_id"]},
    "POST /v1/shifts/{shift_id}/cash": lambda s, c: {"id": new_id(), "kind": "in", "amount_fen": 1, **REASON},
    "POST /v1/shifts/{shift_id}/count": lambda s, c: {"id": new_id(), "pieces": []},
    "POST /v1/shifts/{shift_id}/close": lambda s, c: {"cashier": _pin(s, c), "witness": _pin(s, c)},
    "POST /v1/shifts/{shift_id}/hand-over": lambda s, c: {
        "next_id": new_id(), "cashier": _pin(s, c), "next_cashier": _pin(s, c),
    },
    "POST /v1/drawer-openings": lambda s, c: {"id": new_id(), "store_id": s.ids["store_id"], **REASON},
    "POST /v1/stores/{store_id}/days/{day}/close": _same(REASON),
    "POST /v1/accounts": lambda s, c: {"id": new_id(), "name": org_kit.serial(), "limit_fen": 1, **REASON},
    "PUT /v1/accounts/{account_id}": _same({"name": "公司", "limit_fen": 1, "active": True, "version": 99, **REASON}),
    "POST /v1/accounts/{account_id}/settlements": lambda s, c: {
        "id": new_id(), "store_id": s.ids["store_id"], "amount_fen": 1, "method": "cash",
    },
    "POST /v1/dead-letters/{letter_id}/discard": _same(REASON),
    "POST /v1/dead-letters/{letter_id}/replay": _same(REASON),
    "POST /v1/coupon-templates": lambda s, c: {
        "id": new_id(), "name": "券", "kind": "cash", "value": 1, "valid_days": 1,
    },
    "PUT /v1/coupon-templates/{template_id}": _same(
        {"name": "券", "kind": "cash", "value": 1, "valid_days": 1, "version": 9, **REASON}
    ),
    "POST /v1/coupons/{coupon_id}/extend": _same({"valid_to_at": "2030-01-01T00:00:00Z", **REASON}),
    "POST /v1/coupons/{coupon_id}/revoke": _same(REASON),
    "POST /v1/coupon-batches": lambda s, c: {
        "id": new_id(), "template_id": s.ids["template_id"], "name": "印", "count": 1,
    },
    "POST /v1/coupon-batches/{batch_id}/void": _same(REASON),
    "POST /v1/coupon-campaigns": lambda s, c: {
        "id": new_id(), "template_id": s.ids["template_id"], "name": "发", "audience": "all",
    },
    "POST /v1/coupon-campaigns/{campaign_id}/go": _same({"to": "stopped", **REASON}),
    "POST /v1/coupon-campaigns/{campaign_id}/members": lambda s, c: {"member_ids": [s.other.id]},
    "POST /v1/me/coupon-gifts": lambda s, c: {"id": new_id(), "code": "G1"},
    "POST /v1/me/coupon-codes": lambda s, c: {"id": new_id(), "code": "K1"},
    "POST /v1/me/coupons/{coupon_id}/gift": lambda s, c: {"id": new_id()},
    "POST /v1/coupon-templates/{template_id}/switch": _same({"open": True, **REASON}),
    "POST /v1/me/coupons": lambda s, c: {"id": new_id(), "template_id": s.ids["template_id"]},
    "POST /v1/coupons": lambda s, c: {
        "id": new_id(), "template_id": s.ids["template_id"], "member_id": s.owner.id, **REASON,
    },
    "POST /v1/offer-switch": _same({"halted": False, **REASON}),
    "POST /v1/offers": lambda s, c: offers_kit.terms(),
    "PUT /v1/offers/{offer_id}": lambda s, c: offers_kit.terms(s.ids["offer_id"]) | {"version": 99},
    "POST /v1/offers/{offer_id}/dry-run": _same({"days": 1}),
    "POST /v1/offers/{offer_id}/publish": _same({"version": 1}),
    "POST /v1/offers/{offer_id}/stop": _same(REASON),
    "POST /v1/subscription-plans": lambda s, c: {
        "id": new_id(), "code": f"p{org_kit.serial()}", "family": "club", "name": "会员", "price_fen": 1,
        "benefits": [{"type": "right", "right": "free_delivery"}],
    },
    "POST /v1/subscription-plans/{plan_id}/switch": _same({"open": True, **REASON}),
    "POST /v1/me/subscriptions": lambda s, c: {
        "id": new_id(), "plan_id": s.ids["plan_id"], "seen_price_fen": 1_000, "agreed": True,
    },
    "POST /v1/me/subscriptions/{subscription_id}/cancel": _same({}),
    "POST /v1/me/subscriptions/{subscription_id}/plan": lambda s, c: {
        "id": new_id(), "plan_id": s.ids["plan_id"], "seen_amount_fen": 1_000, "agreed": True,
    },
    "POST /v1/subscriptions/{subscription_id}/stop": _same(REASON),
    "POST /v1/subscriptions/{subscription_id}/refunds": lambda s, c: {"id": new_id(), "amount_fen": 1, **REASON},
    "POST /v1/subscription-refunds/{back_id}/make-up": lambda s, c: {"id": new_id(), "way": "same", **REASON},
    "POST /v1/menu/categories": _category,
    "PUT /v1/menu/categories/{category_id}": _same({"name": "热菜", "version": 1}),
    "POST /v1/menu/dishes": _dish,
    "PUT /v1/menu/dishes/{dish_id}": lambda s, c: {
        "category_id": s.ids["category_id"], "name": "茶", "version": 99, "skus": [{"id": the("sku/tea"), "code": "tea"}],
    },
    "POST /v1/menu/dishes/{dish_id}/switch": _same({"on_sale": True, **REASON}),
    "POST /v1/menu/prices": lambda s, c: {"id": new_id(), "prices": [{"sku_id": the("sku/tea"), "amount_fen": 333}]},
    "POST /v1/menu/prices/preview": lambda s, c: {"id": new_id(), "prices": [{"sku_id": the("sku/tea"), "amount_fen": 333}]},
    "PUT /v1/stores/{store_id}/stock/{sku_id}/sold-out": _same({"sold_out": False}),
    "PUT /v1/stores/{store_id}/stock/{sku_id}/portions": _same({"left": None}),
    "POST /v1/stores/{store_id}/stock/{sku_id}/portions": lambda s, c: {"id": new_id(), "more": 1},
    "POST /v1/tables/{code}/scan": lambda s, c: {"id": new_id()},
    "PUT /v1/seating/cart/{line_id}": _same({"version": 1, "choice": None}),
    "POST /v1/seating/rounds": lambda s, c: {"id": new_id(), "lines": [{"id": new_id(), "version": 1}], "seen_due_fen": 0},
    "POST /v1/seating/bills/{order_id}/payments": _same({"payment_id": new_id(), "method": "wallet", "amount_fen": 1, "seen_due_fen": 1}),
    "POST /v1/seating/shares": lambda s, c: {"order_id": s.ids["order_id"], "ways": 2},
    "POST /v1/seating/calls": lambda s, c: {"id": new_id(), "kind": "water"},
    "POST /v1/stores/{store_id}/seatings": lambda s, c: {"id": new_id(), "table_ids": [s.ids["table_id"]], "party": 2},
    "PUT /v1/stores/{store_id}/floor-rules": _same({"diners_open": False, "close_when_paid": True}),
    "POST /v1/seatings/{seating_id}/billed": _same({"billed": False}),
    "POST /v1/seatings/{seating_id}/bills": lambda s, c: {"order_id": new_id()},
    "POST /v1/seatings/{seating_id}/close": _same({}),
    "POST /v1/seatings/{seating_id}/merge": lambda s, c: {"from_id": s.ids["other_seating_id"]},
    "POST /v1/seatings/{seating_id}/new-tokens": _same(REASON),
    "POST /v1/seatings/{seating_id}/parts": lambda s, c: {"id": new_id(), "table_ids": [s.ids["table_id"]], "party": 1},
    "PUT /v1/seatings/{seating_id}/party": _same({"party": 3}),
    "PUT /v1/seatings/{seating_id}/tables": lambda s, c: {"table_ids": [s.ids["table_id"]]},
    "POST /v1/stores/{store_id}/kitchen/acts": lambda s, c: {
        "id": new_id(), "what": "bump", "pieces": [{"dish_id": new_id(), "order_id": new_id(), "qty": 1}],
    },
    "PUT /v1/stores/{store_id}/kitchen/routes": _same({"routes": []}),
    "PUT /v1/stores/{store_id}/kitchen/stations/{station_id}": _same({"name": "热菜"}),
    "POST /v1/seatings/{seating_id}/transfer": lambda s, c: {"waiter_id": s.ids["staff_id"], **REASON},
    "POST /v1/stores/{store_id}/printers": lambda s, c: print_kit.a_printer_asked(),
    "PUT /v1/printers/{printer_id}": lambda s, c: print_kit.a_printer_asked("version") | {"version": 99, **REASON},
    "POST /v1/printers/{printer_id}/test": lambda s, c: {"id": new_id()},
    "PUT /v1/stores/{store_id}/printing": _same({"receipts": True, "english": False, "version": 99}),
    "PUT /v1/orders/{order_id}/feedback": _same({"stars": 5}),
    "PUT /v1/orders/{order_id}/feedback/answer": _same({"text": "谢谢"}),
    "PUT /v1/receipts/{token}/feedback": _same({"stars": 5}),
    "POST /v1/receipts/{token}/invoice": lambda s, c: print_kit.a_buyer(),
    "POST /v1/orders/{order_id}/invoice": lambda s, c: print_kit.a_buyer(),
    "POST /v1/stores/{store_id}/z-reports/{number}/prints": lambda s, c: {"id": new_id()},
    "POST /v1/orders/{order_id}/prints": lambda s, c: {"id": new_id(), "what": "receipt"},
    "POST /v1/print-jobs/{job_id}/reprint": lambda s, c: {"id": new_id(), **REASON},
    "POST /v1/print-jobs/{job_id}/move": lambda s, c: {"printer_id": s.ids["printer_id"]},
    "POST /v1/print-jobs/{job_id}/handle": _same({"outcome": "given_up", **REASON}),
}  # fmt: skip
QUERIES = {
    **{
        f"GET /v1/{path}/live": "?for_s=0"
        for path in (
            "seating",
            "seatings/{seating_id}",
            "orders/{order_id}/progress",
            "stores/{store_id}/calls",
            "stores/{store_id}/kitchen",
            "stores/{store_id}/pickups",
            "stores/{store_id}/seatings",
        )
    },
    "GET /v1/stores/{store_id}/staff-report": "?from_on=2026-11-20&to_on=2026-11-22",
    "GET /v1/stores/{store_id}/cash-moves": "?business_date=2026-11-22",
    "GET /v1/today": "?store_id={store_id}",
    "GET /v1/orders": "?store_id={store_id}",
    "GET /v1/stores/{store_id}/approvers": "?permission=order.refund",
    "GET /v1/payments": "?store_id={store_id}&business_date=2026-11-22",
    "GET /v1/refunds/owed": "?store_id={store_id}",
    "GET /v1/refund-requests": "?store_id={store_id}",
    "GET /v1/menu/prices": "?sku_id={sku_id}",
    "GET /v1/me/subscriptions/{subscription_id}/plan-price": "?plan_id={plan_id}",
}
FILES = {
    "GET /docs/assets/{name}": "plain.css",
    "GET /pictures/{name}": "mapo-doufu.webp",
    "GET /site/{name}": "site.css",
}
MOUNTS = {
    WalletSandbox.place,
    WechatSandbox.place,
    AlipaySandbox.place,
    UnionpaySandbox.place,
    rooms.WECHAT,
    rooms.SMS,
    rooms.INVOICE,
    rooms.FEIE,
    AutopaySandbox.place,
    "/metrics",
    *screens.SCREENS,
}  # third parties of the demonstration check who calls; figures name nobody


@pytest.fixture(scope="module")
def scenes() -> dict[int, Scene]:
    """Keep a scene for each house."""
    return {}


async def scene_of(floor: Floor, scenes: dict[int, Scene]) -> Scene:
    """Return the scene of a house, made once."""
    if id(floor) not in scenes:
        scenes[id(floor)] = await a_scene(floor)
    return scenes[id(floor)]


async def a_reachable_member(floor: Floor) -> str:
    """Have a member who signed in by phone."""
    phone = a_number()
    await ask_code(floor, phone)
    return str((await phone_login(floor, phone, await sent_code(floor, phone))).json()["member"]["id"])


async def _an_exchange(floor: Floor, owner: Member) -> tuple[str, str]:
    """Have an item in the points shop, and points of a member exchanged for it."""
    await give(floor, owner.id, 100)
    item = {"id": new_id(), "kind": "goods", "name": "杯", "points": 9, "limit_each": 99, "left": 99}
    await floor.done("POST", "/v1/shop/items", item, floor.at("hq_admin"))
    asked = {"id": new_id(), "item_id": item["id"], "seen_points": 9}
    made = await floor.done("POST", "/v1/me/shop/exchanges", asked, floor.by(owner))
    return str(item["id"]), str(made["id"])


async def a_subscription(floor: Floor, member: Member) -> dict[str, str]:
    """Have a plan, and a member who subscribed to it."""
    plan = {"id": new_id(), "code": f"p{org_kit.serial()}", "family": "club", "name": "会员", "price_fen": 1_000}
    right = {"benefits": [{"type": "right", "right": "free_delivery"}]}
    await floor.done("POST", "/v1/subscription-plans", plan | right, floor.at("hq_admin"))
    asked = {"id": new_id(), "plan_id": plan["id"], "seen_price_fen": 1_000, "agreed": True}
    await floor.done("POST", "/v1/me/subscriptions", asked, floor.by(member))
    return {"plan_id": str(plan["id"]), "subscription_id": asked["id"]}


async def a_charge_refund(floor: Floor, *, subscription_id: str, plan_id: str) -> str:
    """Have a refund of a subscription's charge that the gateway refused."""
    at, charge_id, back_id = floor.now, new_id(), new_id()
    charge = dict.fromkeys(("notice_id", "noticed_fen", "noticed_s", "gateway_ref", "holds"), None)
    charge |= {"id": charge_id, "subscription_id": subscription_id, "n": 1, "kind": "first", "plan_id": plan_id}
    charge |= dict.fromkeys(("price_fen", "amount_fen", "refunded_fen"), 1_000) | {"credit_fen": 0, "made_s": 0}
    charge |= {"state": "succeeded", "detail": "", "started_at": at, "look_at": at, "settled_at": at}
    back = Refund(back_id, charge_id, back_id, 1_000, "cancelled", "failed", None, "", at, at, None, "same", None, None)
    await floor.db.run(write(charging.BEGIN(**charge), refunds.begin([back])))
    return back_id


async def a_shift(floor: Floor) -> dict[str, Any]:
    """Have a shift of the manager that is counted and signed, and so a report, and another one that is open."""
    manager, witness = [
        (await org_kit.a_person(floor, ("store_manager", floor.store.id), pin="736194")).id for _ in range(2)
    ]
    by = floor.token("staff", manager)
    opened = await floor.done("POST", "/v1/shifts", {"id": new_id(), "store_id": floor.store.id}, by)
    path = f"/v1/shifts/{opened['id']}"
    await floor.done("POST", f"{path}/count", {"id": new_id(), "pieces": []}, by)
    pins = {"cashier": {"staff_id": manager, "pin": "736194"}, "witness": {"staff_id": witness, "pin": "736194"}}
    await floor.done("POST", f"{path}/close", pins | {"reason": "测试"}, by)
    till = await org_kit.a_terminal(floor, floor.store.id)
    at_till = floor.token("staff", manager, terminal_id=till.id)
    following = await floor.done("POST", "/v1/shifts", {"id": new_id(), "store_id": floor.store.id}, at_till)
    return {"shift_id": following["id"], "number": 1}


async def an_account(floor: Floor) -> str:
    """Have an account of a business guest."""
    asked = {"id": new_id(), "name": f"公司 {org_kit.serial()}", "limit_fen": 1_000, **REASON}
    return str((await floor.done("POST", "/v1/accounts", asked, floor.at("hq_admin")))["id"])


async def _in_bulk(floor: Floor, owner: Member) -> dict[str, str]:
    """Have a batch of codes, a campaign that has not begun, and an offer of a coupon."""
    admin, template = floor.at("hq_admin"), await floor.a_template()
    batch = {"id": new_id(), "template_id": template, "name": "印", "count": 1}
    campaign = {"id": new_id(), "template_id": template, "name": "发", "audience": "list"}
    await floor.done("POST", "/v1/coupon-batches", batch, admin)
    await floor.done("POST", "/v1/coupon-campaigns", campaign, admin)
    offered = f"/v1/me/coupons/{await floor.a_coupon(owner, gives_max=1)}/gift"
    gift = await floor.done("POST", offered, {"id": new_id()}, floor.by(owner))
    return {"batch_id": batch["id"], "campaign_id": campaign["id"], "gift_id": gift["id"]}


async def a_refund(floor: Floor) -> str:
    """Have an order that was paid and refunded."""
    order = await floor.order()
    await floor.pay(order)
    asked = await floor.refunding(order)
    await floor.done("POST", f"/v1/orders/{order['id']}/refunds", asked, floor.at("store_manager"))
    return str(asked["id"])


async def a_request(floor: Floor, member: Member) -> str:
    """Have a member who paid, and asks for a refund."""
    order = await floor.bought(member=member)
    asked = {"id": new_id(), "why": "quality", "seen_amount_fen": order["due_fen"]}
    await floor.done("POST", f"/v1/orders/{order['id']}/refund-requests", asked, floor.by(member))
    return asked["id"]


async def a_seating(floor: Floor, table_id: str) -> str:
    """Have a party at a table."""
    asked = {"id": new_id(), "table_ids": [table_id], "party": 2}
    return str((await floor.done("POST", f"/v1/stores/{floor.store.id}/seatings", asked, floor.at("waiter")))["id"])


async def a_call(floor: Floor, code: str) -> str:
    """Have a phone at a table, and a call from it."""
    joined = await floor.done("POST", f"/v1/tables/{code}/scan", {"id": new_id()})
    asked = {"id": new_id(), "kind": "staff"}
    await floor.done("POST", "/v1/seating/calls", asked, {"seating-token": joined["token"]})
    return asked["id"]


async def a_scene(floor: Floor) -> Scene:
    """Furnish a house with one of everything."""
    owner, other = Member(await a_reachable_member(floor)), await floor.a_member()
    table = {"kind": "dine_in", "table_id": floor.store.tables[0]}
    order, paid = await floor.order(line("tea"), member=owner, **table), await floor.order()
    payment = await floor.pay(paid)
    here, spare = await org_kit.a_terminal(floor, floor.store.id), await org_kit.a_terminal(floor, floor.store.id)
    tables = await floor.done("GET", f"/v1/stores/{floor.store.id}/tables", None, floor.at("hq_admin"))
    item_id, exchange_id = await _an_exchange(floor, owner)
    roles = {each: each for each in ("marketer", "analyst", "auditor", "finance")} | {"admin": "hq_admin"}
    prices = await floor.db.execute(
        f"SELECT id FROM menu_price WHERE sku_id = '{the('sku/banquet')}' AND kind = 'list'"
    )
    subscribed = await a_subscription(floor, owner)
    ids = {
        "store_id": floor.store.id,
        "area_id": tables[0]["area_id"],
        "table_id": floor.store.tables[1],
        "code": tables[0]["code"],
        "staff_id": (await a_person(floor, "waiter", floor.store.id))[0],
        "role": "waiter",
        "terminal_id": spare.id,
        "session_id": new_id(),
        "member_id": await a_reachable_member(floor),
        "order_id": order["id"],
        "payment_id": payment["payment"]["id"],
        "refund_id": await a_refund(floor),
        "request_id": await a_request(floor, owner),
        "discount_id": new_id(),
        "address_id": new_id(),
        "account_id": await an_account(floor),
        **await a_shift(floor),
        "template_id": await floor.a_template(claimable=True),
        **subscribed,
        "back_id": await a_charge_refund(floor, **subscribed),
        "offer_id": await offers_kit.a_draft(floor),
        "coupon_id": await floor.a_coupon(owner),
        "adjustment_id": new_id(),
        "difference_id": new_id(),
        "item_id": item_id,
        "exchange_id": exchange_id,
        **await _in_bulk(floor, owner),
        **await print_kit.a_job(floor),
        **await print_kit.an_invoice(floor),
        "method": "wallet",
        "day": str((floor.now + timedelta(days=9)).date()),
        "category_id": the("category"),
        "dish_id": the("dish/tea"),
        "price_id": str(prices[0][0]),
        "sku_id": the("sku/tea"),
        "line_id": new_id(),
        "station_id": new_id(),
        "seating_id": await a_seating(floor, floor.store.tables[0]),
        "call_id": await a_call(floor, tables[0]["code"]),
        "other_seating_id": await a_seating(floor, floor.store.tables[1]),
    }
    head_office = {caller: (await a_person(floor, role))[0] for caller, role in roles.items()}
    kiosk = await org_kit.a_terminal(floor, floor.store.id, kind="kiosk")
    return Scene(floor, ids, owner, other, here.id, kiosk.id, head_office)


def routes(floor: Floor) -> Iterator[str]:
    """Give every route of the application, as the matrix names it."""
    for route in litestar_app(floor.process).routes:
        for handler in getattr(route, "route_handlers", ()):
            if not handler.fn.__module__.startswith("goodtaste"):
                continue
            path = "/".join(
                f"{{{part[1:-1].partition(':')[0]}}}" if ":" in part else part for part in route.path.split("/")
            )
            yield from (f"{method} {path}" for method in sorted(handler.http_methods - {"OPTIONS"}))


async def a_letter(floor: Floor) -> str:
    """Have an event that a handler could not digest, and no other."""
    await floor.db.execute("DELETE FROM kernel_dead_letter")
    letter = DeadLetter(
        new_id(), new_id(), "ordering.order_paid.v1", new_id(), "{}", "member.on_paid", "测试", 6, floor.now, floor.now
    )
    await floor.db.run(bury(letter))
    return letter.id


async def mark(scene: Scene, route: str, caller: str) -> str:
    """Send a request of a caller, and return the mark of what came of it."""
    method, path = route.split()
    if "{letter_id}" in path:
        scene.ids["letter_id"] = await a_letter(scene.floor)
    body = REQUESTS[route](scene, caller) if route in REQUESTS else None
    path = (path + QUERIES.get(route, "")).format(**scene.ids, name=FILES.get(route))
    answer = await scene.floor.do(method, path, body, scene.headers(caller))
    code = org_kit.code_of(answer)
    assert answer.status_code < 500, (route, caller, answer.text)
    assert code != "request.malformed", f"{route} needs a well-formed request in REQUESTS: {answer.text}"
    if code in ("auth.not_signed_in", "auth.not_allowed"):
        return {"auth.not_signed_in": "?", "auth.not_allowed": "-"}[code]
    return "0" if answer.status_code == 404 and "{" in route else "+"


async def test_every_route_is_in_the_matrix_and_nothing_else(floor: Floor) -> None:
    assert {*routes(floor)} ^ rows().keys() == set(), "write down in tests/matrix.py who may call it"
    mounts = {route.path for route in litestar_app(floor.process).routes if not hasattr(route, "route_handlers")}
    assert {path.rstrip("/") for path in mounts} <= MOUNTS | {""}


@pytest.mark.parametrize("route", rows())
async def test_a_route_lets_in_whom_the_matrix_says(floor: Floor, scenes: dict[int, Scene], route: str) -> None:
    scene = await scene_of(floor, scenes)
    allowed = rows()[route] | {"kiosk": KIOSK.get(route, rows()[route]["terminal"])}
    assert {caller: await mark(scene, route, caller) for caller in (*CALLERS, "kiosk")} == allowed
