"""The life of an order: quoted, placed, paid, made, handed over; what it takes and holds, and what it earns."""

from __future__ import annotations

from tests.shop_kit import Floor, line


async def test_a_diner_sees_a_price_orders_at_it_pays_cash_and_earns(floor: Floor) -> None:
    member = await floor.a_member(points=2_000)
    coupon = await floor.a_coupon(member, "cash", 1_000, threshold_fen=5_000)
    lines = [line("noodles", 2, options=("hot", "egg")), line("soup.large"), line("feast", parts={"main": "dumplings"})]
    visit = await floor.a_visit(member)
    seen = await floor.quote(lines, floor.at("cashier"), member_id=member.id, visit_id=visit, all_points=True)
    priced = seen["priced"]
    # members pay 2 x (25.00 + 3.00) + 24.03 + (79.00 + 2.07) = 161.10, less 10.00 by coupon, less at most a tenth by points
    assert (priced["list_fen"], priced["member_saving_fen"]) == (2 * 3_100 + 2_601 + 9_007, 600 + 198 + 900)
    assert (priced["coupon_id"], priced["coupon_fen"], priced["points"], priced["points_fen"]) == (
        coupon,
        1_000,
        1_511,
        1_511,
    )
    assert priced["due_fen"] == 16_110 - 1_000 - 1_511
    assert sum(each["saved_fen"] for each in priced["reasons"]) == priced["list_fen"] - priced["due_fen"]
    assert seen["points_earned"] == 13

    order = await floor.bought(*lines, member=member, coupon_id=coupon, points=1_511)
    assert (order["pay_state"], order["due_fen"], order["points_earned"]) == ("paid", 13_599, 13)
    assert sum(each["due_fen"] for each in order["lines"]) == 13_599
    assert await floor.coupon_state(coupon) == ("redeemed", order["id"])
    assert await floor.points(member) == (489, 13, 0)
    assert await floor.payments(order) == [("cash", "succeeded", 13_599, 0)]
    await floor.finish(order)
    assert await floor.points(member) == (502, 0, 0)
    level = await floor.done("GET", "/v1/me/level", None, floor.by(member))
    assert level["growth"] == 135
    await floor.books_hold()


async def test_an_unpaid_order_holds_coupon_and_points_and_uses_them_when_it_is_paid(floor: Floor) -> None:
    member = await floor.a_member(points=300)
    coupon = await floor.a_coupon(member)
    order = await floor.order(line("noodles", 2), member=member, coupon_id=coupon, points=300)
    assert (order["pay_state"], order["coupon_fen"], order["points"], order["points_earned"]) == ("unpaid", 500, 300, 0)
    assert await floor.coupon_state(coupon) == ("held", order["id"])
    assert await floor.points(member) == (0, 0, 0)
    paid = await floor.pay_cash(order, tendered_fen=5_000)
    assert (paid["pay_state"], paid["points_earned"]) == ("paid", 4)
    assert await floor.coupon_state(coupon) == ("redeemed", order["id"])
    assert await floor.points(member) == (0, 4, 0)
    [shown] = await floor.done("GET", f"/v1/orders/{order['id']}/payments", None, floor.by(member))
    assert (shown["tendered_fen"], shown["change_fen"]) == (5_000, 800)
    await floor.books_hold()


async def test_a_cancelled_order_gives_back_all_it_held(floor: Floor) -> None:
    member = await floor.a_member(points=300)
    coupon = await floor.a_coupon(member)
    await floor.portions("noodles", 5)
    order = await floor.order(line("noodles", 2), member=member, coupon_id=coupon, points=300)
    assert (await floor.sold("noodles"))[0] == 3
    path, why = f"/v1/orders/{order['id']}/cancel", {"reason": "不吃了"}
    gone = await floor.done("POST", path, why, floor.by(member))
    assert gone["state"] == "cancelled"
    assert await floor.done("POST", path, why, floor.by(member)) == gone
    assert await floor.coupon_state(coupon) == ("issued", None)
    assert await floor.points(member) == (300, 0, 0)
    assert (await floor.sold("noodles"))[0] == 5
    again = await floor.order(line("noodles", 2), member=member, coupon_id=coupon, points=300)
    assert again["due_fen"] == order["due_fen"]
    for path, body in (("cash", {"id": order["id"], "tendered_fen": 9_900, "seen_due_fen": order["due_fen"]}),):
        assert (
            await floor.refuses("POST", f"/v1/orders/{order['id']}/{path}", body, floor.at("cashier"))
            == "ordering.not_payable"
        )
    assert await floor.refuses(
        "POST", f"/v1/orders/{order['id']}/payments", floor.paying(order), floor.at("cashier")
    ) == ("ordering.not_payable")
    await floor.portions("noodles", None)
    await floor.books_hold()


