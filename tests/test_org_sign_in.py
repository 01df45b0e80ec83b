"""Signing in: the same answer whoever is guessed at, and never a sixth guess."""

import contextlib
from datetime import timedelta

import argon2
import httpx
import pytest

from goodtaste.app.web import asgi_app
from goodtaste.kernel.secrets import password_fits
from goodtaste.org import api as org
from goodtaste.org import jobs, passwords, rules
from goodtaste.org.passwords import PLACES
from tests.org_kit import PASSWORD, a_person, a_store, actions_on, bearer, code_of, context_at, serial, sign_in
from tests.shop import Shop, at_once


async def test_who_signs_in_learns_who_they_are_and_what_they_may_do_where(shop: Shop) -> None:
    store_id = await a_store(shop)
    person = await a_person(shop, ("cashier", store_id), ("analyst", None))
    answer = await sign_in(shop, f"  {person.login.upper()} ")
    assert answer.status_code == 200
    who, tokens = answer.json()["who"], answer.json()["tokens"]
    assert (who["id"], who["name"], who["store_id"]) == (person.id, "小李", None)
    assert who["roles"] == [{"role": "analyst", "store_id": None}, {"role": "cashier", "store_id": store_id}]
    assert [r["store_id"] for r in who["rights"]] == [None, store_id]
    assert "payment.take" in who["rights"][1]["permissions"]
    assert "payment.take" not in who["rights"][0]["permissions"]
    assert (await shop.get("/v1/staff/me", bearer(tokens["access_token"]))).json() == who
    assert "org.signed_in" in await actions_on(shop, f"staff/{person.id}")


async def test_an_unknown_login_and_a_wrong_password_get_the_same_answer_to_the_end(shop: Shop) -> None:
    person = await a_person(shop)

    async def answers(login: str) -> list[tuple[int, str, object]]:
        given = []
        for _ in range(7):
            answer = await sign_in(shop, login, "not this one")
            facts = answer.json()["facts"]
            facts.pop("until_at", None)
            given.append((answer.status_code, code_of(answer), facts))
        return given

    known, unknown = await answers(person.login), await answers(f"nobody-{serial()}")
    assert known == unknown
    assert [each[1] for each in known] == ["org.sign_in_failed"] * 5 + ["org.locked"] * 2
    assert [each[2] for each in known[:5]] == [{"tries_left": n} for n in (4, 3, 2, 1, 0)]
    assert known[5][0] == 429
    assert code_of(await sign_in(shop, person.login)) == "org.locked"  # the right password too


def from_elsewhere(shop: Shop, address: str) -> Shop:
    """Return the shop as somebody at another network address reaches it."""
    transport = httpx.ASGITransport(asgi_app(shop.process), client=(address, 4_000))
    return Shop(shop.process, httpx.AsyncClient(transport=transport, base_url="http://shop"))


async def test_a_stranger_locks_a_login_for_themselves_and_not_for_its_owner(shop: Shop) -> None:
    person, stranger = await a_person(shop), from_elsewhere(shop, "203.0.113.9")
    wrong = [code_of(await sign_in(stranger, person.login, "not this one")) for _ in range(7)]
    assert wrong == ["org.sign_in_failed"] * 5 + ["org.locked"] * 2
    assert code_of(await sign_in(stranger, person.login)) == "org.locked", "the right password too, from there"
    assert (await sign_in(shop, person.login)).status_code == 200
    near, far = from_elsewhere(shop, "2001:db8::1"), from_elsewhere(shop, "2001:db8::ffff")
    for _ in range(5):
        await sign_in(near, person.login, "not this one")
    assert code_of(await sign_in(far, person.login)) == "org.locked", "one customer has 64 bits of addresses"


@pytest.mark.long
async def test_too_many_wrong_passwords_from_everywhere_lock_a_login_for_all_until_another_is_given(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "TRIES_ANYWHERE", 8)
    person = await a_person(shop)
    everywhere = [from_elsewhere(shop, f"203.0.113.{n}") for n in range(12)]
    outcomes = await at_once(12, lambda n: _outcome(everywhere[n], person.login))
    assert (outcomes.count("org.sign_in_failed"), outcomes.count("org.locked")) == (8, 4)
    assert code_of(await sign_in(shop, person.login)) == "org.locked"
    admin = await a_person(shop)
    given = org.GivePassword(password="Another one 2026")
    await org.give_password(person.id, given, ctx=context_at(shop, shop.now))
    assert (await sign_in(shop, person.login, given.password)).status_code == 200
    assert (await sign_in(everywhere[0], admin.login)).status_code == 200


async def _outcome(shop: Shop, login: str) -> str:
    return code_of(await sign_in(shop, login, "not this one"))


