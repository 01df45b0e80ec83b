"""Diners ask for refunds, and stores answer: one open request an order, each refund made once and as it was shown."""

from __future__ import annotations

from typing import Any

from goodtaste.kernel.ids import new_id
from goodtaste.ordering.asks.tables import REQUESTS_MAX
from tests import org_kit
from tests.shop_kit import Floor, Member, all_at_once, line, spread


async def paid(floor: Floor, *lines: Any, **more: Any) -> tuple[Member, Any]:
    """Have a member with an order that is paid."""
    member = await floor.a_member(points=more.pop("points", 0))
    return member, await floor.bought(*(lines or (line("noodles", 2), line("dumplings"))), member=member, **more)


def asking(order: Any, fen: int, pieces: dict[int, int] | None = None, **more: Any) -> dict[str, Any]:
    """Return what is sent to ask for a refund."""
    wanted = [{"line_no": no, "qty": qty} for no, qty in (pieces or {}).items()]
    return {"id": new_id(), "why": "quality", "seen_amount_fen": fen, "pieces": wanted} | more


async def asked(floor: Floor, member: Member, order: Any, pieces: dict[int, int] | None = None, **more: Any) -> Any:
    """Ask for a refund as the preview shows it to the diner."""
    path = f"/v1/orders/{order['id']}"
    wanted = [{"line_no": no, "qty": qty} for no, qty in (pieces or {}).items()]
    shown = await floor.done("POST", f"{path}/refunds/preview", {"pieces": wanted}, floor.by(member))
    body = asking(order, shown["amount_fen"], pieces, **more)
    return await floor.done("POST", f"{path}/refund-requests", body, floor.by(member))


async def approving(floor: Floor, request: Any) -> dict[str, Any]:
    """Return what is sent to approve a request, as the staff see it now."""
    path = f"/v1/orders/{request['order_id']}/refunds/preview"
    shown = await floor.done("POST", path, {"pieces": request["pieces"]}, floor.at("cashier"))
    return {"id": new_id(), "seen_amount_fen": shown["amount_fen"], "seen_mark": shown["mark"]}


async def test_a_store_refunds_what_a_diner_asked_for(floor: Floor) -> None:
    member, order = await paid(floor)
    request = await asked(floor, member, order, {1: 1}, why="wrong_dish", remark="要的是不辣的")
    assert (request["state"], request["remark"], request["amount_fen"]) == ("open", "要的是不辣的", 2_500)
    listed = await floor.done("GET", f"/v1/refund-requests?store_id={floor.store.id}", None, floor.at("cashier"))
    assert listed["requests"][0] == request
    body = await approving(floor, request)
    path = f"/v1/refund-requests/{request['id']}/approve"
    done = await floor.done("POST", path, body, floor.at("store_manager"))
    assert (done["state"], done["refund_id"]) == ("approved", body["id"])
    assert await floor.done("POST", path, body, floor.at("store_manager")) == done, "the same once more"
    refunds = await floor.done("GET", f"/v1/orders/{order['id']}/refunds", None, floor.by(member))
    assert [(each["id"], each["amount_fen"], each["reason"]) for each in refunds] == [(body["id"], 2_500, "wrong_dish")]
    other = await approving(floor, await asked(floor, member, order))
    assert await floor.refuses("POST", path, other, floor.at("store_manager")) == "ordering.refund_request_decided"
    await floor.books_hold()


async def test_who_may_not_refund_has_a_request_approved_by_pin(floor: Floor) -> None:
    member, order = await paid(floor)
    request = await asked(floor, member, order)
    body, path = await approving(floor, request), f"/v1/refund-requests/{request['id']}/approve"
    assert await floor.refuses("POST", path, body, floor.at("cashier")) == "auth.not_allowed"
    manager = await org_kit.a_person(floor, ("store_manager", floor.store.id), pin="736194")
    approval = {"approval": {"staff_id": manager.id, "pin": "736194"}}
    done = await floor.done("POST", path, body | approval, floor.at("cashier"))
    assert done["state"] == "approved"
    [refund] = await floor.done("GET", f"/v1/orders/{order['id']}/refunds", None, floor.by(member))
    assert refund["approved_by"] == manager.id
    await floor.books_hold()


async def test_a_store_declines_with_a_reason_that_the_diner_reads(floor: Floor) -> None:
    member, order = await paid(floor)
    request = await asked(floor, member, order)
    path = f"/v1/refund-requests/{request['id']}"
    by = floor.at("store_manager")
    assert await floor.refuses("POST", f"{path}/decline", {"reason": "x"}, floor.at("cashier")) == "auth.not_allowed"
    told = await floor.done("POST", f"{path}/decline", {"reason": "已当面换过"}, by)
    assert await floor.done("POST", f"{path}/decline", {"reason": "已当面换过"}, by) == told
    assert await floor.refuses("POST", f"{path}/decline", {"reason": "别的"}, by) == "ordering.refund_request_decided"
    assert await floor.refuses("POST", f"{path}/withdraw", None, floor.by(member)) == "ordering.refund_request_decided"
    [seen] = await floor.done("GET", f"/v1/orders/{order['id']}/refund-requests", None, floor.by(member))
    assert (seen["state"], seen["answer"]) == ("declined", "已当面换过")
    again = await asked(floor, member, order, remark="还是不对")
    assert again["state"] == "open"


