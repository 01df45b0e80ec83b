"""The desk of dead letters: the head office looks, mends, replays and discards; what was done stands in the audit log."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest_asyncio
from click.testing import CliRunner, Result

from goodtaste.app.cli import main
from goodtaste.events.member import MemberUpdated
from goodtaste.kernel import audit, clock
from goodtaste.kernel.bus import HEARD
from goodtaste.kernel.config import Settings
from goodtaste.kernel.dead_letters import DeadLetter, bury
from goodtaste.kernel.ids import new_id
from tests import org_kit
from tests.shop import Shop, write


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def tidy(shop: Shop) -> AsyncIterator[None]:
    """Leave the desk as empty as it was: other tests say that nothing died in their house."""
    yield
    await shop.db.execute("DELETE FROM kernel_dead_letter WHERE handler = 'test.nobody'")


async def a_letter(shop: Shop, **given: Any) -> DeadLetter:
    """Bury an event that a handler could not digest."""
    member_id = new_id()
    event = MemberUpdated(member_id=member_id, available=1, pending=0, growth=0, level="basic", version=1)
    fields: dict[str, Any] = {
        "id": new_id(),
        "event_id": new_id(),
        "topic": MemberUpdated.topic,
        "key": member_id,
        "body": msgspec.json.encode(event).decode(),
        "handler": "test.nobody",
        "error": "ValueError('no')",
        "tries": 6,
        "event_at": clock.now(),
        "at": clock.now(),
    }
    letter = DeadLetter(**fields | given)
    await shop.db.run(bury(letter))
    return letter


async def _audited(shop: Shop, letter: DeadLetter) -> list[str]:
    rows = await shop.db.execute(f"SELECT action FROM kernel_audit WHERE subject = 'letter/{letter.id}'")
    return [str(action) for (action,) in rows]


async def test_letters_are_listed_newest_first_in_pages(shop: Shop) -> None:
    admin = await org_kit.an_admin(shop)
    made = [(await a_letter(shop)).id for _ in range(5)]
    page = (await shop.get("/v1/dead-letters?limit=3", admin.headers)).json()
    rest = (await shop.get(f"/v1/dead-letters?limit=3&before={page['next']}", admin.headers)).json()
    seen = [each["id"] for each in page["letters"] + rest["letters"]]
    assert seen[:5] == made[::-1]


async def test_a_letter_shows_what_happened_and_why(shop: Shop) -> None:
    admin, letter = await org_kit.an_admin(shop), await a_letter(shop)
    shown = (await shop.get(f"/v1/dead-letters/{letter.id}", admin.headers)).json()
    assert (shown["handler"], shown["error"], shown["tries"]) == ("test.nobody", "ValueError('no')", 6)
    assert msgspec.json.decode(shown["body"])["member_id"] == letter.key


async def test_a_replayed_letter_leaves_the_desk_and_the_audit_log_says_who_and_why(shop: Shop) -> None:
    admin, letter = await org_kit.an_admin(shop), await a_letter(shop)
    path = f"/v1/dead-letters/{letter.id}/replay"
    done = await shop.post(path, {"reason": "已修复"}, admin.headers)
    assert (done.status_code, done.json()["letter_id"]) == (200, letter.id)
    again = await shop.post(path, {"reason": "已修复"}, admin.headers)
    assert (again.status_code, again.json()["code"]) == (404, "kernel.letter_unknown")
    assert await _audited(shop, letter) == ["event.replayed"]
    assert (await audit.verify(shop.db)).fault is None


async def test_a_discarded_letter_is_gone_and_its_handler_stays_deaf_to_it(shop: Shop) -> None:
    admin, letter = await org_kit.an_admin(shop), await a_letter(shop)
    done = await shop.post(f"/v1/dead-letters/{letter.id}/discard", {"reason": "无用"}, admin.headers)
    assert done.status_code == 204
    assert (await shop.get(f"/v1/dead-letters/{letter.id}", admin.headers)).status_code == 404
    assert await _audited(shop, letter) == ["event.discarded"]
    await shop.db.run(bury(letter))
    assert (await shop.get(f"/v1/dead-letters/{letter.id}", admin.headers)).status_code == 404


async def test_an_event_that_was_heard_meanwhile_does_not_die(shop: Shop) -> None:
    admin, event_id = await org_kit.an_admin(shop), new_id()
    await shop.db.run(write(HEARD(handler="test.nobody", event_id=event_id, at=clock.now())))
    letter = await a_letter(shop, event_id=event_id)
    assert (await shop.get(f"/v1/dead-letters/{letter.id}", admin.headers)).status_code == 404


async def test_a_letter_that_is_no_event_cannot_be_replayed_until_it_is_mended(shop: Shop) -> None:
    admin, good = await org_kit.an_admin(shop), await a_letter(shop)
    letter = await a_letter(shop, body="{}", key=good.key)
    path = f"/v1/dead-letters/{letter.id}/replay"
    answer = await shop.post(path, {"reason": "再试"}, admin.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "channel.letter_unreadable")
    other = good.body.replace(good.key, new_id())
    answer = await shop.post(path, {"reason": "再试", "body": other}, admin.headers)
    assert answer.json()["code"] == "channel.letter_unreadable"
    answer = await shop.post(path, {"reason": "已修正", "body": good.body}, admin.headers)
    assert answer.status_code == 200
    stranger = await a_letter(shop, topic="nobody.knows.v1")
    answer = await shop.post(f"/v1/dead-letters/{stranger.id}/replay", {"reason": "再试"}, admin.headers)
    assert answer.json()["code"] == "channel.letter_unreadable"


def _typed(house: Settings, *words: str) -> Result:
    """Type a command of the desk."""
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("GOODTASTE_")}
    environment |= {"GOODTASTE_DATABASE": house.database, "GOODTASTE_DATA_DIR": house.data_dir, "LC_ALL": "en"}
    environment |= {"GOODTASTE_SECRET_KEY": house.secret_key, "GOODTASTE_DEMO": "true"}
    return CliRunner(env=environment).invoke(main, ["events", *words])


async def test_the_desk_works_from_the_command_line(shop: Shop) -> None:
    letter, other = await a_letter(shop), await a_letter(shop)
    house = shop.process.settings
    listed = await asyncio.to_thread(_typed, house, "list")
    assert letter.id[:8] in listed.output
    shown = await asyncio.to_thread(_typed, house, "show", letter.id)
    assert letter.key in shown.output
    replayed = await asyncio.to_thread(_typed, house, "replay", letter.id, "--reason", "mended")
    assert (replayed.exit_code, await _audited(shop, letter)) == (0, ["event.replayed"])
    discarded = await asyncio.to_thread(_typed, house, "discard", other.id, "--reason", "useless")
    assert (discarded.exit_code, await _audited(shop, other)) == (0, ["event.discarded"])
    again = await asyncio.to_thread(_typed, house, "discard", other.id, "--reason", "useless")
    assert (again.exit_code, "no such dead letter" in again.stderr) == (1, True)


async def test_nobody_but_the_head_office_sits_at_the_desk(shop: Shop) -> None:
    letter = await a_letter(shop)
    store_id = await org_kit.a_store(shop)
    manager = await org_kit.a_person(shop, ("store_manager", store_id))
    at_one_store = await org_kit.a_person(shop, ("hq_admin", store_id))
    calls = [("GET", "", None), ("GET", f"/{letter.id}", None)]
    calls += [("POST", f"/{letter.id}/{verb}", {"reason": "x"}) for verb in ("replay", "discard")]  # type: ignore[list-item]
    for who, code in ((manager, "auth.not_allowed"), (at_one_store, "auth.not_allowed"), (None, "auth.not_signed_in")):
        headers = who.headers if who else {}
        for method, path, body in calls:
            url = f"/v1/dead-letters{path}"
            answer = await (shop.get(url, headers) if method == "GET" else shop.post(url, body, headers))
            assert answer.json()["code"] == code, (method, path)
    assert await _audited(shop, letter) == []
