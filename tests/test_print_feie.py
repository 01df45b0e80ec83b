"""Cloud printers: a job is given to the cloud once, and confirmed when the cloud says that it was printed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from goodtaste.floor.printing.carry import LEASE, POSSIBLY_DOUBLE
from goodtaste.floor.printing.feie import Feie, encode, signature
from goodtaste.floor.printing.feie_sandbox import FeieSandbox, printed
from goodtaste.floor.printing.paper import Cells, Cut, Document, Drawer, Qr, Text
from goodtaste.kernel.ids import new_id
from tests.print_kit import Desk
from tests.shop_kit import Floor
from tests.test_print_jobs import slip

LOOK_S = 0.01


@pytest_asyncio.fixture(loop_scope="session")
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    """Give a store whose cloud printers are asked often."""
    opened = Desk(floor, await floor.a_store())
    cloud = Feie(
        floor.process.settings,
        sandbox=floor.process.part(FeieSandbox),
        clock=floor.hands,
        look_s=LOOK_S,
        printed_s=LOOK_S * 8,
    )
    opened.worker = opened.a_worker(feie=cloud)
    yield opened
    await cloud.aclose()
    await opened.close()


async def _cloud(desk: Desk, name: str = "FINE", **fields: Any) -> tuple[str, str, FeieSandbox]:
    """Add a cloud printer to the store; return its id, its serial number and the cloud."""
    serial = f"{name}{new_id().replace('-', '')[-12:]}"
    asked = {
        "id": new_id(),
        "name": serial,
        "kind": "feie",
        "address": serial,
        "purposes": ["kitchen", "test"],
    } | fields
    made = await desk.done("POST", f"/v1/stores/{desk.store.id}/printers", asked, "store_manager")
    return made["id"], serial, desk.floor.process.part(FeieSandbox)


@given(st.one_of(st.text(max_size=60), st.sampled_from(("<CUT>", "</CB><CUT>", "＜CUT＞<", "\x1b@<BR>"))))
def test_no_name_begins_a_tag(name: str) -> None:
    bare = encode(Document((Cells("菜", (("x1", 5),)), Text("注", "center"), Cut())), columns=32)
    done = encode(Document((Cells(name, (("x1", 5),)), Text(name, "center"), Cut())), columns=32)
    tags = [part.partition(">")[0] for part in done.split("<")[1:]]
    assert set(tags) <= {part.partition(">")[0] for part in bare.split("<")[1:]}
    assert tags.count("CUT") == 1
    assert done.count("<") == done.count(">") == len(tags)


def test_a_document_becomes_these_tags() -> None:
    document = Document(
        (Drawer(), Text("好味", "center", "big", bold=True), Text("A<1>", size="tall"), Qr("https://x/r/1"), Cut())
    )
    assert encode(document, columns=32) == (
        "<PLUGIN><CB><BOLD>好味</BOLD></CB><BR><L>A＜1＞</L><BR><QR>https://x/r/1</QR><BR><CUT>"
    )


def test_a_call_is_signed_like_this() -> None:
    assert signature("user@example.com", "UKEY", "1700000000") == "1e8459d55b68ad2f6771fa6a9bdc091b1d5775ca"


@pytest.mark.parametrize("name", ["FINE", "SLOW"])
async def test_a_job_is_confirmed_when_the_cloud_says_that_it_was_printed(desk: Desk, name: str) -> None:
    printer_id, serial, cloud = await _cloud(desk, name)
    job_id = await desk.test_page(printer_id)
    await desk.serve()
    assert (await desk.job(job_id))["state"] == "confirmed"
    assert (await desk.job(job_id))["remote_id"] in cloud.taken
    assert len(printed(cloud, serial)) == 1
    await desk.serve()
    assert len(printed(cloud, serial)) == 1


async def test_a_printer_that_is_off_is_given_nothing(desk: Desk) -> None:
    printer_id, serial, cloud = await _cloud(desk)
    cloud.away.add(serial)
    job_id = await desk.test_page(printer_id)
    await desk.serve()
    assert ((await desk.job(job_id))["state"], (await desk.job(job_id))["why"]) == ("queued", "offline")
    assert [each for each in cloud.taken.values() if each.serial == serial] == []
    cloud.away.clear()
    desk.floor.later(seconds=5)
    await desk.serve()
    assert len(printed(cloud, serial)) == 1


async def test_what_the_cloud_took_and_did_not_print_is_taken_back_and_left_to_a_person(desk: Desk) -> None:
    printer_id, serial, cloud = await _cloud(desk, "STUCK")
    job_id = await desk.test_page(printer_id)
    await desk.serve()
    assert ((await desk.job(job_id))["state"], (await desk.job(job_id))["why"]) == ("unknown", "not_printed")
    assert [each for each in cloud.taken.values() if each.serial == serial] == []


async def test_an_answer_that_is_lost_is_not_asked_for_by_printing_again(desk: Desk) -> None:
    printer_id, serial, cloud = await _cloud(desk, "LOST")
    job_id = await slip(desk, printer_id)
    await desk.serve()
    for _ in range(3):
        desk.floor.later(seconds=40)
        await desk.serve()
    assert (await desk.job(job_id))["state"] == "unknown"
    contents = printed(cloud, serial)
    assert [POSSIBLY_DOUBLE in each for each in contents] == [False, True]


async def test_a_process_that_ends_while_the_cloud_prints_is_followed_by_one_that_asks_on(desk: Desk) -> None:
    printer_id, serial, cloud = await _cloud(desk, "SLOW")
    job_id = await desk.test_page(printer_id)
    slow = Feie(desk.floor.process.settings, sandbox=cloud, clock=desk.floor.hands, look_s=60)
    dying = desk.a_worker(feie=slow)
    await dying.turn()
    for _ in range(500):
        if (await desk.job(job_id))["remote_id"]:
            break
        await asyncio.sleep(0.01)
    for task in dying._under_way.values():
        task.cancel()
    await asyncio.gather(dying.rest(), return_exceptions=True)
    desk.floor.later(seconds=LEASE.total_seconds() + 1)
    await desk.serve()
    assert (await desk.job(job_id))["state"] == "confirmed"
    assert len(printed(cloud, serial)) == 1
    await slow.aclose()


async def test_a_cloud_that_does_not_accept_our_key_keeps_the_jobs_waiting(desk: Desk) -> None:
    import msgspec

    printer_id, serial, cloud = await _cloud(desk)
    settings = msgspec.structs.replace(desk.floor.process.settings, feie_key="another key")
    stranger = Feie(settings, sandbox=cloud, clock=desk.floor.hands, look_s=LOOK_S)
    job_id = await desk.test_page(printer_id)
    await desk.serve(desk.a_worker(feie=stranger))
    assert ((await desk.job(job_id))["state"], (await desk.job(job_id))["why"]) == ("queued", "refused")
    assert printed(cloud, serial) == []
    await stranger.aclose()


async def test_what_is_longer_than_the_cloud_takes_fails_and_is_told(desk: Desk) -> None:
    printer_id, _, _ = await _cloud(desk)
    job_id = await slip(desk, printer_id, Document((*[Text("很长的一行字" * 5)] * 70, Cut())))
    await desk.serve()
    assert ((await desk.job(job_id))["state"], (await desk.job(job_id))["why"]) == ("failed", "too_long")
    assert [each["id"] for each in await desk.jobs("work")] == [job_id]


async def test_the_cloud_checks_who_calls(desk: Desk) -> None:
    _, serial, cloud = await _cloud(desk)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(cloud), base_url="http://x") as http:
        form = {
            "user": "sandbox",
            "stime": "1",
            "sig": "0" * 40,
            "apiname": "Open_printMsg",
            "sn": serial,
            "content": "x",
        }
        assert (await http.post("/Api/Open/", data=form)).json()["ret"] == -2
    assert printed(cloud, serial) == []
