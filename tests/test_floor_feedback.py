"""What diners say of a meal: once an order, changed within a day, by its member or with the code of its receipt, seen by the store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from goodtaste.floor.printing.tokens import receipt_token
from tests.shop_kit import Floor, Member, all_at_once, line, spread

GOOD = {"stars": 5, "tags": ["tasty", "fast"], "text": "红烧肉绝了"}


async def eaten(floor: Floor) -> tuple[Member, Any, str]:
    """Have a member who ate and paid; return them, the order and the path of what they say of it."""
    member = await floor.a_member()
    order = await floor.bought(line("tea"), member=member)
    return member, order, f"/v1/orders/{order['id']}/feedback"


async def test_what_is_said_is_seen_by_its_diner_and_its_store(floor: Floor) -> None:
    member, order, path = await eaten(floor)
    before = await floor.done("GET", path, None, floor.by(member))
    assert (before["feedback"], before["until"] is not None) == (None, True)
    given = await floor.done("PUT", path, GOOD, floor.by(member))
    assert given["feedback"]["tags"] == ["fast", "tasty"]
    assert await floor.done("GET", path, None, floor.by(member)) == given
    listed = await floor.done("GET", f"/v1/stores/{floor.store.id}/feedback", None, floor.at("store_manager"))
    assert listed["feedback"][0]["order_id"] == order["id"]
    assert {"stars": 5, "count": 1} in listed["stars"] or listed["stars"][0]["count"] > 1
    assert await floor.refuses("PUT", path, GOOD, floor.by(await floor.a_member())) == "ordering.unknown"


async def test_the_store_answers_and_the_diner_reads_it(floor: Floor) -> None:
    member, order, path = await eaten(floor)
    by, answer = floor.at("store_manager"), {"text": "谢谢，下次给您多加一勺"}
    assert await floor.refuses("PUT", f"{path}/answer", answer, by) == "floor.feedback_unknown"
    await floor.done("PUT", path, GOOD, floor.by(member))
    assert await floor.refuses("PUT", f"{path}/answer", answer, floor.at("cashier")) == "auth.not_allowed"
    unanswered = f"/v1/stores/{floor.store.id}/feedback?unanswered=true"
    waits = (await floor.done("GET", unanswered, None, by))["feedback"]
    assert order["id"] in [each["order_id"] for each in waits]
    first = await floor.done("PUT", f"{path}/answer", answer, by)
    floor.later(minutes=1)
    assert await floor.done("PUT", f"{path}/answer", answer, by) == first
    seen = (await floor.done("GET", path, None, floor.by(member)))["feedback"]
    assert (seen["answer"], seen["answered_at"]) == (answer["text"], first["answered_at"])
    waits = (await floor.done("GET", unanswered, None, by))["feedback"]
    assert order["id"] not in [each["order_id"] for each in waits]


async def test_it_is_said_once_and_changed_within_a_day(floor: Floor) -> None:
    member, _, path = await eaten(floor)
    answers = await all_at_once([floor.do("PUT", path, GOOD, floor.by(member)) for _ in range(5)])
    assert spread(answers) == {"done": 5}
    changed = await floor.done("PUT", path, {"stars": 3, "text": "凉了"}, floor.by(member))
    assert (changed["feedback"]["stars"], changed["feedback"]["tags"]) == (3, [])
    floor.later(hours=25)
    assert await floor.refuses("PUT", path, GOOD, floor.by(member)) == "floor.feedback_over"
    same = await floor.done("PUT", path, {"stars": 3, "text": "凉了"}, floor.by(member))
    assert (same["feedback"]["stars"], same["until"]) == (3, None)


async def test_only_a_meal_that_was_paid_lately_is_rated(floor: Floor) -> None:
    member = await floor.a_member()
    unpaid = await floor.order(line("tea"), member=member)
    path = f"/v1/orders/{unpaid['id']}/feedback"
    assert await floor.refuses("PUT", path, GOOD, floor.by(member)) == "floor.not_rateable"
    member, _, path = await eaten(floor)
    floor.later(days=31)
    assert await floor.refuses("PUT", path, GOOD, floor.by(member)) == "floor.not_rateable"
    for bad in ({"stars": 0}, {"stars": 6}, {"stars": 5, "tags": ["x"]}, {"stars": 5, "text": "x" * 501}):
        assert await floor.refuses("PUT", path, bad, floor.by(member)) == "request.malformed"


async def test_who_holds_the_receipt_may_say_it_too(floor: Floor) -> None:
    order = await floor.bought(line("tea"))
    paid_at = datetime.fromisoformat(order["paid_at"])
    token = receipt_token(order["id"], paid_at=paid_at, keyring=floor.process.keyring)
    path = f"/v1/receipts/{token}/feedback"
    given = await floor.done("PUT", path, GOOD)
    assert given["feedback"]["member_id"] is None
    assert await floor.done("GET", path) == given
    assert await floor.refuses("PUT", "/v1/receipts/x/feedback", GOOD) == "floor.receipt_unknown"


async def test_a_store_finds_the_unhappy_ones_page_by_page(floor: Floor) -> None:
    for stars in (1, 1, 1, 5):
        member, _, path = await eaten(floor)
        await floor.done("PUT", path, {"stars": stars}, floor.by(member))
        floor.later(seconds=1)
    path, by = f"/v1/stores/{floor.store.id}/feedback?stars=1&limit=2", floor.at("hq_admin")
    first = await floor.done("GET", path, None, by)
    second = await floor.done("GET", f"{path}&before={first['next']}", None, by)
    found = [*first["feedback"], *second["feedback"]]
    assert {each["stars"] for each in found} == {1}
    assert len({each["order_id"] for each in found}) == len(found) >= 3
    elsewhere = floor.at("store_manager", floor.elsewhere)
    assert await floor.refuses("GET", path, None, elsewhere) == "auth.not_allowed"
