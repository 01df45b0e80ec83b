"""The staff: hired, given roles and dismissed by the head office alone; a manager sees who works in their store."""

from typing import Any

import pytest

from goodtaste.kernel.config import Settings
from goodtaste.kernel.ids import new_id
from goodtaste.org import api as org
from tests.org_kit import (
    PASSWORD,
    a_person,
    a_store,
    a_terminal,
    actions_on,
    an_admin,
    bearer,
    code_of,
    send,
    serial,
    sign_in,
)
from tests.shop import Shop, at_once, open_shop


def account(**changes: Any) -> dict[str, Any]:
    return {"id": new_id(), "login": f"n{serial()}", "name": "小王", "password": PASSWORD} | changes


async def test_an_account_is_made_once_and_gives_no_right_by_itself(shop: Shop) -> None:
    admin, asked = await an_admin(shop), account()
    made = await shop.post("/v1/staff", asked, admin.headers)
    assert (made.status_code, made.json()) == (
        201,
        {"id": asked["id"], "login": asked["login"], "name": "小王", "active": True, "roles": []},
    )
    assert (await shop.post("/v1/staff", asked, admin.headers)).json() == made.json()
    for other in ({"name": "小张"}, {"password": "Another good 1 too"}):
        assert code_of(await shop.post("/v1/staff", asked | other, admin.headers)) == "request.id_taken"
    same_login = await shop.post("/v1/staff", asked | {"id": new_id()}, admin.headers)
    assert (code_of(same_login), same_login.json()["facts"]) == ("org.login_taken", {"login": asked["login"]})
    assert await actions_on(shop, f"staff/{asked['id']}") == ["org.staff_hired"]
    signed_in = await sign_in(shop, asked["login"])
    assert signed_in.json()["who"]["rights"] == []
    mine = bearer(signed_in.json()["tokens"]["access_token"])
    assert code_of(await shop.get("/v1/staff", mine)) == "auth.not_allowed"


async def test_no_password_is_kept_in_the_clear_or_under_a_quick_hash(shop: Shop) -> None:
    person = await a_person(shop, pin="736194")
    [row] = await shop.db.execute(f"SELECT password_hash, pin_hash FROM org_staff WHERE id = '{person.id}'")
    assert all(hashed.startswith("$argon2id$") for hashed in row)
    [(facts,)] = await shop.db.execute(
        f"SELECT facts FROM kernel_audit WHERE action = 'org.staff_hired' AND subject = 'staff/{person.id}'"
    )
    assert PASSWORD not in facts


@pytest.mark.parametrize(
    ("change", "code", "missing"),
    [
        ({"password": "short"}, "org.weak_password", ["length"]),
        ({"password": "aaaaaaaaaaaaa"}, "org.weak_password", ["variety"]),
        ({"login": "zhangwei", "password": "my zhangWEI 12"}, "org.weak_password", ["login"]),
        ({"password": ""}, "request.malformed", None),
        ({"password": "x" * 129}, "request.malformed", None),
        ({"login": "ab"}, "request.malformed", None),
        ({"login": "Zhang Wei"}, "request.malformed", None),
        ({"login": "zhang\n"}, "request.malformed", None),
        ({"login": "../../x"}, "request.malformed", None),
        ({"name": ""}, "request.malformed", None),
        ({"name": "小\u0007王"}, "request.malformed", None),
        ({"roles": ["hq_admin"]}, "request.malformed", None),
        ({"active": True}, "request.malformed", None),
        ({"password_hash": "x"}, "request.malformed", None),
    ],
)
async def test_an_account_that_cannot_be_is_refused(
    shop: Shop, change: dict[str, Any], code: str, missing: list[str] | None
) -> None:
    admin = await an_admin(shop)
    answer = await shop.post("/v1/staff", account(**change), admin.headers)
    assert code_of(answer) == code
    assert answer.json()["facts"].get("missing") == missing