async def test_an_order_nobody_pays_runs_out_and_gives_back_all_it_held(floor: Floor) -> None:
    member = await floor.a_member(points=300)
    coupon = await floor.a_coupon(member)
    order = await floor.order(line("noodles", 2), member=member, coupon_id=coupon, points=300)
    await floor.wait(14 * 60)
    assert (await floor.seen(order["id"]))["state"] == "placed"
    await floor.wait(2 * 60)
    assert (await floor.seen(order["id"]))["state"] == "cancelled"
    assert await floor.coupon_state(coupon) == ("issued", None)
    assert await floor.points(member) == (300, 0, 0)
    steps = await floor.done("GET", f"/v1/orders/{order['id']}/steps", None, floor.by(member))
    assert [(each["to_state"], each["actor_kind"]) for each in steps] == [("cancelled", "system")]
    await floor.books_hold()


async def test_an_order_that_is_being_made_does_not_run_out(floor: Floor) -> None:
    order = await floor.order()
    await floor.advance(order, "accepted", "preparing")
    await floor.wait(20 * 60)
    assert (await floor.seen(order["id"]))["state"] == "preparing"
    await floor.pay_cash(order)
    await floor.books_hold()


async def test_a_coupon_and_points_on_an_order_cannot_be_used_for_another(floor: Floor) -> None:
    member = await floor.a_member(points=300)
    coupon = await floor.a_coupon(member)
    asked = await floor.cart([line("noodles", 2)], member=member, by=floor.by(member), coupon_id=coupon, points=300)
    await floor.done("POST", "/v1/orders", asked, floor.by(member))
    other = asked | {"id": "018f0000-0000-7000-8000-000000000001"}
    assert await floor.refuses("POST", "/v1/orders", other, floor.by(member)) == "promo.coupon_used"
    assert await floor.coupons(member) == []
    seen = await floor.quote([line("noodles", 2)], floor.by(member), all_points=True)
    assert (seen["points_available"], seen["priced"]["points"]) == (0, 0)


async def test_the_progress_of_an_order_is_one_way_and_written_down(floor: Floor) -> None:
    order = await floor.bought()
    path = f"/v1/orders/{order['id']}/advance"
    for state, wrong in (
        ("accepted", "served"),
        ("preparing", "placed"),
        ("ready", "served"),
        ("picked_up", "accepted"),
    ):
        answer = await floor.do("POST", path, {"to": wrong}, floor.at("store_manager"))
        assert answer.json()["code"] == "ordering.wrong_state"
        assert state in answer.json()["facts"]["possible"]
        await floor.done("POST", path, {"to": state, "reason": "好了"}, floor.at("kitchen"))
        await floor.done("POST", path, {"to": state}, floor.at("waiter"))  # again: nothing happens
    assert await floor.refuses("POST", path, {"to": "cancelled"}, floor.at("store_manager")) == "ordering.wrong_state"
    await floor.wait(29 * 60)
    assert (await floor.seen(order["id"]))["state"] == "picked_up"
    await floor.wait(2 * 60)
    assert (await floor.seen(order["id"]))["state"] == "completed"
    steps = await floor.done("GET", f"/v1/orders/{order['id']}/steps", None, floor.at("waiter"))
    assert [(each["from_state"], each["to_state"], each["actor_kind"]) for each in steps] == [
        ("placed", "accepted", "staff"),
        ("accepted", "preparing", "staff"),
        ("preparing", "ready", "staff"),
        ("ready", "picked_up", "staff"),
        ("picked_up", "completed", "system"),
    ]


