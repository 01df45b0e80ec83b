"""Terminals: paired once with a short code, taken over by PIN, and silent from the moment they are revoked."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from goodtaste.app.process import running
from goodtaste.app.web import asgi_app
from goodtaste.kernel.ids import new_id
from goodtaste.org import api as org
from goodtaste.org import jobs, terminals
from tests.org_kit import (
    PIN,
    Device,
    a_person,
    a_store,
    a_terminal,
    actions_on,
    an_admin,
    bearer,
    code_of,
    context_at,
    send,
)
from tests.shop import Shop, at_once


async def a_code(shop: Shop, store_id: str, kind: Any = "kiosk") -> str:
    ctx = shop.process.context()
    asked = org.NewPairing(store_id=store_id, kind=kind)
    opened = await ctx.run(org.open_pairing(asked, keyring=shop.process.keyring, actor=ctx.actor, at=ctx.now))
    return opened.code


def pairing(code: str, **changes: Any) -> dict[str, Any]:
    return {"id": new_id(), "code": code, "name": "点餐机 2"} | changes


async def take_over(shop: Shop, device: Device, staff_id: str, pin: str = PIN) -> httpx.Response:
    return await shop.post("/v1/terminals/pin-sign-in", {"staff_id": staff_id, "pin": pin}, device.headers)


async def test_a_manager_pairs_a_device_with_a_code_that_works_once(shop: Shop) -> None:
    store_id = await a_store(shop)
    manager = await a_person(shop, ("store_manager", store_id))
    opened = await shop.post("/v1/terminals/pairings", {"store_id": store_id, "kind": "kiosk"}, manager.headers)
    code = opened.json()["code"]
    assert (opened.status_code, len(code), code[4]) == (201, 9, "-")
    assert not set(code) & set("01IO")
    assert code.replace("-", "") not in str(await shop.db.execute("SELECT code_hash FROM org_pairing"))

    typed = code.replace("-", " ").lower()
    asked = pairing(typed)
    paired = await shop.post("/v1/terminals/pair", asked)
    assert paired.status_code == 201
    told = paired.json()["terminal"]
    assert (told["id"], told["store_id"], told["kind"], told["name"]) == (asked["id"], store_id, "kiosk", "点餐机 2")
    device = bearer(paired.json()["tokens"]["access_token"])
    assert (await shop.get("/v1/terminals/staff", device)).json()[0] == {"id": manager.id, "name": "小李"}

    assert code_of(await shop.post("/v1/terminals/pair", pairing(code))) == "org.pairing_unknown"
    again = await shop.post("/v1/terminals/pair", asked)  # the reply was lost
    assert again.json()["tokens"]["refresh_token"] == paired.json()["tokens"]["refresh_token"]
    refreshed = await shop.post("/v1/sessions/refresh", {"refresh_token": paired.json()["tokens"]["refresh_token"]})
    assert (await shop.get("/v1/terminals/staff", bearer(refreshed.json()["access_token"]))).status_code == 200
    assert code_of(await shop.post("/v1/terminals/pair", asked)) == "org.pairing_unknown"  # it works already
    other = await shop.post("/v1/terminals/pair", asked | {"name": "别的"})
    assert code_of(other) == "request.id_taken"
    assert (await actions_on(shop, f"terminal/{asked['id']}"), (await actions_on(shop, f"store/{store_id}"))[-1]) == (
        ["org.terminal_paired"], "org.pairing_opened",
    )  # fmt: skip


async def test_of_ten_devices_with_one_code_one_is_paired(shop: Shop) -> None:
    code = await a_code(shop, await a_store(shop))
    ctx = shop.process.context()

    async def pair(n: int) -> str:
        await org.pair(org.Pair(id=new_id(), code=code, name=f"{n}"), address="192.0.2.10", ctx=ctx)
        return "paired"

    outcomes = await at_once(10, pair)
    assert (outcomes.count("paired"), outcomes.count("org.pairing_unknown")) == (1, 9)


async def test_one_device_that_sends_its_code_many_times_at_once_is_one_terminal(shop: Shop) -> None:
    code, ctx = await a_code(shop, await a_store(shop)), shop.process.context()
    asked = org.Pair(id=new_id(), code=code, name="点餐机")
    paired = await at_once(10, lambda _: org.pair(asked, address="192.0.2.11", ctx=ctx))
    assert len({each.tokens.refresh_token for each in paired}) == 1
    assert await shop.db.execute(f"SELECT count(*) FROM org_terminal WHERE id = '{asked.id}'") == [(1,)]


async def test_a_code_runs_out_after_ten_minutes(shop: Shop) -> None:
    code = await a_code(shop, await a_store(shop))
    late = context_at(shop, shop.now + timedelta(minutes=10, seconds=1))
    asked = org.Pair(id=new_id(), code=code, name="x")
    assert await at_once(1, lambda _: org.pair(asked, address="192.0.2.12", ctx=late)) == ["org.pairing_unknown"]
    await shop.db.run(jobs.forget(at=late.now))
    assert await shop.db.execute("SELECT count(*) FROM org_pairing") == [(0,)]


async def test_whoever_tries_codes_through_is_stopped_and_nobody_else(shop: Shop) -> None:
    code, ctx = await a_code(shop, await a_store(shop)), shop.process.context()
    thief = httpx.ASGITransport(asgi_app(shop.process), client=("2001:db8:1:2::bad", 5))
    async with httpx.AsyncClient(transport=thief, base_url="http://shop") as client:

        async def guess(n: int) -> str:
            answer = await client.post("/v1/terminals/pair", json=pairing(f"AAAA{n:04d}"))
            return code_of(answer)

        outcomes = await at_once(64, guess)
        most = terminals.FAILURES_MAX
        assert (outcomes.count("org.pairing_unknown"), outcomes.count("org.locked")) == (most, 64 - most)
        assert code_of(await client.post("/v1/terminals/pair", json=pairing(code))) == "org.locked"
    neighbour = org.Pair(id=new_id(), code=code, name="x")  # another address of the same network
    assert await at_once(1, lambda _: org.pair(neighbour, address="2001:db8:1:2::1", ctx=ctx)) == ["org.locked"]
    assert (await org.pair(neighbour, address="2001:db8:1:3::1", ctx=ctx)).terminal.id == neighbour.id


@pytest.mark.parametrize(
    "change",
    [
        {"code": "A" * 17},
        {"name": ""},
        {"name": "x" * 65},
        {"id": "1"},
        {"id": None},
        {"kind": "pos"},
        {"store_id": new_id()},
    ],
)
async def test_a_pairing_that_does_not_fit_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    assert code_of(await shop.post("/v1/terminals/pair", pairing("AAAABBBB") | change)) == "request.malformed"


async def test_a_code_is_opened_by_who_may_at_that_store(shop: Shop) -> None:
    here, there = await a_store(shop), await a_store(shop)
    manager, cashier = await a_person(shop, ("store_manager", here)), await a_person(shop, ("cashier", here))
    admin = await an_admin(shop)
    for headers, store_id, kind, code in (
        (manager.headers, there, "pos", "auth.not_allowed"),
        (cashier.headers, here, "pos", "auth.not_allowed"),
        (shop.token("member", new_id()), here, "pos", "auth.not_allowed"),
        (None, here, "pos", "auth.not_signed_in"),
        (manager.headers, here, "toaster", "request.malformed"),
        (admin.headers, new_id(), "pos", "org.store_unknown"),
        (admin.headers, "1", "pos", "request.malformed"),
    ):
        answer = await shop.post("/v1/terminals/pairings", {"store_id": store_id, "kind": kind}, headers)
        assert code_of(answer) == code


async def test_a_revoked_terminal_stops_at_its_next_contact_and_so_does_who_works_at_it(shop: Shop) -> None:
    store_id = await a_store(shop)
    manager = await a_person(shop, ("store_manager", store_id))
    cashier = await a_person(shop, ("cashier", store_id), pin=PIN)
    device, other = await a_terminal(shop, store_id), await a_terminal(shop, store_id)
    tokens = (await take_over(shop, device, cashier.id)).json()["tokens"]
    elsewhere = (await take_over(shop, other, cashier.id)).json()["tokens"]

    path = f"/v1/terminals/{device.id}/revoke"
    assert code_of(await shop.post(path, {}, manager.headers)) == "request.malformed"
    revoked = await shop.post(path, {"reason": "丢失"}, manager.headers)
    assert revoked.json()["revoked_at"] is not None
    again = await shop.post(path, {"reason": "丢失"}, manager.headers)
    assert again.json() == revoked.json()
    await shop.process.snapshots.refresh()

    assert code_of(await shop.get("/v1/terminals/staff", device.headers)) == "auth.session_ended"
    assert code_of(await take_over(shop, device, cashier.id)) == "auth.session_ended"
    assert code_of(await shop.get("/v1/staff/me", bearer(tokens["access_token"]))) == "auth.session_ended"
    for token in (device.refresh_token, tokens["refresh_token"]):
        answer = await shop.post("/v1/sessions/refresh", {"refresh_token": token})
        assert code_of(answer) == "auth.session_ended"
    # a token of a session that no list of ended ones names any more is stopped by the directory
    assert code_of(await shop.get("/v1/terminals/staff", shop.token("terminal", device.id))) == "auth.not_signed_in"
    # the other terminal works on
    assert (await shop.get("/v1/staff/me", bearer(elsewhere["access_token"]))).status_code == 200
    assert await actions_on(shop, f"terminal/{device.id}") == ["org.terminal_paired", "org.terminal_revoked"]


async def test_who_signs_in_while_the_terminal_is_revoked_does_not_stay(shop: Shop) -> None:
    store_id, ctx = await a_store(shop), shop.process.context()
    cashier = await a_person(shop, ("cashier", store_id), pin=PIN)
    device = await a_terminal(shop, store_id)

    async def act(n: int) -> str:
        if n == 0:
            await ctx.run(org.revoke_terminal(device.id, reason="x", actor=ctx.actor, at=ctx.now))
            return ""
        answer = await take_over(shop, device, cashier.id)
        return str(answer.json()["tokens"]["access_token"]) if answer.status_code == 200 else ""

    tokens = [token for token in await at_once(4, act) if token]
    await ctx.refresh()
    for token in tokens:
        assert (await shop.get("/v1/staff/me", bearer(token))).status_code == 401


async def test_terminals_are_seen_and_revoked_by_who_may_at_their_store(shop: Shop) -> None:
    here, there = await a_store(shop), await a_store(shop)
    manager, admin = await a_person(shop, ("store_manager", here)), await an_admin(shop)
    mine = [await a_terminal(shop, here) for _ in range(3)]
    theirs = await a_terminal(shop, there)
    listed = (await shop.get("/v1/terminals", manager.headers)).json()
    assert [t["id"] for t in listed] == sorted((d.id for d in mine), reverse=True)
    page = (await shop.get(f"/v1/terminals?limit=2&before={listed[0]['id']}", manager.headers)).json()
    assert page == listed[1:]
    assert code_of(await shop.get(f"/v1/terminals?store_id={there}", manager.headers)) == "auth.not_allowed"
    assert code_of(await shop.get(f"/v1/terminals?store_id={new_id()}", manager.headers)) == "org.store_unknown"
    assert [t["id"] for t in (await shop.get(f"/v1/terminals?store_id={there}", admin.headers)).json()] == [theirs.id]
    foreign = await shop.post(f"/v1/terminals/{theirs.id}/revoke", {"reason": "x"}, manager.headers)
    assert code_of(foreign) == "auth.not_allowed"
    unknown = await shop.post(f"/v1/terminals/{new_id()}/revoke", {"reason": "x"}, manager.headers)
    assert code_of(unknown) == "org.terminal_unknown"
    assert code_of(await shop.get("/v1/terminals", mine[0].headers)) == "auth.not_allowed"


async def test_a_person_takes_a_terminal_over_with_a_pin_and_works_at_its_store_only(shop: Shop) -> None:
    here, there = await a_store(shop), await a_store(shop)
    admin = await a_person(shop, ("hq_admin", None), pin=PIN)
    device = await a_terminal(shop, here)
    answer = await take_over(shop, device, admin.id)
    assert answer.status_code == 200
    who, mine = answer.json()["who"], bearer(answer.json()["tokens"]["access_token"])
    assert (who["store_id"], [r["store_id"] for r in who["rights"]]) == (here, [here])
    assert (await shop.get("/v1/staff/me", mine)).json() == who
    for store_id, status in ((here, 201), (there, 403)):
        opened = await shop.post("/v1/terminals/pairings", {"store_id": store_id, "kind": "pos"}, mine)
        assert opened.status_code == status
    # what needs the whole brand is not done with six digits at a till
    for method, path, body in (
        ("POST", "/v1/staff", {"id": new_id(), "login": "mallory", "name": "x", "password": "Long enough 1"}),
        ("POST", f"/v1/staff/{admin.id}/roles", {"role": "cashier"}),
        ("PUT", "/v1/brand", {"name": "x", "name_en": "x"}),
    ):
        assert code_of(await send(shop, method, path, body, mine)) == "auth.not_allowed"
    tokens = (
        await shop.post("/v1/sessions/refresh", {"refresh_token": answer.json()["tokens"]["refresh_token"]})
    ).json()
    assert (await shop.get("/v1/staff/me", bearer(tokens["access_token"]))).json()["rights"] == who["rights"]
    assert "org.pin_signed_in" in await actions_on(shop, f"staff/{admin.id}")


async def test_the_next_person_at_a_terminal_signs_the_one_before_out(shop: Shop) -> None:
    store_id = await a_store(shop)
    first, second = [await a_person(shop, ("cashier", store_id), pin=PIN) for _ in range(2)]
    device = await a_terminal(shop, store_id)
    before = (await take_over(shop, device, first.id)).json()["tokens"]
    after = (await take_over(shop, device, second.id)).json()["tokens"]
    await shop.process.snapshots.refresh()
    assert code_of(await shop.get("/v1/staff/me", bearer(before["access_token"]))) == "auth.session_ended"
    assert (await shop.get("/v1/staff/me", bearer(after["access_token"]))).json()["id"] == second.id
    assert (await shop.get("/v1/terminals/staff", device.headers)).status_code == 200


async def test_only_who_works_at_the_store_signs_in_at_its_terminal(shop: Shop) -> None:
    here, there = await a_store(shop), await a_store(shop)
    stranger = await a_person(shop, ("cashier", there), pin=PIN)
    device = await a_terminal(shop, here)
    answer = await take_over(shop, device, stranger.id)
    assert (code_of(answer), answer.status_code) == ("org.not_at_store", 403)
    assert stranger.id not in {p["id"] for p in (await shop.get("/v1/terminals/staff", device.headers)).json()}
    for headers in (stranger.headers, shop.token("member", new_id())):
        body = {"staff_id": stranger.id, "pin": PIN}
        assert code_of(await shop.post("/v1/terminals/pin-sign-in", body, headers)) == "auth.not_allowed"
    assert (
        code_of(await shop.post("/v1/terminals/pin-sign-in", {"staff_id": stranger.id, "pin": PIN}))
        == "auth.not_signed_in"
    )


async def test_no_pin_an_unknown_person_and_one_who_has_left_are_all_a_wrong_pin(shop: Shop) -> None:
    store_id, ctx = await a_store(shop), shop.process.context()
    device = await a_terminal(shop, store_id)
    without, gone = await a_person(shop, ("cashier", store_id)), await a_person(shop, ("cashier", store_id), pin=PIN)
    await ctx.run(org.switch_person(gone.id, active=False, reason="离职", actor=ctx.actor, at=ctx.now))
    for staff_id in (without.id, gone.id, new_id()):
        answer = await take_over(shop, device, staff_id)
        assert (code_of(answer), answer.json()["facts"]) == ("org.wrong_pin", {"tries_left": 4})


async def test_of_64_pins_at_once_five_are_looked_at_and_the_right_one_is_locked_out_then(shop: Shop) -> None:
    store_id = await a_store(shop)
    person, device = await a_person(shop, ("cashier", store_id), pin=PIN), await a_terminal(shop, store_id)

    async def guess(n: int) -> str:
        return code_of(await take_over(shop, device, person.id, f"48{n:04d}"))

    outcomes = await at_once(64, guess)
    assert (outcomes.count("org.wrong_pin"), outcomes.count("org.locked")) == (5, 59)
    assert code_of(await take_over(shop, device, person.id)) == "org.locked"
    # another PIN from the head office opens it again
    admin = await an_admin(shop)
    assert (await send(shop, "PUT", f"/v1/staff/{person.id}/pin", {"pin": "480217"}, admin.headers)).status_code == 204
    assert (await take_over(shop, device, person.id, "480217")).status_code == 200


async def test_a_device_paired_a_moment_ago_is_known_to_every_process(shop: Shop) -> None:
    async with running(shop.process.settings) as other:  # it does not look by itself
        device = await a_terminal(shop, await a_store(shop))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi_app(other)), base_url="http://shop") as client:
            assert (await client.get("/v1/terminals/staff", headers=device.headers)).status_code == 200
            stranger = await client.get("/v1/terminals/staff", headers=shop.token("terminal", new_id()))
            assert code_of(stranger) == "auth.not_signed_in"


async def test_terminals_are_searched_by_name_kind_and_whether_they_are_revoked(shop: Shop) -> None:
    store_id, admin = await a_store(shop), await an_admin(shop)
    till, kiosk = await a_terminal(shop, store_id), await a_terminal(shop, store_id, kind="kiosk")
    await shop.post(f"/v1/terminals/{kiosk.id}/revoke", {"reason": "丢失"}, admin.headers)

    async def found(query: str) -> set[str]:
        answer = await shop.get(f"/v1/terminals?store_id={store_id}&{query}", admin.headers)
        return {each["id"] for each in answer.json()}

    assert (await found("q=前台"), await found("q=后厨")) == ({till.id, kiosk.id}, set())
    assert (await found("kind=pos"), await found("kind=kiosk")) == ({till.id}, {kiosk.id})
    assert (await found("revoked=false"), await found("revoked=true")) == ({till.id}, {kiosk.id})
