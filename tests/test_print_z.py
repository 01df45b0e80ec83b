"""A Z report on paper: what the screen says, once, with lines to sign."""

from __future__ import annotations

from goodtaste.floor.printing.receipts import money
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.money import yuan
from tests.print_kit import Desk, words
from tests.shop_kit import Floor
from tests.test_payment_shifts import Team


async def test_the_report_of_a_shift_is_printed_once_with_what_the_screen_says(floor: Floor) -> None:
    team = await Team(floor).hire()
    desk = Desk(floor, team.store)
    try:
        await _prints_its_report(floor, team, desk)
    finally:
        await desk.close()


async def _prints_its_report(floor: Floor, team: Team, desk: Desk) -> None:
    shift = await team.opened((10_000, 1))
    await team.sold()
    await team.counts(shift, (10_000, 1), (100, 3))
    await team.closed(shift, reason="少三毛三")
    path = f"/v1/stores/{team.store.id}/z-reports"
    [found] = (await floor.done("GET", path, None, team.by(team.manager)))["reports"]
    asked = {"id": new_id()}
    prints = f"{path}/{found['number']}/prints"
    assert await floor.refuses("POST", prints, asked, team.by(team.manager)) == "floor.nothing_to_print"
    _, printer = await desk.a_printer(purposes=["report"])
    made = await floor.done("POST", prints, asked, team.by(team.manager))
    assert (await floor.done("POST", prints, asked, team.by(team.manager)))["id"] == made["id"]
    again = {"id": new_id()}
    assert await floor.refuses("POST", prints, again, team.by(team.manager)) == "floor.nothing_to_print"
    await desk.serve()
    [slip] = printer.slips
    text = words(slip)
    cash = found["report"]["cash"]
    for said in (
        "交班报表",
        f"Z{found['number']:05d}",
        found["digest"][:16],
        "店长:",
        yuan(cash["expected_fen"]),
        yuan(cash["counted_fen"]),
    ):
        assert said in text, said
    assert money(cash["difference_fen"]) in text
    assert await floor.refuses("POST", f"{path}/999/prints", again, team.by(team.manager)) == "payment.z_unknown"
