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
from goodtaste.floor.printing.feie import NOTICES, Feie, encode, signature
from goodtaste.floor.printing.feie_sandbox import TELLS_MAX, FeieSandbox, printed
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
    await _number(desk, job_id)
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


async def _told(desk: Desk, body: bytes) -> str:
    """Tell the house something as the cloud does; return what is answered."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await desk.floor.client.post(NOTICES, content=body, headers=headers)
    return answer.text if answer.is_success else str(answer.json()["code"])


async def _number(desk: Desk, job_id: str) -> str:
    """Return the number that the cloud gave a job, once it has."""
    for _ in range(500):
        if number := (await desk.job(job_id))["remote_id"]:
            return str(number)
        await asyncio.sleep(0.01)
    raise AssertionError("the cloud did not take it")


async def test_the_cloud_tells_that_it_printed_and_says_so_as_often_as_it_likes(desk: Desk) -> None:
    printer_id, _, cloud = await _cloud(desk, "STUCK")
    job_id = await desk.test_page(printer_id)
    patient = Feie(desk.floor.process.settings, sandbox=cloud, clock=desk.floor.hands, look_s=60)
    worker = desk.a_worker(feie=patient)
    await worker.turn()
    number = await _number(desk, job_id)
    assert cloud.taken[number].backurl.endswith(NOTICES)
    for _ in range(3):
        assert await _told(desk, cloud.notice(number)) == "SUCCESS"
        assert (await desk.job(job_id))["state"] == "confirmed"
    assert [state for state, _ in await desk.steps(job_id)].count("confirmed") == 1
    for task in worker._under_way.values():
        task.cancel()
    await asyncio.gather(worker.rest(), return_exceptions=True)
    await patient.aclose()


async def test_a_carrier_that_comes_after_the_notice_leaves_it_at_that(desk: Desk) -> None:
    printer_id, _, cloud = await _cloud(desk, "SLOW")
    job_id = await desk.test_page(printer_id)
    await desk.worker.turn()
    assert await _told(desk, cloud.notice(await _number(desk, job_id))) == "SUCCESS"
    await desk.serve()
    assert [state for state, _ in await desk.steps(job_id)] == ["queued", "sent", "confirmed"]


async def test_a_notice_that_is_altered_stale_or_of_another_key_changes_nothing(desk: Desk) -> None:
    printer_id, _, cloud = await _cloud(desk, "STUCK")
    job_id = await desk.test_page(printer_id)
    await desk.serve()
    number = (await desk.job(job_id))["remote_id"]
    now = int(desk.floor.now.timestamp())
    stranger = FeieSandbox(desk.floor.process.settings, desk.floor.hands)
    good = cloud.notice(number)
    refused = [
        stranger.notice(number),
        good.replace(b"status=1", b"status=2"),
        good.replace(number.encode(), b"X" + number.encode()),
        good + b"&status=1",
        good + b"&more=1",
        good.partition(b"&sign=")[0],
        cloud.notice(number, stamp=now - 300),
        cloud.notice(number, stamp=now + 301),
        b"\xff",
        b"",
    ]
    assert {await _told(desk, each) for each in refused} == {"floor.print_notice_refused"}
    await stranger.aclose()
    assert await _told(desk, cloud.notice("unknown")) == "floor.print_job_unknown"
    assert await _told(desk, cloud.notice("")) == "floor.print_job_unknown"
    assert await _told(desk, cloud.notice(number, status="2")) == "SUCCESS"
    assert (await desk.job(job_id))["state"] == "unknown"


async def test_what_nobody_knew_is_confirmed_when_the_cloud_tells_it_late(desk: Desk) -> None:
    printer_id, _, cloud = await _cloud(desk, "STUCK")
    job_id, other = await desk.test_page(printer_id), await desk.test_page(printer_id)
    await desk.serve()
    await desk.serve()
    await desk.done("POST", f"/v1/print-jobs/{other}/handle", {"outcome": "given_up", "reason": "没纸"})
    for each in (job_id, other):
        assert await _told(desk, cloud.notice((await desk.job(each))["remote_id"])) == "SUCCESS"
    assert [(await desk.job(each))["state"] for each in (job_id, other)] == ["confirmed", "failed"]
    assert job_id not in {each["id"] for each in await desk.jobs("work")}


async def test_the_sandbox_tells_until_it_is_heard(desk: Desk) -> None:
    printer_id, _, cloud = await _cloud(desk)
    job_id = await desk.test_page(printer_id)
    deaf = httpx.MockTransport(lambda request: httpx.Response(500))
    cloud.client = httpx.AsyncClient(transport=deaf)
    await desk.serve()
    await cloud.tell()
    cloud.client = desk.floor.client
    await cloud.tell()
    await cloud.tell()
    number = (await desk.job(job_id))["remote_id"]
    assert cloud.taken[number].tells == TELLS_MAX
