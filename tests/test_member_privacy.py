"""The privacy of members: an archive of all that is held, and an erasure after which nothing leads to them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from goodtaste.app import personal, rooms
from goodtaste.kernel.db import Id
from goodtaste.kernel.ids import new_id
from goodtaste.member.privacy import erasing
from tests.member_kit import a_number, ask_code, phone_login, sent_code, wechat_code, wrong
from tests.org_kit import Headers
from tests.seating_kit import a_hall
from tests.shop_kit import Floor, Member, line
from tests.test_refund_requests import approving, asked

DAY_S = 86_400.0
OF_A_MEMBER = {"member_id", "owner_id", "from_id", "to_id", "from_member", "subject_id"}
NOT_OF_MEMBERS = {"floor_print_job.subject_id", "floor_route.subject_id"}  # what is printed, and dishes


class Diner:
    """A member who signed in by phone, with words of their own all over the house."""

    def __init__(self, floor: Floor, phone: str, signed: Any) -> None:
        self.floor, self.phone = floor, phone
        self.member = Member(signed["member"]["id"])
        self.by: Headers = {"authorization": f"Bearer {signed['tokens']['access_token']}"}

    async def code(self) -> str:
        """Ask for a code to the number, and read it."""
        self.floor.later(minutes=2)
        await self.floor.done("POST", "/v1/me/privacy-code", None, self.me)
        return await sent_code(self.floor, self.phone)

    @property
    def me(self) -> Headers:
        """Headers that are fresh."""
        return self.floor.by(self.member)

    async def proof(self) -> dict[str, str]:
        """Return what proves that it is they who ask."""
        return {"code": await self.code()}


async def a_diner(floor: Floor) -> Diner:
    """Have somebody sign in by phone, and be called something."""
    floor.later(minutes=2)
    phone = a_number()
    await ask_code(floor, phone)
    diner = Diner(floor, phone, (await phone_login(floor, phone, await sent_code(floor, phone))).json())
    await floor.done("PATCH", "/v1/me", {"nickname": f"独特的名字{phone}", "city": f"城{phone}"}, diner.me)
    return diner


async def a_meal(diner: Diner) -> Any:
    """Have them eat, ask for a refund, and be done."""
    floor = diner.floor
    said = {"note": f"少盐{diner.phone}", "guest": "甲"}
    order = await floor.bought(line("noodles", 2) | said, member=diner.member, note=f"备注{diner.phone}")
    request = await asked(floor, diner.member, order, {1: 1}, remark=f"说明{diner.phone}")
    approve = f"/v1/refund-requests/{request['id']}/approve"
    await floor.done("POST", approve, await approving(floor, request), floor.at("store_manager"))
    await floor.finish(order)
    return order


async def at_a_table(diner: Diner) -> None:
    """Have them call somebody at a table, and put a dish into its cart."""
    hall = await a_hall(diner.floor)
    await hall.open("B1")
    phone = await hall.scan("B1", member=diner.member)
    await phone.put(line("tea") | {"note": f"少冰{diner.phone}"})
    called = {"id": new_id(), "kind": "water", "note": f"快点{diner.phone}"}
    await diner.floor.done("POST", "/v1/seating/calls", called, phone.headers)


async def everything(floor: Floor) -> dict[str, str]:
    """Return all that the house has written down, by table, but for the sandboxes of third parties."""
    names = [name for name in rooms.TABLES.tables if not name.startswith("member_sandbox")]
    return {name: str(await floor.db.execute(f"SELECT * FROM {name}")) for name in names}


async def fetched(floor: Floor, diner: Diner) -> dict[str, str]:
    """Return the archive of a member, by file."""
    link = await floor.done("POST", "/v1/me/exports", await diner.proof(), diner.me)
    answer = await floor.do("GET", link["path"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_no_table_with_a_member_in_it_is_forgotten() -> None:
    held = {f"{each.table.name}.{each.column}" for each in personal.HELD if each.via is None}
    told = held | personal.ELSEWHERE.keys() | NOT_OF_MEMBERS
    found = {
        f"{name}.{column.name}"
        for name, table in rooms.TABLES.tables.items()
        for column in table.c
        if column.name in OF_A_MEMBER and isinstance(column.type, Id)
    }
    assert found - told == set(), "say in app/personal.py what becomes of it"


async def test_an_archive_holds_all_that_is_known_of_a_member_and_of_nobody_else(floor: Floor) -> None:
    diner, other = await a_diner(floor), await a_diner(floor)
    order, _ = await a_meal(diner), await a_meal(other)
    files = await fetched(floor, diner)
    assert json.loads(files["profile.json"])["phone"] == f"+86{diner.phone}"
    assert json.loads(files["ordering_order.jsonl"])["id"] == order["id"]
    assert [json.loads(each)["name"] for each in files["ordering_line.jsonl"].splitlines()] == ["noodles·mild"]
    assert f"说明{diner.phone}" in files["ordering_refund_request.jsonl"]
    assert files["ledger_txn.jsonl"].count("\n") >= 2
    assert {f"{each.table.name}.jsonl" for each in personal.HELD} | {"profile.json", "README.md"} == files.keys()
    whole = "".join(files.values())
    assert other.phone not in whole
    assert other.member.id not in whole
    for never in ("phone_sealed", "wrapped_key", "fingerprint"):
        assert never not in whole


async def test_an_archive_is_for_who_proves_anew_who_they_are(floor: Floor) -> None:
    diner = await a_diner(floor)
    path = "/v1/me/exports"
    assert await floor.refuses("POST", path, {}, diner.me) == "member.not_proven"
    code = await diner.code()
    assert await floor.refuses("POST", path, {"code": wrong(code)}, diner.me) == "member.otp_wrong"
    link = await floor.done("POST", path, {"code": code}, diner.me)
    assert await floor.refuses("POST", path, {"code": code}, diner.me) == "member.otp_over", "a code is good once"
    forged = link["path"][:-2] + ("AA" if not link["path"].endswith("AA") else "BB")
    for bad in (forged, "/v1/exports/x", "/v1/exports/" + "A" * 50):
        assert await floor.refuses("GET", bad) == "member.export_unknown"
    floor.later(minutes=11)
    assert await floor.refuses("GET", link["path"]) == "member.export_unknown"
    rows = await floor.db.execute(f"SELECT count(*) FROM kernel_audit WHERE subject = 'member/{diner.member.id}'")
    assert rows[0][0] >= 1


async def test_who_came_by_wechat_proves_it_by_wechat(floor: Floor) -> None:
    openid = f"o-{new_id()}"
    signed = await floor.done("POST", "/v1/auth/wechat", {"code": await wechat_code(floor, openid), "device": "手机"})
    by = floor.by(Member(signed["member"]["id"]))
    assert await floor.refuses("POST", "/v1/me/privacy-code", None, by) == "member.no_phone"
    theirs, strangers = await wechat_code(floor, openid), await wechat_code(floor, f"o-{new_id()}")
    assert await floor.refuses("POST", "/v1/me/exports", {"wechat_code": strangers}, by) == "member.not_proven"
    link = await floor.done("POST", "/v1/me/exports", {"wechat_code": theirs}, by)
    assert (await floor.do("GET", link["path"])).status_code == 200


async def test_an_erasure_can_be_taken_back_for_seven_days(floor: Floor) -> None:
    diner = await a_diner(floor)
    path = "/v1/me/erasure"
    assert (await floor.done("GET", path, None, diner.me))["state"] == "none"
    assert await floor.refuses("POST", path, {}, diner.me) == "member.not_proven"
    asked = await floor.done("POST", path, await diner.proof(), diner.me)
    assert asked["state"] == "waiting"
    assert await floor.done("POST", path, await diner.proof(), diner.me) == asked, "asked again is asked once"
    assert (await floor.done("DELETE", path, None, diner.me))["state"] == "none"
    assert await floor.refuses("DELETE", path, None, diner.me) == "member.nothing_to_cancel"
    await floor.wait(8 * DAY_S)
    assert (await floor.done("GET", "/v1/me", None, diner.me))["nickname"].endswith(diner.phone)


async def test_nothing_leads_to_a_member_who_was_erased_and_the_books_stand(floor: Floor) -> None:
    diner = await a_diner(floor)
    order = await a_meal(diner)
    await at_a_table(diner)
    words = (diner.phone, f"独特的名字{diner.phone}")
    before = await everything(floor)
    assert [name for name, said in before.items() if diner.phone in said]
    await floor.done("POST", "/v1/me/erasure", await diner.proof(), diner.me)
    await floor.wait(8 * DAY_S)
    await floor.hear()
    await floor.wait(1)
    after = await everything(floor)
    assert [name for name, said in after.items() if any(word in said for word in words)] == []
    assert await floor.refuses("GET", "/v1/me", None, diner.by) in ("auth.session_ended", "auth.not_signed_in")
    assert await floor.refuses("GET", "/v1/me", None, diner.me) == "member.unknown"
    kept = await floor.seen(order["id"])
    assert (kept["due_fen"], kept["member_id"], kept["note"]) == (order["due_fen"], diner.member.id, "")
    for gone in ("member_identity", "member_secret"):
        found = await floor.db.execute(f"SELECT 1 FROM {gone} WHERE member_id = '{diner.member.id}'")
        assert found == []
    floor.later(minutes=2)
    await ask_code(floor, diner.phone)
    new = (await phone_login(floor, diner.phone, await sent_code(floor, diner.phone))).json()
    assert new["is_new"], "who comes back is somebody new"
    await floor.books_hold()


@pytest.mark.parametrize("late", [False, True])
async def test_what_goes_on_ends_before_its_member_is_erased(floor: Floor, late: bool) -> None:
    diner = await a_diner(floor)
    proof = await diner.proof()
    if late:
        await floor.done("POST", "/v1/me/erasure", proof, diner.me)
    order = await floor.bought(line("tea"), member=diner.member)
    if not late:
        assert await floor.refuses("POST", "/v1/me/erasure", proof, diner.me) == "member.erase_waits"
        return
    await floor.wait(8 * DAY_S)
    assert (await floor.done("GET", "/v1/me/erasure", None, diner.me))["state"] == "waiting"
    await floor.finish(order)
    await floor.wait(2 * DAY_S)
    assert await floor.refuses("GET", "/v1/me", None, diner.me) == "member.unknown"
    assert erasing.LOOK_AGAIN.days == 1
