"""The ledger of print jobs: each is printed once, or somebody knows; what is printed again says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from goodtaste.floor.printing import escpos, forgetting
from goodtaste.floor.printing.carry import LEASE, POSSIBLY_DOUBLE, Taken, take
from goodtaste.floor.printing.network import Network
from goodtaste.floor.printing.paper import Cut, Document, Drawer, Text
from goodtaste.floor.printing.printers import ONE as PRINTER
from goodtaste.floor.printing.prints import Key, new_job
from goodtaste.floor.printing.transport import Delivered, Hold
from goodtaste.kernel.db import GuardBroken
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import UNDELIVERED
from tests.print_kit import QUIET_S, Desk, words
from tests.shop import write
from tests.shop_kit import Floor

SLIP = Document((Text("A12 桌", size="big"), Text("红烧肉 x2"), Text("少糖"), Cut()))


@pytest_asyncio.fixture(loop_scope="session")
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    """Give a store without printers."""
    opened = Desk(floor, await floor.a_store())
    yield opened
    await opened.close()


async def slip(desk: Desk, printer_id: str, document: Document = SLIP, **key: Any) -> str:
    """Put a slip into the queue of a printer; a kitchen slip unless its key says otherwise."""
    on = await desk.floor.db.first(PRINTER(id=printer_id))
    assert on is not None
    named = Key(**({"purpose": "kitchen", "subject_id": new_id()} | key))
    desk.floor.later(milliseconds=1)
    await desk.floor.db.run(write(*new_job(named, document, printer=on, at=desk.floor.now)))
    return named.job_id()


async def _until(desk: Desk, job_id: str, **fields: str) -> None:
    """Wait until a job looks like this."""
    for _ in range(500):
        if fields.items() <= (await desk.job(job_id)).items():
            return
        await asyncio.sleep(QUIET_S)
    raise AssertionError(await desk.job(job_id))


async def _told(desk: Desk) -> list[str]:
    return [each.body for each in await desk.floor.db.rows(UNDELIVERED(after=0)) if desk.store.id in each.body]


async def test_a_job_is_confirmed_when_the_printer_says_that_it_printed_it(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    job_id = await desk.test_page(printer_id)
    assert (await desk.job(job_id))["state"] == "queued"
    await desk.serve()
    assert await desk.steps(job_id) == [("queued", ""), ("sent", ""), ("confirmed", "")]
    assert "测试" in words(printer.slips[0])
    await desk.serve()
    assert len(printer.slips) == 1


@pytest.mark.parametrize("answers", ["id", "status"])
async def test_jobs_of_a_printer_come_out_in_order_and_one_at_a_time(desk: Desk, answers: str) -> None:
    printer_id, printer = await desk.a_printer(answers=answers)
    printer.speaks = answers  # type: ignore[assignment]
    made = [await slip(desk, printer_id, Document((Text(f"第 {n} 张"), Cut()))) for n in range(6)]
    await asyncio.gather(desk.serve(), desk.serve(desk.a_worker()), desk.serve(desk.a_worker()))
    await desk.serve()
    assert [words(slip) for slip in printer.slips] == [f"第 {n} 张" for n in range(6)]
    assert {(await desk.job(each))["state"] for each in made} == {"confirmed"}


async def test_the_same_slip_is_made_once_whatever_asks_for_it_twice(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    order_id = new_id()
    for _ in range(3):
        await slip(desk, printer_id, subject_id=order_id, round=1, station="wok", kind="fire")
    await slip(desk, printer_id, subject_id=order_id, round=2, station="wok", kind="fire")
    await desk.serve()
    assert len(printer.slips) == 2
    assert len(await desk.jobs()) == 2


async def test_an_unplugged_printer_keeps_its_jobs_and_they_come_out_once_when_it_is_back(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    address = (await desk.floor.db.first(PRINTER(id=printer_id))).address  # type: ignore[union-attr]
    await printer.unplug()
    made = [await slip(desk, printer_id) for _ in range(3)]
    for _ in range(4):
        await desk.serve()
        desk.floor.later(seconds=40)
    [shown] = await desk.done("GET", f"/v1/stores/{desk.store.id}/printers")
    assert (shown["trouble"], {(await desk.job(each))["state"] for each in made}) == ("offline", {"queued"})
    assert len([each for each in await _told(desk) if '"offline"' in each]) == 1
    await printer.listen(address.split(":")[0], 9100)
    await desk.serve()
    assert len(printer.slips) == 3
    [shown] = await desk.done("GET", f"/v1/stores/{desk.store.id}/printers")
    assert shown["trouble"] == ""


async def test_a_printer_that_rests_is_not_asked_before_its_time(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    printer.cover_open = True
    job_id = await slip(desk, printer_id)
    for _ in range(5):
        await desk.serve()
    assert await desk.steps(job_id) == [("queued", ""), ("sent", ""), ("queued", "cover_open")]
    printer.cover_open = False
    desk.floor.later(seconds=2)
    await desk.serve()
    assert (await desk.job(job_id))["state"] == "confirmed"


async def test_paper_that_runs_out_half_way_keeps_the_job_and_is_told(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    printer.paper = 2
    job_id = await slip(desk, printer_id)
    serving = asyncio.create_task(desk.serve())
    await _until(desk, job_id, why="paper_out")
    assert (await desk.job(job_id))["state"] == "sent"
    assert any('"paper_out"' in each for each in await _told(desk))
    assert words(printer.slips[0]) == "A12 桌\n红烧肉 x2"
    printer.load_paper()
    await serving
    assert words(printer.slips[0]) == "A12 桌\n红烧肉 x2\n少糖"
    assert (await desk.job(job_id))["state"] == "confirmed"
    assert len(await desk.jobs()) == 1


async def test_paper_that_nobody_puts_in_leaves_the_job_to_a_person(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    printer.paper = 1
    job_id = await slip(desk, printer_id, purpose="report")
    await desk.serve()
    assert ((await desk.job(job_id))["state"], (await desk.job(job_id))["why"]) == ("unknown", "paper_out")
    assert [each["id"] for each in await desk.jobs("work")] == [job_id]


async def test_a_job_is_not_sent_to_a_printer_that_says_nothing(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    printer.speaks = "nothing"
    job_id = await slip(desk, printer_id)
    from goodtaste.floor.printing import network

    was, network.STATUS_S = network.STATUS_S, 0.05
    try:
        await desk.serve()
    finally:
        network.STATUS_S = was
    assert (await desk.job(job_id))["why"] == "silent"
    assert printer.slips == []


def _size(document: Document, columns: int = 48) -> int:
    questions = sum(map(len, escpos.REAL_TIME.values()))
    return questions + len(escpos.encode(document, columns=columns)) + len(escpos.question(b"0000", by_id=True))


@pytest.mark.parametrize("purpose", ["kitchen", "receipt"])
async def test_a_line_that_breaks_at_any_byte_loses_nothing_and_doubles_nothing_unmarked(
    desk: Desk, purpose: str
) -> None:
    document = Document((Text("面 x1", bold=True), Cut()))
    printer_id, printer = await desk.a_printer()
    states = set()
    for offset in range(_size(document) + 1):
        printer.done.clear()
        printer.hangs_up_after = offset
        job_id = await slip(desk, printer_id, document, purpose=purpose)
        await desk.serve()
        state = (await desk.job(job_id))["state"]
        states.add(state)
        printer.hangs_up_after = None
        for _ in range(2):
            desk.floor.later(seconds=40)
            await desk.serve()
        printed = [words(slip) for slip in printer.slips]
        bare = [each for each in printed if POSSIBLY_DOUBLE not in each]
        assert sum("面 x1" in each for each in bare) <= 1, offset
        left = await desk.jobs("work")
        if purpose == "kitchen":
            assert any("面 x1" in each for each in printed), offset
        else:
            assert "面 x1" in "".join(printed) or [each["id"] for each in left] == [job_id], offset
            assert not any(POSSIBLY_DOUBLE in each for each in printed), offset
        assert await desk.jobs("waiting") == []
        for each in left:
            given_up = {"outcome": "given_up", "reason": "试验"}
            await desk.done("POST", f"/v1/print-jobs/{each['id']}/handle", given_up)
    assert states == {"queued", "unknown", "confirmed"}


async def test_an_answer_that_is_lost_leaves_a_slip_marked_as_possibly_double(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    printer.loses_answer = True
    job_id = await slip(desk, printer_id)
    await desk.serve()
    printer.loses_answer = False
    await desk.serve()
    assert (await desk.job(job_id))["state"] == "unknown"
    assert [POSSIBLY_DOUBLE in words(slip) for slip in printer.slips] == [False, True]
    [again] = [each for each in await desk.jobs() if each["id"] != job_id]
    assert (again["reprint_of"], again["nth"], again["state"]) == (job_id, 1, "confirmed")


async def test_a_slip_that_is_lost_twice_is_left_to_a_person(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    printer.loses_answer = True
    await slip(desk, printer_id)
    for _ in range(5):
        await desk.serve()
        desk.floor.later(seconds=40)
    assert len(printer.slips) == 2
    assert {each["state"] for each in await desk.jobs("work")} == {"unknown"}
    assert len(await desk.jobs("work")) == 2


class _Dies:
    """A transport whose process ends: before it sends, or after it sent everything."""

    def __init__(self, after: bool) -> None:
        self.after = after

    async def deliver(self, taken: Taken, hold: Hold) -> Delivered:
        if self.after:
            await Network(answer_s=1, trouble_s=1, quiet_s=QUIET_S).deliver(taken, hold)
        raise asyncio.CancelledError

    async def resume(self, taken: Taken, hold: Hold) -> Delivered:
        raise asyncio.CancelledError


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("purpose", ["kitchen", "receipt"])
async def test_a_process_that_ends_between_two_steps_leaves_no_job_behind(
    desk: Desk, purpose: str, after: bool
) -> None:
    printer_id, printer = await desk.a_printer()
    job_id = await slip(desk, printer_id, purpose=purpose)
    dying = desk.a_worker(escpos=_Dies(after))
    await dying.turn()
    await asyncio.gather(dying.rest(), return_exceptions=True)
    assert (await desk.job(job_id))["state"] == "sent"
    await desk.serve()
    assert (await desk.job(job_id))["state"] == "sent", "whose lease has not run out is not touched"
    desk.floor.later(seconds=LEASE.total_seconds() + 1)
    await desk.serve()
    await desk.serve()
    assert (await desk.job(job_id))["state"] == "unknown"
    bare = [slip for slip in printer.slips if POSSIBLY_DOUBLE not in words(slip)]
    assert len(bare) == int(after)
    assert len(printer.slips) - len(bare) == int(purpose == "kitchen")


async def test_an_old_worker_that_wakes_up_settles_nothing(desk: Desk) -> None:
    printer_id, _ = await desk.a_printer()
    job_id = await slip(desk, printer_id, purpose="receipt")
    woke = asyncio.Event()

    class Sleeps(Network):
        async def deliver(self, taken: Taken, hold: Hold) -> Delivered:
            await woke.wait()
            return await super().deliver(taken, hold)

    sleeping = desk.a_worker(escpos=Sleeps(quiet_s=QUIET_S))
    await sleeping.turn()
    await _until(desk, job_id, state="sent")
    desk.floor.later(seconds=LEASE.total_seconds() + 1)
    await desk.serve()
    await desk.done("POST", f"/v1/print-jobs/{job_id}/handle", {"outcome": "given_up", "reason": "不要了"})
    woke.set()
    await sleeping.rest()
    assert (await desk.job(job_id))["state"] == "failed"


async def test_a_printer_that_was_off_overnight_does_not_print_the_evening_in_the_morning(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    printer.cover_open = True
    old = [await slip(desk, printer_id, purpose=purpose) for purpose in ("kitchen", "receipt", "report")]
    await desk.serve()
    desk.floor.later(hours=13)
    printer.cover_open = False
    new = await slip(desk, printer_id)
    await desk.serve()
    assert {(await desk.job(each))["state"] for each in old} == {"expired"}
    assert (await desk.job(new))["state"] == "confirmed"
    assert len(printer.slips) == 1
    assert {each["id"] for each in await desk.jobs("work")} == set(old)
    assert len([each for each in await _told(desk) if '"expired"' in each]) == 3


async def test_a_stand_in_prints_what_was_not_taken_in_time_and_says_for_whom(desk: Desk) -> None:
    bar_id, bar = await desk.a_printer("吧台")
    wok_id, wok = await desk.a_printer("炒锅", fallback_id=bar_id, fallback_after_s=30)
    await wok.unplug()
    job_id = await slip(desk, wok_id)
    await desk.serve()
    desk.floor.later(seconds=29)
    await desk.serve()
    assert bar.slips == []
    desk.floor.later(seconds=2)
    await desk.serve()
    assert "代 炒锅 打印" in words(bar.slips[0])
    assert ((await desk.job(job_id))["state"], (await desk.job(job_id))["printer_id"]) == ("confirmed", bar_id)
    assert len(await desk.jobs()) == 1


async def test_a_reprint_says_that_it_is_one_by_whom_and_why_and_is_made_once_an_id(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    job_id = await slip(desk, printer_id, Document((Drawer(), Text("收据"), Cut())), purpose="receipt")
    await desk.serve()
    asked = {"id": new_id(), "reason": "客人再要一张\u202e"}
    first = await desk.done("POST", f"/v1/print-jobs/{job_id}/reprint", asked)
    assert (await desk.done("POST", f"/v1/print-jobs/{job_id}/reprint", asked)) == first
    other = asked | {"reason": "别的"}
    assert await desk.refuses("POST", f"/v1/print-jobs/{job_id}/reprint", other) == "request.id_taken"
    await desk.serve()
    assert "补打 1 REPRINT" in words(printer.slips[1])
    assert "客人再要一张□" in words(printer.slips[1]).replace("\n", "")
    assert [type(each).__name__ for each in printer.done].count("Opened") == 1, "a copy leaves the drawer shut"
    answers = await asyncio.gather(
        *(desk.done("POST", f"/v1/print-jobs/{job_id}/reprint", {"id": new_id(), "reason": "再"}) for _ in range(4))
    )
    assert sorted(each["nth"] for each in answers) == [2, 3, 4, 5]


async def test_what_was_printed_is_forgotten_after_a_month_and_what_became_of_it_is_not(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer()
    old = await slip(desk, printer_id)
    await desk.serve()
    desk.floor.later(days=20)
    new = await slip(desk, printer_id)
    await desk.serve()
    desk.floor.later(days=11)
    await forgetting.forget_job(desk.floor.process)({})
    assert ((await desk.job(old))["state"], (await desk.job(old))["document"]) == ("confirmed", {"blocks": []})
    assert (await desk.job(new))["document"]["blocks"]
    again = {"id": new_id(), "reason": "再来"}
    assert await desk.refuses("POST", f"/v1/print-jobs/{old}/reprint", again) == "floor.print_not_now"
    assert (await desk.done("POST", f"/v1/print-jobs/{new}/reprint", again))["nth"] == 1
    assert len(printer.slips) == 2


async def test_the_drawer_opens_with_a_receipt_alone(desk: Desk) -> None:
    printer_id, _ = await desk.a_printer()
    with pytest.raises(GuardBroken, match="floor_print_job_drawer"):
        await _raises(slip(desk, printer_id, Document((Drawer(), Cut())), purpose="kitchen"))


async def _raises(work: Any) -> None:
    try:
        await work
    except Exception as error:
        raise GuardBroken(str(error)) from error


async def test_what_waits_for_a_person_is_printed_again_moved_or_given_up(desk: Desk) -> None:
    front_id, front = await desk.a_printer()
    back_id, back = await desk.a_printer("后厨")
    front.cover_open = True
    job_id = await slip(desk, front_id)
    await desk.done("POST", f"/v1/print-jobs/{job_id}/move", {"printer_id": back_id})
    await desk.serve()
    assert len(back.slips) == 1
    moved = {"printer_id": front_id}
    assert await desk.refuses("POST", f"/v1/print-jobs/{job_id}/move", moved) == "floor.print_not_now"
    late = await slip(desk, front_id)
    assert (
        await desk.refuses("POST", f"/v1/print-jobs/{late}/reprint", {"id": new_id(), "reason": "急"})
        == "floor.print_not_now"
    )
    desk.floor.later(hours=1)
    await desk.serve()
    assert [each["id"] for each in await desk.jobs("work")] == [late]
    asked = {"id": new_id(), "reason": "过期了还要", "printer_id": back_id}
    await desk.done("POST", f"/v1/print-jobs/{late}/reprint", asked)
    await desk.serve()
    assert "补打 1" in words(back.slips[1])
    assert await desk.jobs("work") == []
    gone = await slip(desk, front_id)
    await desk.done("POST", f"/v1/print-jobs/{gone}/handle", {"outcome": "given_up", "reason": "退菜"})
    front.cover_open = False
    desk.floor.later(seconds=40)
    await desk.serve()
    assert front.slips == []
    printed = {"outcome": "printed", "reason": "看到了"}
    assert await desk.refuses("POST", f"/v1/print-jobs/{gone}/handle", printed) == "floor.print_not_now"


async def test_label_printers_take_labels_and_say_when_they_are_ready(desk: Desk) -> None:
    printer_id, printer = await desk.a_printer("杯贴", kind="tspl", purposes=["label"])
    job_id = await slip(
        desk, printer_id, Document((Text("0317 拿铁", size="tall"), Text("少冰"), Cut())), purpose="label"
    )
    printer.paper = 0
    await desk.serve()
    assert (await desk.job(job_id))["why"] == "paper_out"
    printer.paper = None
    desk.floor.later(seconds=5)
    await desk.serve()
    assert (await desk.job(job_id))["state"] == "confirmed"
    assert printer.labels.decode("gb18030").count("PRINT 1,1") == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"address": "10.0.0.5:22"}, "address"),
        ({"address": "169.254.169.254:9100"}, "address"),
        ({"address": "nowhere"}, "address"),
        ({"address": "a b:9100"}, "address"),
        ({"kind": "feie", "address": "10.0.0.5:9100"}, "address"),
        ({"paper_mm": 40}, "paper"),
        ({"kind": "tspl", "paper_mm": 40, "purposes": ["receipt"]}, "purposes"),
        ({"fallback_id": "00000000-0000-7000-8000-000000000001"}, "fallback"),
    ],
)
async def test_a_printer_that_cannot_be_is_refused_with_what_is_wrong(
    desk: Desk, fields: dict[str, Any], why: str
) -> None:
    asked = {
        "id": new_id(),
        "name": "x",
        "kind": "escpos",
        "address": "10.0.0.5:9100",
        "purposes": ["receipt"],
    } | fields
    path = f"/v1/stores/{desk.store.id}/printers"
    answer = await desk.floor.do("POST", path, asked, desk.floor.at("store_manager", desk.store))
    assert (answer.status_code, answer.json()["facts"]) == (422, {"why": why})


async def test_printers_are_changed_by_version_and_named_once(desk: Desk) -> None:
    printer_id, _ = await desk.a_printer("前台")
    path = f"/v1/stores/{desk.store.id}/printers"
    asked = {"id": new_id(), "name": "前台", "kind": "escpos", "address": "10.0.0.5:9100", "purposes": ["receipt"]}
    assert await desk.refuses("POST", path, asked, "store_manager") == "floor.printer_name_taken"
    change = {**asked, "name": "收银", "version": 1, "reason": "换位置"}
    del change["id"]
    changed = await desk.done("PUT", f"/v1/printers/{printer_id}", change, "store_manager")
    assert (changed["name"], changed["version"]) == ("收银", 2)
    assert await desk.refuses("PUT", f"/v1/printers/{printer_id}", change, "store_manager") == "floor.printer_changed"
    habit = {"receipts": False, "english": True, "version": 0}
    assert (await desk.done("PUT", f"/v1/stores/{desk.store.id}/printing", habit, "store_manager"))["version"] == 1
    assert (
        await desk.refuses("PUT", f"/v1/stores/{desk.store.id}/printing", habit, "store_manager")
        == "floor.print_habit_changed"
    )
    assert not (await desk.done("GET", f"/v1/stores/{desk.store.id}/printing"))["receipts"]


async def test_a_job_is_taken_by_one(desk: Desk) -> None:
    printer_id, _ = await desk.a_printer()
    for _ in range(3):
        await slip(desk, printer_id)
    db, at = desk.floor.db, desk.floor.now
    taken = await asyncio.gather(*(db.run(take(printer_id, at=at)) for _ in range(8)))
    assert len([each for each in taken if each is not None]) == 1