async def test_an_unknown_login_takes_as_long_as_a_wrong_password(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are one check of a password against a hash that costs the same."""
    costs: list[argon2.Parameters] = []

    def counted(secret: str, stored: str) -> bool:
        costs.append(argon2.extract_parameters(stored))
        return password_fits(secret, stored)

    person = await a_person(shop)
    monkeypatch.setattr(passwords, "password_fits", counted)
    for login in (person.login, f"nobody-{serial()}"):
        await sign_in(shop, login, "not this one")
    known, unknown = costs
    assert known == unknown


async def test_of_64_guesses_at_once_five_are_looked_at(shop: Shop) -> None:
    person = await a_person(shop)
    for login in (person.login, f"nobody-{serial()}"):

        async def guess(n: int, login: str = login) -> str:
            return code_of(await sign_in(shop, login, f"guess number {n}"))

        outcomes = await at_once(64, guess)
        assert (outcomes.count("org.sign_in_failed"), outcomes.count("org.locked")) == (5, 59)


async def test_of_64_guesses_at_once_after_a_wrong_one_four_are_looked_at(shop: Shop) -> None:
    person = await a_person(shop)
    await sign_in(shop, person.login, "not this one")

    async def guess(n: int) -> str:
        return code_of(await sign_in(shop, person.login, f"guess number {n}"))

    outcomes = await at_once(64, guess)
    assert (outcomes.count("org.sign_in_failed"), outcomes.count("org.locked")) == (4, 60)


async def test_the_right_password_among_64_guesses_does_not_open_more_of_them(shop: Shop) -> None:
    person = await a_person(shop)

    async def guess(n: int) -> str:
        password = PASSWORD if n == 2 else f"guess number {n}"
        return code_of(await sign_in(shop, person.login, password))

    outcomes = await at_once(64, guess)
    assert outcomes.count("org.sign_in_failed") <= 5
    assert outcomes.count("") <= 1


async def test_a_lock_opens_after_a_quarter_of_an_hour_and_a_right_password_forgets_the_wrong_ones(shop: Shop) -> None:
    person = await a_person(shop)
    asked = org.SignIn(login=person.login, password="not this one", device="x")
    start = shop.now
    for _ in range(5):
        await at_once(1, lambda _: org.sign_in(asked, ctx=context_at(shop, start)))
    right = org.SignIn(login=person.login, password=PASSWORD, device="x")
    early, later = start + timedelta(minutes=14, seconds=59), start + timedelta(minutes=15)
    with pytest.raises(org.Locked) as refused:
        await org.sign_in(right, ctx=context_at(shop, early))
    assert refused.value.facts == {"until_at": later, "wait_minutes": 1}

    [failed] = await at_once(1, lambda _: org.sign_in(asked, ctx=context_at(shop, later)))
    assert failed == "org.sign_in_failed"
    assert (await org.sign_in(right, ctx=context_at(shop, later))).who.id == person.id
    codes = [(await at_once(1, lambda _: org.sign_in(asked, ctx=context_at(shop, later))))[0] for _ in range(6)]
    assert codes == ["org.sign_in_failed"] * 5 + ["org.locked"]


async def test_tries_that_count_no_more_are_deleted(shop: Shop) -> None:
    login = f"nobody-{serial()}"
    await sign_in(shop, login, "not this one")
    before = await shop.db.execute("SELECT count(*) FROM org_try")
    await shop.db.run(jobs.forget(at=shop.now))
    assert await shop.db.execute("SELECT count(*) FROM org_try") == before
    await jobs.functions(shop.process)[jobs.FORGET]({})
    await shop.db.run(jobs.forget(at=shop.now + timedelta(hours=1)))
    assert await shop.db.execute("SELECT count(*) FROM org_try") == [(0,)]


async def test_what_was_typed_as_a_login_is_not_kept(shop: Shop) -> None:
    secret = f"my-password-{serial()}"
    await sign_in(shop, secret, "not this one")
    rows = await shop.db.execute("SELECT subject FROM org_try")
    assert rows
    assert not any(secret in subject for (subject,) in rows)


async def test_more_people_than_there_are_places_are_turned_away_and_nothing_is_counted(shop: Shop) -> None:
    person = await a_person(shop)
    with contextlib.ExitStack() as crowd:
        for _ in range(PLACES):
            crowd.enter_context(shop.process.part(org.Passwords).place())
        turned_away = await sign_in(shop, person.login, "not this one")
        assert (turned_away.status_code, code_of(turned_away)) == (503, "kernel.busy")
    assert (await sign_in(shop, person.login, "not this one")).json()["facts"] == {"tries_left": 4}


@pytest.mark.parametrize(
    "body",
    [
        {"login": "x" * 65, "password": PASSWORD, "device": "x"},
        {"login": "x", "password": "", "device": "x"},
        {"login": "x", "password": "y" * 129, "device": "x"},
        {"login": "x", "password": PASSWORD, "device": ""},
        {"login": "x", "password": PASSWORD},
        {"login": "x", "password": PASSWORD, "device": "x", "role": "hq_admin"},
        {"login": ["x"], "password": PASSWORD, "device": "x"},
        {"login": None, "password": PASSWORD, "device": "x"},
    ],
)
async def test_a_sign_in_that_does_not_fit_is_refused_unread(shop: Shop, body: object) -> None:
    assert code_of(await shop.post("/v1/staff/sign-in", body)) == "request.malformed"