async def test_an_order_has_one_open_request_and_few_in_all(floor: Floor) -> None:
    member, order = await paid(floor)
    path, by = f"/v1/orders/{order['id']}/refund-requests", floor.by(member)
    bodies = [asking(order, order["due_fen"]) for _ in range(6)]
    answers = await all_at_once([floor.do("POST", path, body, by) for body in bodies])
    assert spread(answers) == {"done": 1, "ordering.refund_request_open": 5}
    for n in range(1, REQUESTS_MAX + 1):
        [open_, *_] = await floor.done("GET", path, None, by)
        for _ in range(2):
            gone = await floor.done("POST", f"/v1/refund-requests/{open_['id']}/withdraw", None, by)
            assert gone["state"] == "withdrawn"
        if n < REQUESTS_MAX:
            await asked(floor, member, order)
    assert await floor.refuses("POST", path, asking(order, order["due_fen"]), by) == "ordering.refund_requests_full"


async def test_a_request_is_what_its_diner_saw_and_bound_to_its_id(floor: Floor) -> None:
    member, order = await paid(floor)
    path, by = f"/v1/orders/{order['id']}/refund-requests", floor.by(member)
    assert await floor.refuses("POST", path, asking(order, 1), by) == "ordering.refund_changed"
    assert await floor.refuses("POST", path, asking(order, 1, {1: 9}), by) == "ordering.bad_refund"
    body = asking(order, order["due_fen"])
    made = await floor.done("POST", path, body, by)
    assert await floor.done("POST", path, body, by) == made
    assert await floor.refuses("POST", path, body | {"why": "slow"}, by) == "request.id_taken"


async def test_only_what_is_paid_and_fresh_can_be_asked_for(floor: Floor) -> None:
    member = await floor.a_member()
    unpaid = await floor.order(member=member)
    path = f"/v1/orders/{unpaid['id']}/refund-requests"
    assert await floor.refuses("POST", path, asking(unpaid, 1), floor.by(member)) == "ordering.not_refundable"
    member, order = await paid(floor)
    floor.later(days=8)
    path = f"/v1/orders/{order['id']}/refund-requests"
    body = asking(order, order["due_fen"])
    assert await floor.refuses("POST", path, body, floor.by(member)) == "ordering.refund_request_too_late"


async def test_a_refund_that_changed_meanwhile_is_not_approved_unseen(floor: Floor) -> None:
    member, order = await paid(floor)
    request = await asked(floor, member, order)
    body, path = await approving(floor, request), f"/v1/refund-requests/{request['id']}/approve"
    await floor.refund(order, {1: 1})
    assert await floor.refuses("POST", path, body, floor.at("store_manager")) == "ordering.refund_changed"
    [seen] = await floor.done("GET", f"/v1/orders/{order['id']}/refund-requests", None, floor.by(member))
    assert seen["state"] == "open", "nothing was done"
    await floor.books_hold()


async def test_of_two_who_answer_one_wins(floor: Floor) -> None:
    member, order = await paid(floor)
    request = await asked(floor, member, order)
    body, path = await approving(floor, request), f"/v1/refund-requests/{request['id']}"
    answers = await all_at_once(
        [
            floor.do("POST", f"{path}/approve", body, floor.at("store_manager")),
            floor.do("POST", f"{path}/decline", {"reason": "不退"}, floor.at("hq_admin")),
            floor.do("POST", f"{path}/withdraw", None, floor.by(member)),
        ]
    )
    assert spread(answers)["done"] == 1
    refunds = await floor.done("GET", f"/v1/orders/{order['id']}/refunds", None, floor.by(member))
    [seen] = await floor.done("GET", f"/v1/orders/{order['id']}/refund-requests", None, floor.by(member))
    assert len(refunds) == (seen["state"] == "approved")
    await floor.books_hold()


async def test_requests_are_paged_and_the_head_office_sees_them_all(floor: Floor) -> None:
    for _ in range(3):
        member, order = await paid(floor)
        await asked(floor, member, order)
    first = await floor.done("GET", "/v1/refund-requests?limit=2", None, floor.at("hq_admin"))
    assert len(first["requests"]) == 2
    second = await floor.done("GET", f"/v1/refund-requests?limit=2&before={first['next']}", None, floor.at("hq_admin"))
    ids = [each["id"] for each in (*first["requests"], *second["requests"])]
    assert len(set(ids)) == len(ids) >= 3
    assert await floor.refuses("GET", "/v1/refund-requests", None, floor.at("cashier")) == "auth.not_allowed"
    nobody = f"/v1/refund-requests/{new_id()}/decline"
    assert (
        await floor.refuses("POST", nobody, {"reason": "x"}, floor.at("store_manager"))
        == "ordering.refund_request_unknown"
    )