async def test_an_order_handed_over_is_completed_once_it_is_paid(floor: Floor) -> None:
    member = await floor.a_member()
    order = await floor.order(line("banquet"), member=member)
    await floor.advance(order, "accepted", "ready", "picked_up")
    path = f"/v1/orders/{order['id']}/advance"
    assert await floor.refuses("POST", path, {"to": "completed"}, floor.at("store_manager")) == "ordering.wrong_state"
    await floor.wait(35 * 60)
    assert (await floor.seen(order["id"]))["state"] == "picked_up"
    await floor.pay_cash(order)
    await floor.wait(60 * 60)
    assert (await floor.seen(order["id"]))["state"] == "completed"
    await floor.hear()
    assert await floor.points(member) == (99, 0, 0)
    await floor.books_hold()


async def test_a_paid_order_is_refunded_instead_of_cancelled(floor: Floor) -> None:
    order = await floor.bought()
    path = f"/v1/orders/{order['id']}/cancel"
    assert await floor.refuses("POST", path, {"reason": "错了"}, floor.at("store_manager")) == "ordering.refund_instead"


async def test_a_member_cancels_until_the_order_is_accepted_and_the_staff_until_it_is_made(floor: Floor) -> None:
    member = await floor.a_member()
    order = await floor.order(member=member)
    path, why = f"/v1/orders/{order['id']}/cancel", {"reason": "不要了"}
    await floor.advance(order, "accepted")
    assert await floor.refuses("POST", path, why, floor.by(member)) == "auth.not_allowed"
    await floor.advance(order, "preparing")
    assert await floor.refuses("POST", path, why, floor.at("store_manager")) == "ordering.wrong_state"
    other = await floor.order(member=member)
    await floor.advance(other, "accepted")
    assert (await floor.done("POST", f"/v1/orders/{other['id']}/cancel", why, floor.at("cashier")))[
        "state"
    ] == "cancelled"


async def test_the_same_order_sent_again_is_the_same_order_and_another_one_is_refused(floor: Floor) -> None:
    await floor.portions("tea", 10)
    by = floor.at("cashier")
    asked = await floor.cart([line("tea", 3)], by=by, cash=True)
    first = await floor.done("POST", "/v1/orders", asked, by)
    assert await floor.done("POST", "/v1/orders", asked, by) == first
    assert (await floor.sold("tea"))[0] == 7
    assert await floor.refuses("POST", "/v1/orders", asked | {"note": "少冰"}, by) == "request.id_taken"
    await floor.portions("tea", 0)
    await floor.reprice("tea", 400)
    await floor.reprice("tea", 333)
    await floor.done(
        "POST", f"/v1/stores/{floor.store.id}/switch", {"open": False, "reason": "打烊"}, floor.at("store_manager")
    )
    try:
        assert await floor.done("POST", "/v1/orders", asked, by) == first, (
            "an answer that was lost is given again after closing"
        )
        other = asked | {"id": asked["cash"]["payment_id"]}
        assert await floor.refuses("POST", "/v1/orders", other, by) == "org.store_closed"
    finally:
        await floor.done(
            "POST", f"/v1/stores/{floor.store.id}/switch", {"open": True, "reason": "开门"}, floor.at("store_manager")
        )
    await floor.portions("tea", None)


async def test_a_payment_id_belongs_to_one_payment(floor: Floor) -> None:
    by = floor.at("cashier")
    first = await floor.cart([line("tea")], by=by, cash=True)
    await floor.done("POST", "/v1/orders", first, by)
    second = await floor.cart([line("tea")], by=by) | {"cash": first["cash"]}
    assert await floor.refuses("POST", "/v1/orders", second, by) == "request.id_taken"
    unpaid = await floor.order(line("tea"))
    cash = {"id": first["cash"]["payment_id"], "tendered_fen": 333, "seen_due_fen": 333}
    assert await floor.refuses("POST", f"/v1/orders/{unpaid['id']}/cash", cash, by) == "request.id_taken"
    wallet = floor.paying(unpaid, payment_id=first["cash"]["payment_id"])
    assert await floor.refuses("POST", f"/v1/orders/{unpaid['id']}/payments", wallet, by) == "request.id_taken"
    await floor.books_hold()


