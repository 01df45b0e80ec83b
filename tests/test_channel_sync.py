"""Plain AMQP clients bring orders and are told of members, as the document of the queues says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests import channel_kit, org_kit
from tests.channel_kit import Client, an_order, client_of
from tests.databases import Migrated, settings_for
from tests.events_kit import until
from tests.ledger_kit import broken_proofs
from tests.member_kit import a_member
from tests.shop import Shop

DOCUMENT = Path(__file__).parents[1] / "docs" / "channels" / "amqp.md"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    engine: str, migrated: Migrated, broker: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shop]:
    """Give a house that has joined the broker."""
    settings = settings_for(engine, "joined", tmp_path_factory.mktemp("joined"), broker=broker)
    async with channel_kit.open_joined(await migrated.copy_to(settings)) as shop:
        yield shop


async def ask(broker: str, message: Any) -> dict[str, Any]:
    """Publish an order from outside, and return the answer to it."""

    def work() -> dict[str, Any]:
        with client_of(broker) as client:
            return client.ask(message)

    return await asyncio.to_thread(work)


async def orders_of(house: Shop, no: str) -> int:
    """Count the orders with this number."""
    [(n,)] = await house.db.execute(f"SELECT count(*) FROM ordering_order WHERE external_no = '{no}'")
    return int(n)


async def letters(house: Shop, text: str) -> list[dict[str, Any]]:
    """Return the letters on the desk whose body holds a text, newest first."""
    admin = await org_kit.an_admin(house)
    page = (await house.get("/v1/dead-letters?limit=100", admin.headers)).json()
    return [each for each in page["letters"] if text in each["body"]]


async def test_an_order_from_a_till_outside_is_an_order_here(house: Shop, broker: str) -> None:
    answer = await ask(broker, an_order("1001"))
    assert (answer["taken"], answer["fresh"]) == (True, True)
    admin = await org_kit.an_admin(house)
    shown = (await house.get(f"/v1/orders/{answer['order_id']}", admin.headers)).json()
    assert (shown["due_fen"], shown["pay_state"], shown["state"]) == (6400, "paid", "completed")
    assert shown["lines"][0]["name"].startswith("红烧牛肉面")
    assert await broken_proofs(house) == {}


async def test_an_order_that_comes_twice_is_one_order(house: Shop, broker: str) -> None:
    first, second = await ask(broker, an_order("1002")), await ask(broker, an_order("1002"))
    assert (second["order_id"], second.get("fresh", False)) == (first["order_id"], False)
    assert await orders_of(house, "1002") == 1


async def test_the_same_number_with_another_price_is_refused_and_kept(house: Shop, broker: str) -> None:
    await ask(broker, an_order("1003"))
    answer = await ask(broker, an_order("1003", lines=[{"sku": "niurou-mian-1", "qty": 1, "unit_fen": 3200}]))
    assert (answer["taken"], answer["code"]) == (False, "ordering.recorded_otherwise")
    assert len(await letters(house, '"1003"')) == 1


@pytest.mark.parametrize(
    "message, code",
    [
        (b"hello", "channel.message_malformed"),
        (b"\xff\xfe", "channel.message_malformed"),
        (b"[" * 50_000, "channel.message_malformed"),
        (b'"' + b"x" * 200_000 + b'"', "channel.message_malformed"),
        (an_order("2001", surprise=1), "channel.message_malformed"),
        (an_order("2002", lines=[]), "channel.message_malformed"),
        (an_order("2003", lines=[{"sku": "niurou-mian-1", "qty": -1, "unit_fen": 3200}]), "channel.message_malformed"),
        (an_order("2004", lines=[{"sku": "niurou-mian-1", "qty": 1, "unit_fen": 1.5}]), "channel.message_malformed"),
        (an_order("2005", placed_at="2026-11-20T12:30:00"), "channel.message_malformed"),
        (an_order("2006", store="HW-99"), "org.store_unknown"),
        (an_order("2007", lines=[{"sku": "unicorn", "qty": 1, "unit_fen": 3200}]), "channel.sku_unknown"),
        (an_order("2008", member_id="0190a000-0000-7000-8000-00000000dead"), "member.unknown"),
        (an_order("2009", placed_at="2099-01-01T00:00:00+08:00"), "ordering.not_recordable"),
    ],
)
async def test_what_is_no_order_is_answered_parked_with_its_reason_and_put_on_the_desk(
    house: Shop, broker: str, message: Any, code: str
) -> None:
    await asyncio.to_thread(_drain, broker, "order_sync.dead")
    answer = await ask(broker, message)
    assert (answer["taken"], answer["code"]) == (False, code)
    assert answer["say"]
    assert answer["do"]
    headers, body = await asyncio.to_thread(_take, broker, "order_sync.dead")
    assert headers["x-goodtaste-code"] == code
    assert headers["x-goodtaste-reason"] == answer["say"]
    assert body == (message if isinstance(message, bytes) else json.dumps(message).encode())
    assert any(each["error"].startswith(code) for each in await letters(house, ""))


def _take(broker: str, queue: str) -> tuple[dict[str, Any], bytes]:
    with client_of(broker) as client:
        return client.take(queue)


def _drain(broker: str, queue: str) -> None:
    with client_of(broker) as client:
        client.channel.queue_purge(queue)


async def test_a_bad_message_holds_no_good_one_up(house: Shop, broker: str) -> None:
    def work() -> None:
        with client_of(broker) as client:
            for n in range(20):
                client.publish(b"nonsense %d" % n)
                client.publish(an_order(f"30{n:02d}"))

    await asyncio.to_thread(work)
    await until(lambda: _count(house, "external_no LIKE '30__'"), 20)


async def _count(house: Shop, where: str) -> int:
    [(n,)] = await house.db.execute(f"SELECT count(*) FROM ordering_order WHERE {where}")
    return int(n)


async def test_the_durable_queue_takes_orders_too(house: Shop, broker: str) -> None:
    def work() -> None:
        with client_of(broker) as client:
            client.publish(an_order("4001"), to="order_sync.durable", delivery_mode=2)

    await asyncio.to_thread(work)
    await until(lambda: orders_of(house, "4001"), 1)


async def test_an_order_of_a_member_is_told_with_the_points_it_brought(house: Shop, broker: str) -> None:
    member_id, _ = await a_member(house)

    def work() -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        with client_of(broker) as client:
            assert client.ask(an_order("5001", member_id=member_id))["taken"]
            while not told or told[-1]["points"] == 0:
                message = json.loads(client.take("member_sync")[1])
                told += [message] if message["member_id"] == member_id else []
        return told

    told = await asyncio.to_thread(work)
    assert (told[-1]["points"], told[-1]["growth"]) == (6, 64)
    assert [each["version"] for each in told] == sorted(each["version"] for each in told)
    assert set(told[-1]) == {"member_id", "level", "points", "points_pending", "growth", "version", "at"}


async def test_a_letter_with_an_order_is_mended_and_becomes_the_order(house: Shop, broker: str) -> None:
    bad = an_order("6001", lines=[{"sku": "niurou-mien-1", "qty": 2, "unit_fen": 3200}])
    assert not (await ask(broker, bad))["taken"]
    [letter] = await letters(house, '"6001"')
    admin = await org_kit.an_admin(house)
    path = f"/v1/dead-letters/{letter['id']}"
    again = await house.post(f"{path}/replay", {"reason": "再试一次"}, admin.headers)
    assert (again.status_code, again.json()["code"]) == (404, "channel.sku_unknown")
    mended = {"reason": "编码写错", "body": json.dumps(an_order("6001"))}
    done = await house.post(f"{path}/replay", mended, admin.headers)
    assert (done.status_code, await orders_of(house, "6001")) == (200, 1)
    assert (await house.get(path, admin.headers)).json()["code"] == "kernel.letter_unknown"


async def test_the_lines_in_the_document_do_what_they_say(house: Shop, broker: str, tmp_path: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.S)
    assert len([line for line in code.splitlines() if line.strip()]) <= 26
    member_id, _ = await a_member(house)
    await asyncio.to_thread(_drain, broker, "member_sync")
    script = tmp_path / "sync.py"
    script.write_text(code, "utf-8")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(script), member_id],
        env={**os.environ, "AMQP_URL": broker},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    assert f"member {member_id} level" in done.stdout
    [(n,)] = await house.db.execute(f"SELECT count(*) FROM ordering_order WHERE member_id = '{member_id}'")
    assert n == 1


def test_a_client_is_a_client(broker: str) -> None:
    """The queues can be declared by whoever comes first, as one without settings declares them."""
    with client_of(broker) as first, client_of(broker) as second:
        assert isinstance(first, Client)
        assert second.channel.is_open
