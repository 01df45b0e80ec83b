"""What the rooms hold on a member, and what becomes of it when the member is erased.

Orders, money and points are kept: the law wants them for three years and more (E-commerce Law 31), and the books would not balance
without them.  They stand under the member's id, which leads to nobody once the row, the key and the identities of the member are gone.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from goodtaste.floor.calls.tables import call
from goodtaste.floor.feedback.tables import feedback
from goodtaste.floor.invoice.tables import invoice
from goodtaste.floor.kitchen.tables import dish
from goodtaste.floor.printing.forgetting import FORGOTTEN
from goodtaste.floor.printing.tables import print_job
from goodtaste.floor.seating.tables import cart_line, guest, seating
from goodtaste.kernel.db import Id, Read, par
from goodtaste.kernel.sessions import session
from goodtaste.ledger.tables import account, earned, hold, lot, txn
from goodtaste.member import tables as members
from goodtaste.member.addresses import BOUND_TO, address, chosen
from goodtaste.member.privacy.holdings import Holding, Holdings, Waits
from goodtaste.member.privacy.tables import erasure
from goodtaste.ordering.asks.tables import request
from goodtaste.ordering.bring import delivery
from goodtaste.ordering.tables import first, line, order, refund
from goodtaste.payment.tables import payment
from goodtaste.promo import tables as promo
from goodtaste.promo.bulk.tables import campaign_member
from goodtaste.promo.offers.tables import use
from goodtaste.promo.shop.tables import exchange
from goodtaste.promo.subscription.tables import charge, period, subscription

ORDERS = (order, "member_id")
HELD: list[Holding] = [
    Holding(members.member, "id", ("会员资料", "the member")),  # written over by the erasure itself
    Holding(members.identity, "member_id", ("登录身份", "ways to sign in"), gone=True),
    Holding(members.secret, "member_id", ("加密密钥", "the key"), gone=True),
    Holding(members.consent, "member_id", ("同意记录", "consents")),
    Holding(members.favourite, "member_id", ("收藏", "favourites"), gone=True),
    Holding(address, "member_id", ("地址", "addresses"), gone=True, sealed={"sealed": BOUND_TO}),
    Holding(chosen, "member_id", ("常用地址", "the address chosen"), gone=True),
    Holding(members.visit, "member_id", ("到店出示会员码", "member codes shown"), gone=True),
    Holding(members.level_change, "member_id", ("等级变动", "changes of level")),
    Holding(members.level_grant, "member_id", ("等级", "levels")),
    Holding(members.present, "member_id", ("礼物", "presents")),
    Holding(members.purchase, "member_id", ("消费与成长值", "purchases and growth")),
    Holding(members.adjustment, "member_id", ("积分更正", "corrections of points")),
    Holding(members.gift, "from_id", ("送出的积分", "points given"), blank={"note": ""}),
    Holding(erasure, "member_id", ("注销申请", "requests to be erased")),
    Holding(session, "subject_id", ("登录的设备", "devices")),  # ended and blanked by the erasure itself
    Holding(account, "owner_id", ("账户", "accounts")),
    Holding(lot, "account_id", ("积分批次", "lots of points"), via=(account, "owner_id")),
    Holding(txn, "owner_id", ("积分流水", "moves of points")),
    Holding(hold, "owner_id", ("占用的积分", "points on hold")),
    Holding(earned, "owner_id", ("得到的积分", "points earned")),
    Holding(order, "member_id", ("订单", "orders"), blank={"note": ""}),
    Holding(line, "order_id", ("订单的菜", "dishes ordered"), via=ORDERS),
    Holding(refund, "order_id", ("退款", "refunds"), via=ORDERS),
    Holding(payment, "order_id", ("付款", "payments"), via=ORDERS),
    Holding(invoice, "order_id", ("发票", "invoices"), via=ORDERS),
    Holding(delivery, "member_id", ("送餐地址", "where orders went"), gone=True, sealed={"sealed": BOUND_TO}),
    Holding(first, "member_id", ("首单", "first orders")),
    Holding(request, "member_id", ("退款申请", "requests for refunds"), blank={"remark": ""}),
    Holding(promo.coupon, "member_id", ("优惠券", "coupons")),
    Holding(promo.gift, "from_member", ("送出的券", "coupons given")),
    Holding(campaign_member, "member_id", ("发券名单", "lists of campaigns"), gone=True),
    Holding(use, "member_id", ("用过的优惠", "offers used")),
    Holding(exchange, "member_id", ("积分兑换", "exchanges")),
    Holding(subscription, "member_id", ("付费会员", "subscriptions")),
    Holding(period, "subscription_id", ("付费会员周期", "their periods"), via=(subscription, "member_id")),
    Holding(charge, "subscription_id", ("付费会员扣款", "their charges"), via=(subscription, "member_id")),
    Holding(dish, "order_id", ("厨房的菜", "dishes in the kitchen"), via=ORDERS, blank={"note": "", "guest": ""}),
    Holding(print_job, "subject_id", ("打印的单据", "what was printed"), via=ORDERS, blank=FORGOTTEN),
    Holding(call, "guest_id", ("呼叫", "calls"), via=(guest, "member_id"), blank={"note": ""}),
    Holding(cart_line, "guest_id", ("桌上的购物车", "carts at tables"), via=(guest, "member_id"), gone=True),
    Holding(feedback, "member_id", ("评价", "feedback"), blank={"text": "", "answer": ""}),
    Holding(guest, "member_id", ("堂食入座", "tables joined"), blank={"name": ""}),
    Holding(seating, "member_id", ("堂食账单名", "tables in one's name")),
]
ELSEWHERE: dict[str, str] = {
    "ledger_entry.from_id": "accounts, shown by `ledger_txn`",
    "ledger_entry.to_id": "accounts, shown by `ledger_txn`",
    "member_gift.to_id": "what somebody else gave is theirs; the points that came are in `ledger_txn`",
    "payment_refund.owner_id": "whose work it is",
    "promo_charge_refund.owner_id": "whose work it is",
    "promo_coupon.from_id": "the coupon it was made of",
}


class _Found(msgspec.Struct, frozen=True):
    id: str


def _any(table: Any, *where: Any) -> Read[_Found]:
    return Read(select(table.c.id).where(table.c.member_id == par("member_id", Id), *where).limit(1), _Found)


def holdings() -> Holdings:
    """Return all that is held on members, with what has to end first: orders that go on, and agreements to be charged."""
    waits = [
        Waits("orders", _any(order, order.c.state.not_in(["completed", "cancelled"]))),
        Waits("subscription", _any(subscription, subscription.c.holds.is_not(None))),
    ]
    return Holdings(HELD, waits)
