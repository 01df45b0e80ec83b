"""Points accounts as the staff look at them: which lots there are and what opened them, who owes, and the books proved on the spot."""

from __future__ import annotations

from goodtaste.app.proving import of_points
from goodtaste.kernel.ids import new_id
from tests import ledger_kit
from tests.member_kit import a_member, a_person, give
from tests.shop import Shop


async def test_lots_tell_what_opened_them_and_what_is_left(shop: Shop) -> None:
    member, by = await a_member(shop), (await a_person(shop, "hq_admin"))[1]
    for points, days in ((120, 10), (30, 20)):
        await give(shop, member[0], points, days=days)
    path = f"/v1/members/{member[0]}/points/lots"
    first = (await shop.get(f"{path}?limit=1", by)).json()
    rest = (await shop.get(f"{path}?limit=1&before={first['next']}", by)).json()
    lots = [*first["lots"], *rest["lots"]]
    assert [(each["amount"], each["remaining"], each["kind"]) for each in lots] == [
        (30, 30, "grant"),
        (120, 120, "grant"),
    ]
    assert all(each["words"] for each in lots)
    await shop.db.run(ledger_kit.spend(member[0], new_id(), 120, today=shop.now.date()))
    assert [each["amount"] for each in (await shop.get(path, by)).json()["lots"]] == [30]
    assert len((await shop.get(f"{path}?left=false", by)).json()["lots"]) == 2


async def test_who_owes_points_is_found_among_all(shop: Shop) -> None:
    member, other, by = await a_member(shop), await a_member(shop), (await a_person(shop, "hq_admin"))[1]
    await give(shop, member[0], 40)
    order = new_id()
    await shop.db.run(ledger_kit.earn(other[0], order, 50))
    await shop.db.run(ledger_kit.vest(other[0], order))
    await shop.db.run(ledger_kit.spend(other[0], new_id(), 50))
    await shop.db.run(ledger_kit.refund(other[0], order, back=0, taken=50, source=new_id()))
    [found] = (await shop.get(f"/v1/points/accounts?q={member[0]}", by)).json()["accounts"]
    assert (found["available"], found["debt"]) == (40, 0)
    [owing] = (await shop.get(f"/v1/points/accounts?owing=true&q={other[0]}", by)).json()["accounts"]
    assert owing["debt"] == 50
    assert (await shop.get(f"/v1/points/accounts?owing=true&q={member[0]}", by)).json()["accounts"] == []


async def test_the_books_are_proved_on_the_spot_and_what_is_broken_is_told(shop: Shop) -> None:
    member, by = await a_member(shop), (await a_person(shop, "auditor"))[1]
    await give(shop, member[0], 40)
    where = f"unit = 'PT' AND kind = 'member' AND owner_id = '{member[0]}'"
    await shop.db.execute(f"UPDATE ledger_account SET balance = balance + 1 WHERE {where}")
    broken = {each["code"]: each for each in (await shop.post("/v1/points/proofs", {}, by)).json()}
    await shop.db.execute(f"UPDATE ledger_account SET balance = balance - 1 WHERE {where}")
    assert not broken["L2"]["holds"]
    assert any("41" in row for row in broken["L2"]["rows"])
    proofs = (await shop.post("/v1/points/proofs", {}, by)).json()
    assert [each["code"] for each in proofs] == [name.split()[0] for name in of_points()]
    assert [each["code"] for each in proofs if not each["holds"]] == []
    told = await shop.db.execute("SELECT facts FROM kernel_audit WHERE action = 'ledger.proved' ORDER BY at")
    assert "L2" in str(told[-2][0])
