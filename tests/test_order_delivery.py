"""What a store brings: to an address of the member's own, kept with the order as it was, for the fee and the minimum of the store."""

from __future__ import annotations

from typing import Any

import pytest

from goodtaste.kernel.ids import new_id
from tests.shop_kit import Floor, Member, line
from tests.test_member_addresses import HOME, PATH

FEES = {"delivers": True, "delivery_fen": 600, "delivery_minimum_fen": 3_000, "packaging_fen": 100}


async def an_address(floor: Floor, member: Member, **more: Any) -> str:
    """Give a member an address."""
    id_ = new_id()
    await floor.done("PUT", f"{PATH}/{id_}", HOME | more, floor.by(member))
    return id_


async def delivers(floor: Floor, **fees: Any) -> Any:
    """Open a store that brings what is ordered, or says it does not."""
    store, by = await floor.a_store(), floor.at("hq_admin")
    found = await floor.done("GET", f"/v1/stores/{store.id}", None)
    asked = {each: found[each] for each in ("name", "city", "address", "hours")} | {"fees": FEES | fees}
    await floor.done("PUT", f"/v1/stores/{store.id}", asked, by)
    return store


async def test_whoever_changes_a_store_and_says_nothing_of_delivery_leaves_it_as_it_is(floor: Floor) -> None:
    store, by = await delivers(floor), floor.at("hq_admin")
    found = await floor.done("GET", f"/v1/stores/{store.id}", None)
    asked = {each: found[each] for each in ("name", "city", "address", "hours")} | {"fees": {"delivery_fen": 700}}
    await floor.done("PUT", f"/v1/stores/{store.id}", asked, by)
    fees = (await floor.done("GET", f"/v1/stores/{store.id}", None))["fees"]
    assert (fees["delivers"], fees["delivery_minimum_fen"], fees["delivery_fen"]) == (True, 3_000, 700)


async def ordered(floor: Floor, member: Member, store: Any, *, qty: int = 2, **more: Any) -> Any:
    """Return what a member sends to have dumplings brought."""
    asked = await floor.cart([line("dumplings", qty)], member=member, by=floor.by(member), store_id=store.id, **more)
    return asked | {"channel": "web"}


async def test_an_order_is_brought_to_the_address_as_it_was_then(floor: Floor) -> None:
    member, store = await floor.a_member(), await delivers(floor)
    by, home = floor.by(member), await an_address(floor, member)
    asked = await ordered(floor, member, store, kind="delivery", address_id=home)
    order = await floor.done("POST", "/v1/orders", asked, by)
    assert await floor.done("POST", "/v1/orders", asked, by) == order, "the same once more"
    fees = {each["code"]: each["amount_fen"] for each in order["kept"]["fees"]}
    assert fees == {"packaging": 100, "delivery": 600}, "3798 is more than the minimum"
    await floor.done("PUT", f"{PATH}/{home}", HOME | {"detail": "别处"}, by)
    await floor.done("DELETE", f"{PATH}/{home}", None, by)
    path = f"/v1/orders/{order['id']}/address"
    for who in (by, floor.at("cashier", store)):
        assert await floor.done("GET", path, None, who) == HOME | {"phone": "+8613800138000"}
    assert await floor.refuses("GET", path, None, floor.by(await floor.a_member())) == "ordering.unknown"
    assert await floor.refuses("GET", path, None, floor.at("cashier")) == "auth.not_allowed", "of another store"
    [[sealed]] = await floor.db.execute(f"SELECT sealed FROM ordering_delivery WHERE order_id = '{order['id']}'")
    assert HOME["detail"] not in str(sealed)
    await floor.books_hold()


async def test_what_is_missing_to_the_minimum_is_charged_as_the_quote_says(floor: Floor) -> None:
    member, store = await floor.a_member(), await delivers(floor)
    asked = await ordered(floor, member, store, qty=1, kind="delivery", address_id=await an_address(floor, member))
    order = await floor.done("POST", "/v1/orders", asked, floor.by(member))
    fees = {each["code"]: each["amount_fen"] for each in order["kept"]["fees"]}
    assert fees == {"packaging": 100, "delivery": 600, "minimum": 3_000 - 1_899}


@pytest.mark.parametrize(
    "kind, whose, fees, code",
    [
        ("delivery", None, {}, "ordering.address_needed"),
        ("pickup", "own", {}, "ordering.address_needed"),
        ("delivery", "another", {}, "member.address_unknown"),
        ("delivery", "own", {"delivers": False}, "ordering.not_delivered"),
    ],
)
async def test_an_order_that_cannot_be_brought_is_refused(
    floor: Floor, kind: str, whose: str | None, fees: Any, code: str
) -> None:
    member, store = await floor.a_member(), await delivers(floor, **fees)
    owner = member if whose == "own" else await floor.a_member()
    to = {"address_id": await an_address(floor, owner)} if whose else {}
    asked = await ordered(floor, member, store, kind=kind, **to)
    assert await floor.refuses("POST", "/v1/orders", asked, floor.by(member)) == code
    kept = await floor.db.execute(f"SELECT 1 FROM ordering_order WHERE id = '{asked['id']}'")
    assert kept == []


async def test_an_order_that_is_fetched_has_no_address(floor: Floor) -> None:
    order = await floor.bought()
    path = f"/v1/orders/{order['id']}/address"
    assert await floor.refuses("GET", path, None, floor.at("cashier")) == "ordering.no_address"