async def test_a_cash_payment_sent_again_is_taken_once(floor: Floor) -> None:
    order = await floor.order()
    by, path = floor.at("cashier"), f"/v1/orders/{order['id']}/cash"
    asked = {"id": order["id"], "tendered_fen": 2_000, "seen_due_fen": 1_899}
    paid = await floor.done("POST", path, asked, by)
    assert await floor.done("POST", path, asked, by) == paid
    assert await floor.refuses("POST", path, asked | {"tendered_fen": 5_000}, by) == "request.id_taken"
    assert await floor.payments(order) == [("cash", "succeeded", 1_899, 0)]
    assert await floor.refuses("POST", path, asked | {"id": floor.store.id}, by) == "ordering.not_payable"
    assert (
        await floor.refuses("POST", f"/v1/orders/{order['id']}/payments", floor.paying(order), by)
        == "payment.already_paid"
    )


async def test_too_little_cash_and_another_price_than_was_seen_are_refused(floor: Floor) -> None:
    by = floor.at("cashier")
    asked = await floor.cart([line("dumplings")], by=by, cash=True)
    short = asked | {"cash": asked["cash"] | {"tendered_fen": 1_898}}
    assert await floor.refuses("POST", "/v1/orders", short, by) == "payment.too_little_cash"
    await floor.reprice("dumplings", 1_999)
    try:
        answer = await floor.do("POST", "/v1/orders", asked, by)
        assert answer.json()["code"] == "ordering.price_changed"
        facts = answer.json()["facts"]
        assert (facts["seen_fen"], facts["due_fen"], facts["priced"]["lines"][0]["unit_fen"]) == (1_899, 1_999, 1_999)
        now = asked | {"seen_due_fen": 1_999, "cash": asked["cash"] | {"tendered_fen": 2_000}}
        order = await floor.done("POST", "/v1/orders", now, by)
    finally:
        await floor.reprice("dumplings", 1_899)
    assert order["due_fen"] == 1_999
    unpaid = await floor.order()
    cash = {"id": unpaid["id"], "tendered_fen": 2_000, "seen_due_fen": 1_000}
    assert await floor.refuses("POST", f"/v1/orders/{unpaid['id']}/cash", cash, by) == "ordering.price_changed"
    cash |= {"seen_due_fen": 1_899, "tendered_fen": 1_000}
    assert await floor.refuses("POST", f"/v1/orders/{unpaid['id']}/cash", cash, by) == "payment.too_little_cash"


async def test_an_order_that_a_coupon_pays_in_full_needs_no_money(floor: Floor) -> None:
    member = await floor.a_member()
    coupon = await floor.a_coupon(member, "exchange", 1, dish_ids=[])
    order = await floor.order(line("dumplings"), member=member, coupon_id=coupon)
    assert (order["due_fen"], order["pay_state"]) == (0, "paid")
    assert await floor.payments(order) == []
    assert await floor.coupon_state(coupon) == ("redeemed", order["id"])
    back = await floor.refund(order)
    assert (back["amount_fen"], back["coupon_back"]) == (0, True)
    assert await floor.coupon_state(coupon) == ("issued", None)
    taken = await floor.bought(line("dumplings"), member=member, coupon_id=coupon)
    assert (taken["due_fen"], taken["pay_state"]) == (0, "paid")
    await floor.books_hold()


async def test_a_store_that_is_closed_and_a_table_it_does_not_have_take_no_order(floor: Floor) -> None:
    member = await floor.a_member()
    asked = await floor.cart([line("tea")], member=member, by=floor.by(member), kind="dine_in", channel="table_qr")
    assert await floor.refuses("POST", "/v1/orders", asked, floor.by(member)) == "org.table_unknown"
    there = asked | {"table_id": floor.elsewhere.tables[0]}
    assert await floor.refuses("POST", "/v1/orders", there, floor.by(member)) == "org.table_unknown"
    switch, manager = f"/v1/stores/{floor.elsewhere.id}/switch", floor.at("store_manager", floor.elsewhere)
    await floor.done("POST", switch, {"open": False, "reason": "停电"}, manager)
    try:
        closed = there | {"store_id": floor.elsewhere.id}
        assert await floor.refuses("POST", "/v1/orders", closed, floor.by(member)) == "org.store_closed"
    finally:
        await floor.done("POST", switch, {"open": True, "reason": "来电"}, manager)
    assert (await floor.done("POST", "/v1/orders", closed, floor.by(member)))["table_id"] == floor.elsewhere.tables[0]


