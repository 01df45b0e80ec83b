"""Reconciliation: bills matched line by line, what differs as work with an owner, run again and again, explained by later bills."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.payment import api as payments
from goodtaste.payment.gateway import Bill, BillLine
from goodtaste.payment.gateways import wechat_bill
from goodtaste.payment.reconcile import match, nightly, rules
from goodtaste.payment.reconcile.rules import BEIJING, Ours, Theirs
from tests import org_kit
from tests.payment_kit import Till

NOW = datetime(2026, 11, 22, 12, tzinfo=BEIJING)


def ours(state: str = "succeeded", fen: int = 100, day: int = 22) -> Ours:
    return Ours("n", "wallet", state, fen, NOW.replace(day=day) if state == "succeeded" else None, new_id(), new_id())


def theirs(fen: int = 100, day: int = 22) -> Theirs:
    return Theirs("n", date(2026, 11, day), fen, "ref")


@pytest.mark.parametrize(
    ("mine", "lines", "back", "kind"),
    [
        (ours(), [theirs()], 0, None),
        (ours(), [], 0, "only_ours"),
        (ours("closed"), [], 0, None),
        (None, [theirs()], 0, "only_theirs"),
        (None, [theirs()], 100, None),
        (ours(), [theirs(101)], 0, "amount"),
        (ours("closed"), [theirs()], 0, "state"),
        (ours("closed"), [theirs()], 100, None),
        (ours("unknown"), [theirs()], 0, "state"),
        (ours(), [theirs()], 100, "state"),
        (ours(), [theirs(), theirs(day=23)], 0, "double"),
        (ours(), [theirs(day=23)], 0, None),
        (ours(), [theirs(day=24)], 0, "late"),
    ],
)
def test_what_differs_of_a_number(mine: Ours | None, lines: list[Theirs], back: int, kind: str | None) -> None:
    found = rules.judged(mine, lines, reversed_fen=back)
    assert (found.kind if found else None) == kind


async def reconciled(till: Till, day: date, bill: Bill | None = None) -> match.Reconciled:
    """Match the wallet's bill of a day, or another one."""
    ctx = till.process.context()
    if bill is None:
        return await match.fetch(ctx, "wallet", day)
    return await match.reconcile(ctx.db, "wallet", day, bill, source="file", by="test", at=ctx.now)


async def differences(
    till: Till, day: date, state: str = "open"
) -> dict[tuple[str, str], tuple[int | None, int | None]]:
    """Return what each side says by number and kind, of a day."""
    page = await till.process.db.query(payments.differences(state, before="", limit=200))
    return {(each.number, each.kind): (each.ours_fen, each.theirs_fen) for each in page.differences if each.day == day}


async def theirs_of(till: Till, day: date) -> tuple[BillLine, ...]:
    """Return the lines of the wallet's bill of a day."""
    found = await till.process.part(payments.Gateways).of("wallet").bill(day)
    assert isinstance(found, Bill), found
    return found.lines


async def test_a_day_is_matched_line_by_line(till: Till) -> None:
    day = till.new_day()
    _, good = await till.pay_with("00", amount_fen=1_000)
    _, unbilled = await till.pay_with("18", amount_fen=2_000)
    _, more = await till.pay_with("19", amount_fen=3_000)
    await till.pay_with("20", amount_fen=4_000)  # the bill has one more that nobody knows
    await till.refund(good.id, 400)
    await till.wait(10)
    till.to_ten(day)
    first = await reconciled(till, day)
    assert (first.bill.lines, first.agree, first.opened) == (5, 3, 3)
    found = await differences(till, day)
    [stranger] = [number for number, kind in found if kind == "only_theirs"]
    assert found == {
        (unbilled.id, "only_ours"): (2_000, None),
        (more.id, "amount"): (3_000, 3_001),
        (stranger, "only_theirs"): (None, 4_000),
    }
    again = await reconciled(till, day)
    assert (again.opened, again.explained, await differences(till, day)) == (0, 0, found), "nothing that stands changes"


async def test_a_later_bill_explains_what_was_missing(till: Till) -> None:
    day = till.new_day()
    _, paid = await till.pay_with("00")
    till.to_ten(day)
    [line] = await theirs_of(till, day)
    assert (await reconciled(till, day, Bill((), b""))).opened == 1
    assert await differences(till, day) == {(paid.id, "only_ours"): (paid.amount_fen, None)}
    later = msgspec.structs.replace(line, at=line.at + timedelta(days=1))
    after = await reconciled(till, day + timedelta(days=1), Bill((later,), b""))
    assert (after.opened, after.explained) == (0, 1)
    assert await differences(till, day) == {}
    assert [*await differences(till, day, "explained")] == [(paid.id, "only_ours")]
    twice = await reconciled(till, day, Bill((line,), b""))
    assert twice.opened == 1
    assert [*await differences(till, day)] == [(paid.id, "double")]
    corrected = await reconciled(till, day, Bill((), b""))
    assert (corrected.explained, await differences(till, day)) == (1, {}), (
        "a bill that was corrected takes the place of the first"
    )


