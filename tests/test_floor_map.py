"""The map of tables: what the kitchen still makes for a party, and what waits to be carried."""

from __future__ import annotations

from goodtaste.kernel.ids import new_id
from tests.seating_kit import a_hall
from tests.shop_kit import Floor


async def test_the_map_says_for_whom_the_kitchen_works_and_what_waits_to_be_carried(floor: Floor) -> None:
    hall = await a_hall(floor)
    await hall.open("B1")
    order = await hall.order("B1", "tea", "noodles")
    await floor.hear()
    [party] = (await hall.map())["B1"]
    assert (party["to_make"], party["ready"]) == (2, 0)
    cook = floor.at("kitchen", hall.store)
    acts = f"/v1/stores/{hall.store.id}/kitchen/acts"
    piece = {"dish_id": order["lines"][0]["dish_id"], "order_id": order["id"], "qty": 1}
    await floor.done("POST", acts, {"id": new_id(), "what": "bump", "pieces": [piece]}, cook)
    [party] = (await hall.map())["B1"]
    assert (party["to_make"], party["ready"]) == (1, 1)
