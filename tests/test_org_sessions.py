"""Sessions of members and staff alike: tokens rotate, a copied one ends the session, devices are listed and signed out."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from goodtaste.kernel import sessions
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.sessions import ACCESS_TTL, IDLE_TTL, LOST_REPLY_GRACE, STAFF_IDLE_TTL, Claims, TokenPair
from goodtaste.org import api as org
from goodtaste.org import devices
from tests.org_kit import (
    PASSWORD,
    Headers,
    a_person,
    a_store,
    a_terminal,
    an_admin,
    bearer,
    code_of,
    context_at,
    send,
    sign_in,
)
from tests.shop import Shop, at_once, write


async def a_member_session(shop: Shop, member_id: str, device: str = "手机") -> TokenPair:
    started, change = sessions.start(
        session_id=new_id(), kind="member", subject_id=member_id, device=device, at=shop.now
    )
    await shop.db.run(write(change))
    return shop.process.tokens.pair(started, at=shop.now)


async def refresh(shop: Shop, refresh_token: str) -> Any:
    return await shop.post("/v1/sessions/refresh", {"refresh_token": refresh_token})


async def test_a_refresh_token_rotates_many_times(shop: Shop) -> None:
    member_id = new_id()
    pair = await a_member_session(shop, member_id)
    token = pair.refresh_token
    for _ in range(12):
        answer = await refresh(shop, token)
        assert answer.status_code == 200, answer.text
        assert answer.json()["refresh_token"] != token
        token = answer.json()["refresh_token"]
    mine = bearer(answer.json()["access_token"])
    [device] = (await shop.get("/v1/sessions", mine)).json()
    assert (device["id"], device["this"]) == (pair.session_id, True)


async def test_a_reply_that_was_lost_is_given_again_and_an_old_token_ends_the_session(shop: Shop) -> None:
    pair = await a_member_session(shop, new_id())
    first = await refresh(shop, pair.refresh_token)
    again = await refresh(shop, pair.refresh_token)
    assert first.json()["refresh_token"] == again.json()["refresh_token"]
    second = await refresh(shop, first.json()["refresh_token"])
    stolen = await refresh(shop, pair.refresh_token)
    assert code_of(stolen) == "auth.session_ended"
    await shop.process.snapshots.refresh()
    for token in (first, second):
        assert code_of(await shop.get("/v1/sessions", bearer(token.json()["access_token"]))) == "auth.session_ended"
        assert code_of(await refresh(shop, token.json()["refresh_token"])) == "auth.session_ended"


async def test_a_token_used_again_after_the_grace_ends_the_session(shop: Shop) -> None:
    pair = await a_member_session(shop, new_id())
    first = await refresh(shop, pair.refresh_token)
    late = context_at(shop, shop.now + LOST_REPLY_GRACE + timedelta(seconds=1))
    [code] = await at_once(1, lambda _: devices.refresh(devices.Refresh(refresh_token=pair.refresh_token), ctx=late))
    assert code == "auth.session_ended"
    assert code_of(await refresh(shop, first.json()["refresh_token"])) == "auth.session_ended"


async def test_one_token_refreshed_by_many_at_once_gives_one_answer(shop: Shop) -> None:
    pair = await a_member_session(shop, new_id())
    answers = await at_once(32, lambda _: refresh(shop, pair.refresh_token))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


@pytest.mark.parametrize("kind", ["member", "staff"])
async def test_a_session_left_alone_for_too_long_is_over(shop: Shop, kind: str) -> None:
    if kind == "member":
        token, idle = (await a_member_session(shop, new_id())).refresh_token, IDLE_TTL
    else:
        person = await a_person(shop)
        token, idle = (await sign_in(shop, person.login)).json()["tokens"]["refresh_token"], STAFF_IDLE_TTL
    asked = devices.Refresh(refresh_token=token)
    late = context_at(shop, shop.now + idle + timedelta(minutes=1))
    assert await at_once(1, lambda _: devices.refresh(asked, ctx=late)) == ["auth.session_ended"]
    early = context_at(shop, shop.now + idle - timedelta(minutes=1))
    assert (await devices.refresh(asked, ctx=early)).refresh_token != token


@pytest.mark.parametrize("token", ["", ".", "..", "x.0.y", "a" * 200, "x.-1.y", "x.99999999999.y", "x.١.y"])
async def test_a_refresh_token_that_is_none_is_refused(shop: Shop, token: str) -> None:
    assert code_of(await refresh(shop, token)) == "auth.not_signed_in"


async def test_a_refresh_token_of_another_session_or_number_is_forged(shop: Shop) -> None:
    pair, other = await a_member_session(shop, new_id()), await a_member_session(shop, new_id())
    mac = pair.refresh_token.rpartition(".")[2]
    for forged in (f"{other.session_id}.0.{mac}", f"{pair.session_id}.1.{mac}", f"{pair.session_id}.00.{mac}"):
        assert code_of(await refresh(shop, forged)) == "auth.not_signed_in"
    assert code_of(await refresh(shop, "x" * 201)) == "request.malformed"
    assert code_of(await shop.post("/v1/sessions/refresh", {})) == "request.malformed"


async def test_one_sees_and_ends_ones_own_devices_and_nobody_elses(shop: Shop) -> None:
    me, other = new_id(), new_id()
    phone, tablet, theirs = (
        await a_member_session(shop, me, "手机"),
        await a_member_session(shop, me, "平板"),
        await a_member_session(shop, other),
    )
    mine = bearer(phone.access_token)
    listed = (await shop.get("/v1/sessions", mine)).json()
    assert {(d["device"], d["this"]) for d in listed} == {("手机", True), ("平板", False)}
    assert set(listed[0]) == {"id", "device", "started_at", "used_at", "this"}
    foreign = await send(shop, "DELETE", f"/v1/sessions/{theirs.session_id}", None, mine)
    assert (code_of(foreign), foreign.status_code) == ("auth.session_unknown", 404)
    assert code_of(await send(shop, "DELETE", "/v1/sessions/1", None, mine)) == "request.malformed"

    assert (await send(shop, "DELETE", f"/v1/sessions/{tablet.session_id}", None, mine)).status_code == 204
    assert code_of(await shop.get("/v1/sessions", bearer(tablet.access_token))) == "auth.session_ended"
    again = await send(shop, "DELETE", f"/v1/sessions/{tablet.session_id}", None, mine)
    assert code_of(again) == "auth.session_unknown"
    assert (await shop.get("/v1/sessions", bearer(theirs.access_token))).status_code == 200


async def test_all_of_ones_devices_end_at_once_however_many(shop: Shop) -> None:
    me, other = new_id(), await a_member_session(shop, new_id())
    pairs = await at_once(130, lambda _: a_member_session(shop, me))
    mine = bearer(pairs[0].access_token)
    assert len((await shop.get("/v1/sessions", mine)).json()) == 100
    assert (await send(shop, "DELETE", "/v1/sessions", None, mine)).status_code == 204
    for pair in pairs:
        assert code_of(await shop.get("/v1/sessions", bearer(pair.access_token))) == "auth.session_ended"
    assert (await shop.get("/v1/sessions", bearer(other.access_token))).status_code == 200


async def test_the_devices_of_the_staff_are_served_by_the_same_routes(shop: Shop) -> None:
    person = await a_person(shop)
    tokens = (await sign_in(shop, person.login)).json()["tokens"]
    mine = bearer(tokens["access_token"])
    assert [d["device"] for d in (await shop.get("/v1/sessions", mine)).json()] == ["店长的电脑"]
    assert (await refresh(shop, tokens["refresh_token"])).status_code == 200
    await send(shop, "DELETE", "/v1/sessions", None, mine)
    assert code_of(await shop.get("/v1/staff/me", mine)) == "auth.session_ended"


async def test_sessions_are_for_people_who_are_signed_in(shop: Shop) -> None:
    device = await a_terminal(shop, await a_store(shop))
    for method, path in (("GET", "/v1/sessions"), ("DELETE", "/v1/sessions"), ("DELETE", f"/v1/sessions/{new_id()}")):
        assert code_of(await send(shop, method, path)) == "auth.not_signed_in"
        assert code_of(await send(shop, method, path, None, device.headers)) == "auth.not_allowed"
    assert (await refresh(shop, device.refresh_token)).status_code == 200


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged_tokens(shop: Shop, staff_id: str) -> dict[str, str]:
    """Return what attackers send: each claims to be the person `staff_id`."""
    keyring, now = shop.process.keyring, int(shop.now.timestamp())
    key, other = OctKey.import_key(keyring.key("access-token")), OctKey.import_key(b"x" * 32)
    good = {"iss": "goodtaste", "iat": now, "exp": now + 600, "sub": staff_id, "kind": "staff", "sid": new_id()}
    ours = jwt.encode({"alg": "HS256"}, good, key)
    head, body, mac = ours.split(".")

    def signed(claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode({"alg": "HS256", **header}, claims, key)

    def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
        text = f"{_part(header)}.{_part(claims)}"
        digest = hmac.digest(secret, text.encode(), "sha256")
        return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    rsa = RSAKey.generate_key(2048)
    without = {name: {k: v for k, v in good.items() if k != name} for name in good}
    return {
        "none": f"{_part({'alg': 'none'})}.{body}.",
        "None": f"{_part({'alg': 'nOnE'})}.{body}.",
        "none, our mac": f"{_part({'alg': 'none'})}.{body}.{mac}",
        "no signature": f"{head}.{body}.",
        "cut": f"{head}.{body}",
        "another key": jwt.encode({"alg": "HS256"}, good, other),
        "an empty key": by_hand({"alg": "HS256"}, good, b""),
        "HS512": jwt.encode({"alg": "HS512"}, good, key, algorithms=["HS512"]),
        "RS256": jwt.encode({"alg": "RS256"}, good, rsa, algorithms=["RS256"]),
        "kid of a file": by_hand({"alg": "HS256", "kid": "../../dev/null"}, good, b""),
        "kid of a query": by_hand({"alg": "HS256", "kid": "' UNION SELECT 'k"}, good, b"k"),
        "jwk in the header": by_hand({"alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}}, good, b"x"),
        "jku": by_hand({"alg": "HS256", "jku": "http://127.0.0.1/keys"}, good, b"x"),
        "another body": f"{head}.{_part(good | {'sub': new_id()})}.{mac}",
        "another issuer": signed(good | {"iss": "somebody"}),
        "over": signed(good | {"exp": now - 1}),
        "over at this very second": signed(good | {"exp": now}),
        "an unknown kind": signed(good | {"kind": "root"}),
        "no kind": signed(without["kind"]),
        "no subject": signed(without["sub"]),
        "no end": signed(without["exp"]),
        "no issuer": signed(without["iss"]),
        "an end that is text": signed(good | {"exp": "tomorrow"}),
        "refresh token": shop.process.tokens.refresh(new_id(), 0),
        "two dots": "..",
        "not base64": "a.b.c",
        "empty": "",
        "huge": f"{head}.{'A' * 20_000}.{mac}",
    }


async def test_no_forged_token_is_taken(shop: Shop) -> None:
    admin = await an_admin(shop)
    assert (await shop.get("/v1/staff/me", admin.headers)).status_code == 200
    for name, token in forged_tokens(shop, admin.id).items():
        assert code_of(await shop.get("/v1/staff/me", bearer(token))) == "auth.not_signed_in", name
    for scheme in ("Basic", "Token", "Bearer:"):
        header = {"authorization": f"{scheme} {admin.headers['authorization'].split()[1]}"}
        assert code_of(await shop.get("/v1/staff/me", header)) == "auth.not_signed_in"


async def test_a_token_of_the_system_opens_nothing(shop: Shop) -> None:
    claims = Claims("system", "system", new_id())
    token = bearer(shop.process.tokens.access(claims, at=shop.now))
    for path in ("/v1/staff", "/v1/staff/me", "/v1/terminals", "/v1/sessions"):
        assert code_of(await shop.get(path, token)) == "auth.not_allowed"


async def test_an_access_token_lives_a_quarter_of_an_hour(shop: Shop) -> None:
    person, start = await a_person(shop), shop.now
    tokens = (await sign_in(shop, person.login)).json()["tokens"]
    assert tokens["expires_in_s"] == 900
    claims = shop.process.tokens.check(tokens["access_token"], at=start + ACCESS_TTL - timedelta(seconds=2))
    assert claims.sub == person.id
    with pytest.raises(Exception, match="not_signed_in"):
        shop.process.tokens.check(tokens["access_token"], at=start + ACCESS_TTL + timedelta(seconds=2))


async def test_a_role_that_was_taken_away_is_gone_from_tokens_that_were_given_before(shop: Shop) -> None:
    store_id, ctx = await a_store(shop), shop.process.context()
    person = await a_person(shop, ("store_manager", store_id))
    tokens = (await sign_in(shop, person.login)).json()["tokens"]
    mine: Headers = bearer(tokens["access_token"])
    assert (await shop.get(f"/v1/staff?store_id={store_id}", mine)).status_code == 200
    role = org.RoleAt(role="store_manager", store_id=store_id)
    await ctx.run(org.take_role(person.id, role, actor=ctx.actor, at=ctx.now))
    await shop.process.snapshots.refresh()
    assert code_of(await shop.get(f"/v1/staff?store_id={store_id}", mine)) == "auth.not_allowed"
    renewed = (await refresh(shop, tokens["refresh_token"])).json()
    assert (
        code_of(await shop.get(f"/v1/staff?store_id={store_id}", bearer(renewed["access_token"]))) == "auth.not_allowed"
    )


async def test_who_changes_a_password_while_signing_in_with_the_old_one_keeps_no_session(shop: Shop) -> None:
    person, ctx = await a_person(shop), shop.process.context()
    old = org.SignIn(login=person.login, password=PASSWORD, device="x")
    given = org.GivePassword(password="Another good 1 too")
    await at_once(4, lambda n: org.sign_in(old, ctx=ctx) if n else org.give_password(person.id, given, ctx=ctx))
    await ctx.refresh()
    alive = await shop.db.execute(
        f"SELECT count(*) FROM kernel_session WHERE subject_id = '{person.id}' AND ended_at IS NULL"
    )
    assert alive == [(0,)]