async def test_what_a_person_resolved_stands(till: Till) -> None:
    day = till.new_day()
    _, paid = await till.pay_with("18")
    till.to_ten(day)
    await reconciled(till, day)
    person = await org_kit.a_person(till, ("finance", None))
    clerk = await org_kit.a_person(till, ("cashier", await org_kit.a_store(till)))
    by = till.token("staff", person.id)
    page = (await org_kit.send(till, "GET", "/v1/differences", None, by)).json()
    [one] = [each for each in page["differences"] if each["number"] == paid.id]
    path = f"/v1/differences/{one['id']}"
    assert one["owner"] == "finance"
    given = await org_kit.send(till, "POST", f"{path}/owner", {"staff_id": clerk.id}, by)
    assert given.json()["owner"] == clerk.id
    nobody = await org_kit.send(till, "POST", f"{path}/owner", {"staff_id": new_id()}, by)
    assert org_kit.code_of(nobody) == "payment.owner_unknown"
    asked = {"reason": "钱包下月补账"}
    not_theirs = await org_kit.send(till, "POST", f"{path}/resolve", asked, till.token("staff", clerk.id))
    assert org_kit.code_of(not_theirs) == "auth.not_allowed"
    done = (await org_kit.send(till, "POST", f"{path}/resolve", asked, by)).json()
    assert (done["state"], done["reason"], done["ended_by"]) == ("resolved", "钱包下月补账", person.id)
    assert (await org_kit.send(till, "POST", f"{path}/resolve", asked, by)).json()["state"] == "resolved"
    for what, body in (("resolve", {"reason": "又一次"}), ("owner", {"staff_id": None})):
        over = await org_kit.send(till, "POST", f"{path}/{what}", body, by)
        assert org_kit.code_of(over) == "payment.difference_over"
    gone = await org_kit.send(till, "POST", f"/v1/differences/{new_id()}/resolve", asked, by)
    assert org_kit.code_of(gone) == "payment.difference_unknown"
    again = await reconciled(till, day)
    assert (again.opened, await differences(till, day)) == (0, {})
    assert "payment.difference_resolved" in await org_kit.actions_on(till, f"difference/{one['id']}")


async def test_pages_of_differences_follow_each_other(till: Till) -> None:
    day = till.new_day()
    lines = [
        BillLine(kind="paid", payment_id=new_id(), gateway_ref=f"g{n}", amount_fen=1, fee_fen=0, at=till.now)
        for n in range(5)
    ]
    till.to_ten(day)
    await reconciled(till, day, Bill(tuple(lines), b""))
    seen, before = set(), ""
    while True:
        page = await till.process.db.query(payments.differences("open", before=before, limit=2))
        seen |= {each.number for each in page.differences}
        if page.next is None:
            break
        before = page.next
    assert {line.payment_id for line in lines} <= seen


async def test_the_bills_of_the_last_days_are_read_by_themselves(till: Till) -> None:
    day = till.new_day()
    await till.pay_with("00")
    till.to_ten(day)
    assert await nightly.catch_up(till.process.context()) > 0
    person = await org_kit.a_person(till, ("finance", None))
    by = till.token("staff", person.id)
    bills = (await org_kit.send(till, "GET", "/v1/bills/wallet", None, by)).json()
    assert (bills[0]["day"], bills[0]["lines"], bills[0]["source"]) == (str(day), 1, "gateway")
    assert await nightly.catch_up(till.process.context()) == 0
    answer = await org_kit.send(till, "POST", f"/v1/bills/wallet/{day}", None, by)
    assert (answer.json()["opened"], answer.json()["bill"]["lines"]) == (0, 1)
    tomorrow = day + timedelta(days=1)
    for path, code in (
        (f"/v1/bills/wallet/{tomorrow}", "payment.bill_day_not_over"),
        (f"/v1/bills/nobody/{day}", "payment.method_unknown"),
    ):
        assert org_kit.code_of(await org_kit.send(till, "POST", path, None, by)) == code
    till.line.state = "down"
    answer = await org_kit.send(till, "POST", f"/v1/bills/wallet/{day}", None, by)
    assert org_kit.code_of(answer) == "payment.no_bill"
    till.line.state = "up"


async def test_a_bill_is_brought_in_as_a_file(till: Till) -> None:
    day = till.new_day()
    _, paid = await till.pay_with("00", amount_fen=500)
    till.to_ten(day)
    ctx = till.process.context()
    at = (await theirs_of(till, day))[0].at
    head = "kind,payment_id,refund_id,gateway_ref,amount_fen,fee_fen,at"
    row = f"paid,{paid.id},,g1,500,3,{at.isoformat()}"
    done = await match.match_file(ctx, f"{head}\n{row}\n".encode(), "wallet", day)
    assert (done.bill.source, done.bill.lines, done.bill.fee_fen, done.agree) == ("file", 1, 3, 1)

    async def why(file: str | bytes, on: date = day) -> Any:
        with pytest.raises(Refusal) as refused:
            await match.match_file(ctx, file if isinstance(file, bytes) else file.encode(), "wallet", on)
        assert refused.value.code == "payment.bad_bill"
        return refused.value.facts["line"]

    assert await why("a,b\n1,2\n") == 1
    assert await why(b"\xff\xfe\x00") == 0
    for wrong in (
        row.replace("500", "-5"),
        row.replace("500", "x"),
        row.replace("paid", "lost", 1),
        f"{row},more",
        row[:30],
    ):
        assert await why(f"{head}\n{row}\n{wrong}\n") == 3, wrong
    assert await why(f"{head}\n{row}\n", day - timedelta(days=1)) == 1
    cut = wechat_bill.write(await theirs_of(till, day), merchant="m", app_id="a")[:-40]
    assert await why(cut) == 0


@pytest.mark.long
async def test_many_lines_are_matched_soon(till: Till, tmp_path: Path) -> None:
    day = till.new_day()
    lines = tuple(
        BillLine(kind="paid", payment_id=new_id(), gateway_ref=str(n), amount_fen=1, fee_fen=0, at=till.now)
        for n in range(6_000)  # more than one transaction holds
    )
    till.to_ten(day)
    done = await reconciled(till, day, Bill(lines, b""))
    assert (done.bill.lines, done.opened) == (6_000, 6_000)
    assert (await reconciled(till, day, Bill(lines, b""))).opened == 0
    assert (await reconciled(till, day, Bill((), b""))).explained == 6_000