async def test_a_role_at_a_store_holds_there_and_nowhere_else(shop: Shop) -> None:
    admin, here, there = await an_admin(shop), await a_store(shop), await a_store(shop)
    person = await a_person(shop)
    given = await shop.post(f"/v1/staff/{person.id}/roles", {"role": "store_manager", "store_id": here}, admin.headers)
    assert given.json()["roles"] == [{"role": "store_manager", "store_id": here}]
    await shop.post(f"/v1/staff/{person.id}/roles", {"role": "store_manager", "store_id": here}, admin.headers)
    me = (await shop.get("/v1/staff/me", person.headers)).json()
    assert (me["login"], me["store_id"], [r["store_id"] for r in me["rights"]]) == (person.login, None, [here])
    assert "terminal.pair" in me["rights"][0]["permissions"]
    pairing = {"store_id": here, "kind": "pos"}
    assert (await shop.post("/v1/terminals/pairings", pairing, person.headers)).status_code == 201
    elsewhere = await shop.post("/v1/terminals/pairings", pairing | {"store_id": there}, person.headers)
    assert code_of(elsewhere) == "auth.not_allowed"

    taken = await send(
        shop, "DELETE", f"/v1/staff/{person.id}/roles/store_manager?store_id={here}", None, admin.headers
    )
    assert taken.json()["roles"] == []
    assert code_of(await shop.post("/v1/terminals/pairings", pairing, person.headers)) == "auth.not_allowed"
    await send(shop, "DELETE", f"/v1/staff/{person.id}/roles/store_manager?store_id={here}", None, admin.headers)
    assert await actions_on(shop, f"staff/{person.id}") == ["org.staff_hired", "org.role_given", "org.role_taken"]


async def test_only_who_may_everything_in_the_brand_changes_the_staff(shop: Shop) -> None:
    store_id, victim = await a_store(shop), await a_person(shop)
    people = [
        await a_person(shop, ("store_manager", store_id)),
        await a_person(shop, ("store_manager", None)),
        await a_person(shop, ("marketer", None), ("analyst", None), ("auditor", None)),
        await a_person(shop, ("hq_admin", store_id)),  # of one store only
    ]
    for person in people:
        for method, path, body in (
            ("POST", "/v1/staff", account()),
            ("POST", f"/v1/staff/{person.id}/roles", {"role": "hq_admin"}),
            ("POST", f"/v1/staff/{person.id}/roles", {"role": "cashier", "store_id": store_id}),
            ("DELETE", f"/v1/staff/{victim.id}/roles/cashier", None),
            ("POST", f"/v1/staff/{victim.id}/switch", {"active": False, "reason": "离职"}),
            ("PUT", f"/v1/staff/{victim.id}/password", {"password": PASSWORD}),
            ("PUT", f"/v1/staff/{victim.id}/pin", {"pin": "736194"}),
            ("PUT", "/v1/brand", {"name": "x", "name_en": "x"}),
        ):
            assert code_of(await send(shop, method, path, body, person.headers)) == "auth.not_allowed", path
    assert code_of(await shop.post("/v1/staff", account())) == "auth.not_signed_in"
    member = shop.token("member", new_id())
    assert code_of(await shop.post("/v1/staff", account(), member)) == "auth.not_allowed"
    assert code_of(await shop.get("/v1/staff/me", member)) == "auth.not_allowed"


async def test_a_manager_sees_who_works_in_their_store_and_no_other_role_of_theirs(shop: Shop) -> None:
    here, there = await a_store(shop), await a_store(shop)
    manager = await a_person(shop, ("store_manager", here))
    both = await a_person(shop, ("cashier", here), ("waiter", there))
    other, admin = await a_person(shop, ("cashier", there)), await an_admin(shop)
    seen = {p["id"]: p["roles"] for p in (await shop.get("/v1/staff?limit=200", manager.headers)).json()}
    assert seen == {
        manager.id: [{"role": "store_manager", "store_id": here}],
        both.id: [{"role": "cashier", "store_id": here}],
    }
    assert (await shop.get(f"/v1/staff/{both.id}", manager.headers)).json()["roles"] == seen[both.id]
    assert code_of(await shop.get(f"/v1/staff/{other.id}", manager.headers)) == "org.staff_unknown"
    assert code_of(await shop.get(f"/v1/staff/{admin.id}", manager.headers)) == "org.staff_unknown"
    assert code_of(await shop.get(f"/v1/staff?store_id={there}", manager.headers)) == "auth.not_allowed"
    assert code_of(await shop.get(f"/v1/staff?store_id={new_id()}", manager.headers)) == "org.store_unknown"
    of_here = (await shop.get(f"/v1/staff?store_id={here}", admin.headers)).json()
    assert {p["id"] for p in of_here} == {manager.id, both.id}
    assert all("password" not in field and "pin" not in field for person in of_here for field in person)


