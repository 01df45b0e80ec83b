"""Events travel in the order they happened, are heard once, and are never lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from goodtaste.kernel import clock, relay, sweep
from goodtaste.kernel.bus import hear
from goodtaste.kernel.config import Settings
from goodtaste.kernel.db import Unavailable, script
from goodtaste.kernel.db.open import open_database
from goodtaste.kernel.db.runner import LeadershipLost
from goodtaste.kernel.dead_letters import DEAD, EVERY_HANDLER, DeadLetter, LetterUnknown, discard, read_letter, replay
from goodtaste.kernel.ids import earliest_id, new_id
from goodtaste.kernel.outbox import TELL, UNDELIVERED
from goodtaste.kernel.paging import NEWEST
from goodtaste.kernel.relay import TRIES_MAX
from tests.events_kit import Bells, Rang, open_bells, until
from tests.shop import write


@pytest_asyncio.fixture
async def bells(blank: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bells]:
    """Give a house of bells whose relay loses no time between tries."""
    monkeypatch.setattr(relay, "BACKOFF_S", (0.01,) * (TRIES_MAX - 1))
    async with open_bells(blank) as opened:
        yield opened


async def _letters(bells: Bells) -> list[DeadLetter]:
    return await bells.db.rows(DEAD(before_at=NEWEST.at, before_id=NEWEST.id, limit=10))


async def _any_of(bells: Bells) -> bool:
    return bool(await bells.effects("kitchen"))


async def test_a_place_in_the_outbox_is_given_once_even_when_the_outbox_was_emptied(bells: Bells) -> None:
    await bells.ring(("ann", 1), ("ann", 2))
    first = [row.seq for row in await bells.db.rows(UNDELIVERED(after=0))]
    async with bells.relayed():
        await until(lambda: bells.count("kernel_outbox"), 0)
    await bells.ring(("ann", 3))
    [third] = [row.seq for row in await bells.db.rows(UNDELIVERED(after=0))]
    assert first[0] < first[1] < third


async def test_events_of_one_key_are_heard_in_their_order_by_each_handler(bells: Bells) -> None:
    bells.listen("bar", "kitchen")
    async with bells.relayed():
        for n in range(1, 31):
            await bells.ring(("ann", n), ("bob", n))
        await until(lambda: bells.count("kernel_outbox"), 0)
    for handler in ("bar", "kitchen"):
        for who in ("ann", "bob"):
            assert await bells.effects(handler, who) == list(range(1, 31))


async def test_a_commit_is_heard_by_being_told_of_not_by_looking(bells: Bells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "POLL_S", 3_600)
    bells.listen("kitchen")
    async with bells.relayed():
        for n in range(1, 4):
            await asyncio.sleep(0.05)
            await bells.ring(("ann", n))
            await until(lambda: bells.effects("kitchen"), list(range(1, n + 1)))


async def test_a_failing_handler_is_tried_again_and_its_event_dies_once_with_the_reason(bells: Bells) -> None:
    bells.listen("bar", "kitchen")
    bells.failing.add(("kitchen", "ann", 1))
    async with bells.relayed():
        await bells.ring(("ann", 1), ("ann", 2), ("bob", 1))
        await until(lambda: bells.count("kernel_outbox"), 0)
    assert bells.tries.count(("kitchen", "ann", 1)) == TRIES_MAX
    [letter] = await _letters(bells)
    assert (letter.handler, letter.key, letter.tries) == ("kitchen", "ann", TRIES_MAX)
    assert "out of tune" in letter.error
    assert await bells.effects("kitchen", "ann") == [2]
    assert await bells.effects("bar", "ann") == [1, 2]
    assert await bells.effects("kitchen", "bob") == [1]


async def test_while_one_key_is_tried_again_the_others_and_the_other_handlers_go_on(
    bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BACKOFF_S", (60.0,) * (TRIES_MAX - 1))
    bells.listen("bar", "kitchen")
    bells.failing.add(("kitchen", "ann", 1))
    async with bells.relayed():
        await bells.ring(("ann", 1), ("ann", 2), ("bob", 1))
        await until(lambda: bells.effects("bar", "ann"), [1, 2])
        await until(lambda: bells.effects("kitchen", "bob"), [1])
    assert await bells.effects("kitchen", "ann") == []


async def test_an_event_that_is_delivered_twice_is_heard_once(bells: Bells) -> None:
    bells.listen("kitchen")
    await bells.ring(("ann", 1))
    [envelope] = await bells.db.rows(UNDELIVERED(after=0))
    handler = bells.heard.of(envelope.topic)["kitchen"]
    await asyncio.gather(*(hear(bells.db, envelope, "kitchen", handler) for _ in range(8)))
    await hear(bells.db, envelope, "kitchen", handler)
    assert await bells.effects("kitchen") == [1]


async def test_a_handler_that_cannot_do_it_twice_is_not_at_fault_when_it_hears_an_event_again(bells: Bells) -> None:
    bells.listen("kitchen")
    async with bells.relayed():
        await bells.ring(("ann", 1))
        await until(lambda: bells.count("kernel_outbox"), 0)
        [(event_id,)] = await bells.db.execute("SELECT event_id FROM kernel_inbox")
        bells.failing.add(("kitchen", "ann", 1))  # what it did stands in its way now
        again = {"id": str(event_id), "topic": Rang.topic, "key": "ann", "body": '{"who":"ann","n":1}', "only": None}
        await bells.db.run(write(TELL(**again, at=clock.now())))
        await until(lambda: bells.count("kernel_outbox"), 0)
    assert bells.tries == [("kitchen", "ann", 1)] * 2
    assert await bells.count("kernel_dead_letter") == 0


async def test_what_was_under_way_when_the_relay_stopped_is_delivered_by_the_next_one(bells: Bells) -> None:
    bells.listen("kitchen")
    for n in range(1, 21):
        await bells.ring(("ann", n))
    async with bells.relayed():
        await until(lambda: _any_of(bells), True)
    async with bells.relayed():
        await until(lambda: bells.count("kernel_outbox"), 0)
    assert await bells.effects("kitchen") == list(range(1, 21))


async def test_two_relays_at_once_keep_the_order_and_hear_once(bells: Bells) -> None:
    bells.listen("kitchen")
    async with bells.relayed(), bells.relayed():
        for n in range(1, 31):
            await bells.ring(("ann", n))
        await until(lambda: bells.count("kernel_outbox"), 0)
    assert await bells.effects("kitchen") == list(range(1, 31))


async def test_a_replayed_letter_is_heard_by_the_handler_that_failed_and_nobody_else(bells: Bells) -> None:
    bells.listen("bar", "kitchen")
    bells.failing.add(("kitchen", "ann", 1))
    async with bells.relayed():
        await bells.ring(("ann", 1))
        await until(lambda: bells.count("kernel_dead_letter"), 1)
        await until(lambda: bells.count("kernel_outbox"), 0)
        bells.failing.clear()
        await bells.db.execute("DELETE FROM kernel_inbox WHERE handler = 'bar'")  # the memory of it was swept
        [letter] = await _letters(bells)
        await bells.db.run(write(*replay(letter)))
        await until(lambda: bells.effects("kitchen"), [1])
        await until(lambda: bells.count("kernel_outbox"), 0)
    assert await bells.effects("bar") == [1]
    assert await bells.count("kernel_dead_letter") == 0


async def test_a_letter_is_replayed_once_whoever_asks(bells: Bells) -> None:
    bells.listen("kitchen")
    bells.failing.add(("kitchen", "ann", 1))
    async with bells.relayed():
        await bells.ring(("ann", 1))
        await until(lambda: bells.count("kernel_dead_letter"), 1)
    [letter] = await _letters(bells)
    assert letter.handler != EVERY_HANDLER
    await bells.db.run(write(*discard(letter)))
    with pytest.raises(LetterUnknown):
        await bells.db.run(write(*replay(letter)))
    with pytest.raises(LetterUnknown):
        await bells.db.query(script(read_letter)(letter.id))


async def test_an_outage_of_the_database_is_no_failure_of_a_handler(
    bells: Bells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "AGAIN_S", 0.01)
    bells.listen("kitchen")
    away = TRIES_MAX * 2

    async def hear_later(*args: object) -> None:
        nonlocal away
        away -= 1
        if away > 0:
            raise Unavailable("gone for a while")
        await hear(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(relay, "hear", hear_later)
    async with bells.relayed():
        await bells.ring(("ann", 1))
        await until(lambda: bells.effects("kitchen"), [1])
    assert await bells.count("kernel_dead_letter") == 0


async def test_one_process_leads_and_another_takes_over_when_it_resigns(bells: Bells) -> None:
    other = await open_database(bells.settings)
    try:
        assert await bells.db.lead()
        assert not await other.lead()
        await bells.db.resign()
        assert await other.lead()
        assert not await bells.db.lead()
    finally:
        await other.close()


async def test_a_leader_whose_connection_was_cut_learns_that_it_leads_no_more(bells: Bells) -> None:
    assert await bells.db.lead()
    lost = asyncio.create_task(bells.db.until_lost())
    if bells.db.engine == "postgresql":  # on SQLite the lock is a file's, which nobody can take away
        await bells.db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7305002"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        with pytest.raises(LeadershipLost):
            await asyncio.wait_for(lost, 20)
    lost.cancel()
    await bells.db.resign()
    assert await bells.db.lead()


async def test_the_inbox_forgets_what_is_old_and_keeps_what_is_new(bells: Bells) -> None:
    bells.listen("bar", "kitchen")
    async with bells.relayed():
        await bells.ring(("ann", 1), ("bob", 1))
        await until(lambda: bells.count("kernel_outbox"), 0)
    assert await sweep.forget(bells.db, at=clock.now()) == 0
    assert await sweep.forget(bells.db, at=clock.now() + sweep.KEPT + timedelta(seconds=1)) == 4
    assert await bells.count("kernel_inbox") == 0


def test_the_earliest_id_of_a_moment_parts_the_ids_before_it_from_those_after() -> None:
    before = new_id()
    time.sleep(0.003)
    edge = earliest_id(clock.now())
    time.sleep(0.003)
    assert before < edge < new_id()


async def test_a_loop_that_is_stopped_just_as_the_bell_rings_does_stop() -> None:
    wake = relay.Wake()

    async def listen() -> None:
        while True:
            await wake.wait(60)

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    wake.ring()
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=30)
    assert done