async def test_orders_are_listed_newest_first_page_by_page(floor: Floor) -> None:
    store = await floor.a_store()
    member = await floor.a_member()
    made = []
    for _ in range(5):
        asked = await floor.cart([line("tea"), line("noodles")], member=member, by=floor.by(member), store_id=store.id)
        made.append((await floor.done("POST", "/v1/orders", asked, floor.by(member)))["id"])
    for path, by in (
        ("/v1/me/orders?limit=2", floor.by(member)),
        (f"/v1/stores/{store.id}/orders?limit=2", floor.at("waiter", store)),
    ):
        found: list[str] = []
        before = ""
        for size in (2, 2, 1):
            page = await floor.done("GET", f"{path}&before={before}", None, by)
            assert [len(each["lines"]) for each in page["orders"]] == [2] * size
            found, before = found + [each["id"] for each in page["orders"]], page["next"]
        assert (found, before) == (sorted(made, reverse=True), None)
        assert await floor.refuses("GET", f"{path}&before=nonsense", None, by) == "request.bad_cursor"
        for limit in ("0", "101", "-1", "x", "9223372036854775808"):
            assert (
                await floor.refuses("GET", path.replace("limit=2", f"limit={limit}"), None, by) == "request.malformed"
            )


async def test_a_frozen_member_still_orders_but_redeems_nothing(floor: Floor) -> None:
    member = await floor.a_member(points=500)
    coupon = await floor.a_coupon(member)
    await floor.done("POST", f"/v1/members/{member.id}/freeze", {"reason": "查一查"}, floor.at("hq_admin"))
    by = floor.by(member)
    seen = await floor.quote([line("noodles", 2)], by, all_points=True)
    assert (seen["priced"]["coupon_id"], seen["priced"]["points"], seen["priced"]["due_fen"]) == (None, 0, 5_000)
    plain = await floor.cart([line("noodles", 2)], member=member, by=by)
    for more in ({"points": 100}, {"coupon_id": coupon}):
        assert await floor.refuses("POST", "/v1/orders", plain | more, by) == "member.frozen"
    assert (await floor.done("POST", "/v1/orders", plain, by))["due_fen"] == 5_000


async def test_a_dish_that_sells_out_between_price_and_order_takes_nothing(floor: Floor) -> None:
    member = await floor.a_member(points=200)
    coupon = await floor.a_coupon(member)
    by = floor.by(member)
    asked = await floor.cart([line("noodles", 2), line("tea")], member=member, by=by, coupon_id=coupon, points=200)
    await floor.portions("noodles", 1)
    answer = await floor.do("POST", "/v1/orders", asked, by)
    assert answer.json()["code"] == "menu.sold_out"
    assert answer.json()["facts"] == {"sku_id": asked["lines"][0]["sku_id"], "portions_left": 1, "asked": 2}
    assert await floor.coupons(member) == [coupon]
    assert await floor.points(member) == (200, 0, 0)
    await floor.portions("noodles", None)
    assert (await floor.done("POST", "/v1/orders", asked, by))["state"] == "placed"
    await floor.books_hold()


async def test_an_order_that_is_made_and_never_paid_gives_its_member_coupon_and_points_back(floor: Floor) -> None:
    member = await floor.a_member(points=300)
    coupon = await floor.a_coupon(member)
    order = await floor.order(line("noodles", 2), member=member, coupon_id=coupon, points=300)
    await floor.advance(order, "accepted", "preparing")
    await floor.wait(200 * 60)
    assert await floor.coupon_state(coupon) == ("held", order["id"])
    await floor.wait(60 * 60)
    assert (await floor.coupon_state(coupon), await floor.points(member)) == (("issued", None), (300, 0, 0))
    after = await floor.seen(order["id"])
    assert (after["state"], after["due_fen"]) == ("preparing", 5_000)
    await floor.books_hold()