async def test_the_staff_come_in_pages_by_login(shop: Shop) -> None:
    store_id = await a_store(shop)
    admin = await an_admin(shop)
    people = [await a_person(shop, ("waiter", store_id)) for _ in range(3)]
    first = (await shop.get(f"/v1/staff?store_id={store_id}&limit=2", admin.headers)).json()
    rest = (await shop.get(f"/v1/staff?store_id={store_id}&limit=2&after={first[-1]['login']}", admin.headers)).json()
    assert [p["login"] for p in (*first, *rest)] == sorted(p.login for p in people)


async def test_the_staff_are_searched_by_name_role_and_whether_they_work_here(shop: Shop) -> None:
    store_id, admin = await a_store(shop), await an_admin(shop)
    waiter, cashier = await a_person(shop, ("waiter", store_id)), await a_person(shop, ("cashier", store_id))
    await shop.post(f"/v1/staff/{cashier.id}/switch", {"active": False, "reason": "离职"}, admin.headers)

    async def found(query: str) -> set[str]:
        answer = await shop.get(f"/v1/staff?store_id={store_id}&{query}", admin.headers)
        return {each["id"] for each in answer.json()}

    assert await found(f"q={waiter.login.upper()}") == {waiter.id}
    assert await found("q=小李") == {waiter.id, cashier.id}
    assert await found("q=nobody") == set()
    assert await found("role=waiter") == {waiter.id}
    assert (await found("active=true"), await found("active=false")) == ({waiter.id}, {cashier.id})
    answer = await shop.get("/v1/staff?role=king", admin.headers)
    assert (answer.status_code, code_of(answer)) == (400, "request.malformed")


async def test_a_person_who_is_dismissed_loses_access_at_once_and_comes_back_signed_out(shop: Shop) -> None:
    store_id, admin = await a_store(shop), await an_admin(shop)
    person = await a_person(shop, ("cashier", store_id))
    tokens = (await sign_in(shop, person.login)).json()["tokens"]
    mine = bearer(tokens["access_token"])
    assert (await shop.get("/v1/staff/me", mine)).status_code == 200

    dismissal = {"active": False, "reason": "离职"}
    gone = await shop.post(f"/v1/staff/{person.id}/switch", dismissal, admin.headers)
    assert gone.json()["active"] is False
    await shop.process.snapshots.refresh()
    assert code_of(await shop.get("/v1/staff/me", mine)) == "auth.session_ended"
    assert code_of(await shop.get("/v1/staff/me", person.headers)) == "auth.not_signed_in"
    refreshed = await shop.post("/v1/sessions/refresh", {"refresh_token": tokens["refresh_token"]})
    assert code_of(refreshed) == "auth.session_ended"
    assert code_of(await sign_in(shop, person.login)) == "org.sign_in_failed"

    await shop.post(f"/v1/staff/{person.id}/switch", dismissal, admin.headers)
    await shop.post(f"/v1/staff/{person.id}/switch", {"active": True, "reason": "返岗"}, admin.headers)
    assert code_of(await shop.get("/v1/staff/me", mine)) == "auth.session_ended"
    back = await sign_in(shop, person.login)
    assert back.json()["who"]["roles"] == [{"role": "cashier", "store_id": store_id}]
    done = await actions_on(shop, f"staff/{person.id}")
    assert (done.count("org.staff_deactivated"), done.count("org.staff_reactivated")) == (1, 1)


async def test_who_does_not_exist_is_told_so(shop: Shop) -> None:
    admin = await an_admin(shop)
    nobody, store_id = new_id(), new_id()
    for method, path, body, code in (
        ("GET", f"/v1/staff/{nobody}", None, "org.staff_unknown"),
        ("POST", f"/v1/staff/{nobody}/roles", {"role": "cashier"}, "org.staff_unknown"),
        ("DELETE", f"/v1/staff/{nobody}/roles/cashier", None, "org.staff_unknown"),
        ("POST", f"/v1/staff/{nobody}/switch", {"active": False, "reason": "x"}, "org.staff_unknown"),
        ("PUT", f"/v1/staff/{nobody}/password", {"password": PASSWORD}, "org.staff_unknown"),
        ("PUT", f"/v1/staff/{nobody}/pin", {"pin": "736194"}, "org.staff_unknown"),
        ("POST", f"/v1/staff/{admin.id}/roles", {"role": "cashier", "store_id": store_id}, "org.store_unknown"),
        ("POST", f"/v1/staff/{admin.id}/roles", {"role": "boss"}, "request.malformed"),
        ("DELETE", f"/v1/staff/{admin.id}/roles/boss", None, "request.malformed"),
        ("PUT", "/v1/staff/1/pin", {"pin": "736194"}, "request.malformed"),
    ):
        assert code_of(await send(shop, method, path, body, admin.headers)) == code, path


@pytest.mark.parametrize("pin", ["123456", "111111", "654321", "121212"])
async def test_a_weak_pin_is_refused(shop: Shop, pin: str) -> None:
    admin, person = await an_admin(shop), await a_person(shop)
    assert code_of(await send(shop, "PUT", f"/v1/staff/{person.id}/pin", {"pin": pin}, admin.headers)) == "org.weak_pin"
    own = await send(shop, "PUT", "/v1/staff/me/pin", {"password": PASSWORD, "pin": pin}, person.headers)
    assert code_of(own) == "org.weak_pin"


@pytest.mark.parametrize("pin", ["12345", "1234567", "73619a", "736194\n", "７３６１９４", 736194, None, ""])
async def test_a_pin_is_six_digits(shop: Shop, pin: Any) -> None:
    person = await a_person(shop)
    asked = {"password": PASSWORD, "pin": pin}
    assert code_of(await send(shop, "PUT", "/v1/staff/me/pin", asked, person.headers)) == "request.malformed"


async def test_ones_own_password_changes_with_the_old_one_and_signs_other_devices_out(shop: Shop) -> None:
    person = await a_person(shop)
    here, there = [(await sign_in(shop, person.login)).json()["tokens"] for _ in range(2)]
    mine, path, new = bearer(here["access_token"]), "/v1/staff/me/password", "Quite another 7 things"
    wrong = await send(shop, "PUT", path, {"old_password": "not this one", "password": new}, mine)
    assert (code_of(wrong), wrong.status_code, wrong.json()["facts"]) == ("org.wrong_password", 403, {"tries_left": 4})
    weak = await send(shop, "PUT", path, {"old_password": PASSWORD, "password": "1234567890"[:9]}, mine)
    assert weak.json()["facts"]["missing"] == ["length"]
    same = await send(shop, "PUT", path, {"old_password": PASSWORD, "password": PASSWORD}, mine)
    assert same.json()["facts"]["missing"] == ["new"]
    changed = await send(shop, "PUT", path, {"old_password": PASSWORD, "password": new}, mine)
    assert changed.status_code == 204
    assert (await shop.get("/v1/staff/me", mine)).status_code == 200
    assert code_of(await shop.get("/v1/staff/me", bearer(there["access_token"]))) == "auth.session_ended"
    assert code_of(await sign_in(shop, person.login)) == "org.sign_in_failed"
    assert (await sign_in(shop, person.login, new)).status_code == 200
    assert "org.password_changed" in await actions_on(shop, f"staff/{person.id}")


async def test_full_width_letters_are_the_same_password(shop: Shop) -> None:
    person = await a_person(shop)
    assert (await sign_in(shop, person.login, PASSWORD.replace("W", "Ｗ").replace("4", "４"))).status_code == 200


async def test_who_holds_a_stolen_session_has_five_guesses_at_the_password(shop: Shop) -> None:
    person = await a_person(shop)
    asked = {"old_password": "not this one", "password": "Quite another 7 things"}
    codes = [code_of(await send(shop, "PUT", "/v1/staff/me/password", asked, person.headers)) for _ in range(6)]
    assert codes == ["org.wrong_password"] * 5 + ["org.locked"]
    right = {"password": PASSWORD, "pin": "736194"}
    assert code_of(await send(shop, "PUT", "/v1/staff/me/pin", right, person.headers)) == "org.locked"
    assert (
        await sign_in(shop, person.login)
    ).status_code == 200  # signing in is counted apart: nobody is locked out by it


async def test_the_head_office_gives_another_password_and_lifts_the_lock(shop: Shop) -> None:
    admin, person = await an_admin(shop), await a_person(shop)
    tokens = (await sign_in(shop, person.login)).json()["tokens"]
    for _ in range(5):
        await sign_in(shop, person.login, "not this one")
    assert code_of(await sign_in(shop, person.login)) == "org.locked"
    path, new = f"/v1/staff/{person.id}/password", "Given by 1 admin"
    assert code_of(await send(shop, "PUT", path, {"password": "short"}, admin.headers)) == "org.weak_password"
    assert (await send(shop, "PUT", path, {"password": new}, admin.headers)).status_code == 204
    assert (await sign_in(shop, person.login, new)).status_code == 200
    assert code_of(await shop.get("/v1/staff/me", bearer(tokens["access_token"]))) == "auth.session_ended"


async def test_of_two_changes_of_a_password_at_once_one_is_told(shop: Shop) -> None:
    person, ctx = await a_person(shop), shop.process.context()
    outcomes = await at_once(
        4, lambda n: org.give_password(person.id, org.GivePassword(password=f"Given by {n} admins"), ctx=ctx)
    )
    assert (outcomes.count(None), outcomes.count("org.changed_meanwhile")) == (1, 3)


async def test_one_login_is_given_once_whatever_races(shop: Shop) -> None:
    ctx, login = shop.process.context(), f"r{serial()}"

    async def hire(_: int) -> str:
        await org.hire(org.NewPerson(id=new_id(), login=login, name="小王", password=PASSWORD), ctx=ctx)
        return "hired"

    outcomes = await at_once(6, hire)
    assert (outcomes.count("hired"), outcomes.count("org.login_taken")) == (1, 5)


async def test_somebody_who_may_everything_always_remains(blank: Settings) -> None:
    async with open_shop(blank) as shop:
        store_id = await a_store(shop)
        first, second = [await a_person(shop, ("hq_admin", None)) for _ in range(2)]
        await a_person(shop, ("hq_admin", store_id), ("auditor", None))  # of one store: not enough
        taken = await send(shop, "DELETE", f"/v1/staff/{second.id}/roles/hq_admin", None, first.headers)
        assert taken.json()["roles"] == []
        last = await send(shop, "DELETE", f"/v1/staff/{first.id}/roles/hq_admin", None, first.headers)
        assert (code_of(last), last.json()["facts"]) == ("org.last_admin", {"staff_id": first.id})
        leaving = {"active": False, "reason": "离职"}
        assert code_of(await shop.post(f"/v1/staff/{first.id}/switch", leaving, first.headers)) == "org.last_admin"
        await shop.post(f"/v1/staff/{second.id}/roles", {"role": "hq_admin"}, first.headers)
        await shop.post(f"/v1/staff/{second.id}/switch", leaving, first.headers)
        # who has left does not count
        assert code_of(await shop.post(f"/v1/staff/{first.id}/switch", leaving, first.headers)) == "org.last_admin"


async def test_two_admins_who_dismiss_each_other_at_once_do_not_both_go(blank: Settings) -> None:
    async with open_shop(blank) as shop:
        ctx = shop.process.context()
        admins = [await a_person(shop, ("hq_admin", None)) for _ in range(4)]

        async def go(n: int) -> None:
            if n % 2:
                await ctx.run(org.switch_person(admins[n].id, active=False, reason="x", actor=ctx.actor, at=ctx.now))
            else:
                await ctx.run(org.take_role(admins[n].id, org.RoleAt(role="hq_admin"), actor=ctx.actor, at=ctx.now))

        outcomes = await at_once(4, go)
        assert (outcomes.count(None), outcomes.count("org.last_admin")) == (3, 1)
        await ctx.refresh()
        directory = ctx.see(org.Directory)
        assert sum(directory.staff[a.id].active and bool(directory.roles.get(a.id)) for a in admins) == 1


async def test_a_terminal_is_no_person(shop: Shop) -> None:
    device = await a_terminal(shop, await a_store(shop))
    assert code_of(await shop.get("/v1/staff/me", device.headers)) == "auth.not_allowed"
    assert code_of(await shop.get("/v1/staff", device.headers)) == "auth.not_allowed"
