"""Orders that were placed, paid and done elsewhere are recorded once, as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from goodtaste.kernel.auth import NotAllowed
from goodtaste.kernel.ids import is_id, new_id
from goodtaste.kernel.outbox import TELL
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering import api as ordering
from goodtaste.ordering.refund import RefundOrder, refund_order
from goodtaste.ordering.where import where
from goodtaste.org import api as org
from goodtaste.payment import api as payments
from tests import org_kit
from tests.ledger_kit import broken_proofs, points_of
from tests.member_kit import a_member, eventually
from tests.shop import Shop, at_once

SKU = "0190a000-0000-7000-8000-000000000001"
LAST_WEEK = timedelta(days=7)


def an_order(shop: Shop, store_id: str, **other: Any) -> ordering.RecordOrder:
    """Return an order of last week: two noodles and a tea, 88.00 yuan."""
    lines = (
        ordering.RecordLine(sku_id=SKU, name="牛肉面", qty=2, unit_fen=38_00),
        ordering.RecordLine(sku_id=new_id(), name="柠檬茶", qty=1, unit_fen=12_00),
    )
    given: dict[str, Any] = {
        "source": "old-till",
        "external_no": org_kit.serial(),
        "store_id": store_id,
        "kind": "pickup",
        "channel": "counter",
        "placed_at": shop.now - LAST_WEEK,
        "lines": lines,
    }
    return ordering.RecordOrder(**given | other)


async def record(shop: Shop, asked: ordering.RecordOrder, *, quiet: bool = False) -> ordering.Recorded:
    """Record an order as the house does."""
    ctx = shop.process.context()
    directory, program = ctx.see(org.Directory), ctx.see(members.Program)
    script = ordering.record(asked, directory=directory, program=program, actor=ctx.actor, at=ctx.now, quiet=quiet)
    return await ctx.run(script)


async def record_many(shop: Shop, asked: list[ordering.RecordOrder]) -> list[ordering.Recorded]:
    """Record many orders at once."""
    ctx = shop.process.context()
    return await ctx.run(ordering.record_many(asked, directory=ctx.see(org.Directory), actor=ctx.actor, at=ctx.now))


async def shown(shop: Shop, order_id: str) -> dict[str, Any]:
    """Return an order as the office sees it."""
    admin = await org_kit.an_admin(shop)
    answer = await shop.get(f"/v1/orders/{order_id}", admin.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def told_by(shop: Shop, asked: ordering.RecordOrder, *, quiet: bool) -> list[str]:
    """Return the topics of what recording an order tells, from a run of its script without a database."""
    ctx = shop.process.context()
    directory, program = ctx.see(org.Directory), ctx.see(members.Program)
    steps = ordering.record(
        asked, directory=directory, program=program, actor=ctx.actor, at=ctx.now, quiet=quiet
    ).start()
    next(steps)
    changes = steps.send([[]])
    return [row["topic"] for change in changes if change.statement is TELL for row in change.rows]


async def test_a_recorded_order_is_completed_paid_and_dated_as_it_was(shop: Shop) -> None:
    store_id = await org_kit.a_store(shop, zone="Europe/London", day_start_minute=240)
    asked = an_order(shop, store_id, placed_at=datetime(2019, 8, 4, 1, 30, tzinfo=UTC))  # 02:30 in London, summer time
    done = await record(shop, asked)
    assert done.fresh
    assert is_id(done.order_id)
    found = await shown(shop, done.order_id)
    assert (found["state"], found["pay_state"], found["due_fen"], found["list_fen"]) == (
        "completed",
        "paid",
        8800,
        8800,
    )
    assert found["business_date"] == "2019-08-03"
    assert [(each["name"], each["qty"], each["due_fen"]) for each in found["lines"]] == [
        ("牛肉面", 2, 7600),
        ("柠檬茶", 1, 1200),
    ]
    paid = await shop.db.rows(payments.holder_of(done.order_id).statement(order_id=done.order_id))
    assert [(each.method, each.state, each.amount_fen, each.business_date.isoformat()) for each in paid] == [
        ("elsewhere", "succeeded", 8800, "2019-08-03")
    ]
    steps = await shop.db.execute(
        f"SELECT from_state, to_state, reason FROM ordering_step WHERE order_id = '{done.order_id}'"
    )
    assert [tuple(each) for each in steps] == [("placed", "completed", "recorded from old-till")]
    assert await broken_proofs(shop) == {}


async def test_the_same_order_again_is_the_same_whatever_zone_its_instant_is_written_in(shop: Shop) -> None:
    asked = an_order(shop, await org_kit.a_store(shop))
    first = await record(shop, asked)
    there = timezone(timedelta(hours=8))
    again = await record(shop, msgspec.structs.replace(asked, placed_at=asked.placed_at.astimezone(there)))
    assert (again.order_id, again.fresh) == (first.order_id, False)


@pytest.mark.parametrize("other", [{"kind": "counter"}, {"placed_at": datetime(2020, 1, 1, tzinfo=UTC)}])
async def test_the_same_number_with_other_content_is_refused(shop: Shop, other: dict[str, Any]) -> None:
    asked = an_order(shop, await org_kit.a_store(shop))
    first = await record(shop, asked)
    with pytest.raises(ordering.RecordedOtherwise) as refused:
        await record(shop, msgspec.structs.replace(asked, **other))
    assert refused.value.facts["order_id"] == first.order_id


async def test_two_sources_may_use_the_same_number(shop: Shop) -> None:
    asked = an_order(shop, await org_kit.a_store(shop))
    first = await record(shop, asked)
    second = await record(shop, msgspec.structs.replace(asked, source="other-till"))
    assert second.fresh
    assert second.order_id != first.order_id


async def test_eight_who_record_one_order_at_once_write_it_once(shop: Shop) -> None:
    asked = an_order(shop, await org_kit.a_store(shop))
    done = await at_once(8, lambda n: record(shop, asked))
    assert sorted(each.fresh for each in done) == [False] * 7 + [True]
    assert len({each.order_id for each in done}) == 1


async def test_eight_who_record_the_same_many_at_once_write_each_once(shop: Shop) -> None:
    store_id = await org_kit.a_store(shop)
    asked = [an_order(shop, store_id) for _ in range(20)]
    done = await at_once(8, lambda n: record_many(shop, asked))
    assert sum(each.fresh for some in done for each in some) == 20
    assert not any(each.differs for some in done for each in some)


async def test_many_are_recorded_beside_those_that_are_known_or_differ(shop: Shop) -> None:
    store_id = await org_kit.a_store(shop)
    known, other, new = (an_order(shop, store_id) for _ in range(3))
    before = await record_many(shop, [known, other])
    changed = msgspec.structs.replace(other, kind="counter")
    done = await record_many(shop, [known, changed, new, new])
    assert [(each.fresh, each.differs) for each in done] == [
        (False, False),
        (False, True),
        (True, False),
        (False, False),
    ]
    assert [each.order_id for each in done[:2]] == [each.order_id for each in before]
    assert (await shown(shop, done[1].order_id))["kind"] == "pickup"


@pytest.mark.parametrize(
    "other,why",
    [
        ({"placed_at": datetime(2999, 1, 1, tzinfo=UTC)}, "future"),
        ({"placed_at": datetime(1969, 12, 31, tzinfo=UTC)}, "too_early"),
        ({"lines": (ordering.RecordLine(sku_id=SKU, name="宴席", qty=999, unit_fen=100_000_000_00),)}, "amount"),
    ],
)
async def test_what_cannot_have_happened_is_refused(shop: Shop, other: dict[str, Any], why: str) -> None:
    asked = an_order(shop, await org_kit.a_store(shop), **other)
    with pytest.raises(ordering.NotRecordable) as refused:
        await record(shop, asked)
    assert refused.value.facts["why"] == why
    with pytest.raises(ordering.NotRecordable):
        await record_many(shop, [asked])


async def test_nothing_is_recorded_for_an_unknown_store_or_member_or_by_who_may_not(shop: Shop) -> None:
    store_id = await org_kit.a_store(shop)
    with pytest.raises(org.StoreUnknown):
        await record(shop, an_order(shop, new_id()))
    with pytest.raises(members.MemberUnknown):
        await record(shop, an_order(shop, store_id, member_id=new_id()))
    ctx, asked = shop.process.context(), an_order(shop, store_id)
    nobody = msgspec.structs.replace(ctx.actor, kind="service")
    with pytest.raises(NotAllowed):
        await ctx.run(ordering.record_many([asked], directory=ctx.see(org.Directory), actor=nobody, at=ctx.now))
    assert (await record(shop, asked)).fresh


async def test_a_members_order_brings_points_growth_and_level_at_once(shop: Shop) -> None:
    store_id, (member_id, headers) = await org_kit.a_store(shop), await a_member(shop)
    meal = ordering.RecordLine(sku_id=SKU, name="年夜饭", qty=1, unit_fen=600_00)
    asked = an_order(shop, store_id, member_id=member_id, lines=(meal,))
    done = await record(shop, asked)
    assert (await shown(shop, done.order_id))["points_earned"] == 60
    assert await points_of(shop, member_id) == ledger.Balances(60, 0, 0)
    assert await points_of(shop, member_id, ledger.GROWTH) == ledger.Balances(600, 0, 0)
    me = (await shop.get("/v1/me/level", headers)).json()
    assert me["level"]["code"] == "silver"

    async def heard() -> int:
        [(n,)] = await shop.db.execute(f"SELECT count(*) FROM kernel_outbox WHERE key = '{member_id}'")
        return int(n)

    await eventually(heard, 0)  # the events of the order were handled, and brought nothing twice
    assert await points_of(shop, member_id) == ledger.Balances(60, 0, 0)
    assert await points_of(shop, member_id, ledger.GROWTH) == ledger.Balances(600, 0, 0)
    assert (await record(shop, asked)).fresh is False
    assert await points_of(shop, member_id) == ledger.Balances(60, 0, 0)
    assert await broken_proofs(shop) == {}


async def test_a_quiet_order_brings_the_same_and_tells_nobody(shop: Shop) -> None:
    store_id, (member_id, _) = await org_kit.a_store(shop), await a_member(shop)
    last = (await shop.db.execute("SELECT coalesce(max(seq), 0) FROM kernel_outbox"))[0][0]
    done = await record(shop, an_order(shop, store_id, member_id=member_id), quiet=True)
    assert await shop.db.execute(f"SELECT topic FROM kernel_outbox WHERE seq > {last} AND key = '{member_id}'") == []
    assert await points_of(shop, member_id) == ledger.Balances(8, 0, 0)
    assert await points_of(shop, member_id, ledger.GROWTH) == ledger.Balances(88, 0, 0)
    bought = await shop.db.execute(f"SELECT paid_fen, growth FROM member_purchase WHERE order_id = '{done.order_id}'")
    assert [tuple(each) for each in bought] == [(8800, 88)]


async def test_an_order_is_told_as_paid_and_completed_unless_it_is_quiet(shop: Shop) -> None:
    asked = an_order(shop, await org_kit.a_store(shop))
    assert told_by(shop, asked, quiet=False) == ["ordering.order_paid.v1", "ordering.order_completed.v1"]
    assert told_by(shop, asked, quiet=True) == []


async def test_points_that_would_be_expired_by_now_are_not_given(shop: Shop) -> None:
    store_id, (member_id, _) = await org_kit.a_store(shop), await a_member(shop)
    done = await record(shop, an_order(shop, store_id, member_id=member_id, placed_at=shop.now - timedelta(days=800)))

    async def untold() -> list[Any]:
        return await shop.db.execute(f"SELECT id FROM kernel_outbox WHERE key = '{member_id}'")

    await eventually(untold, [])
    assert (await shown(shop, done.order_id))["points_earned"] == 0
    assert await points_of(shop, member_id) == ledger.Balances()
    assert await points_of(shop, member_id, ledger.GROWTH) == ledger.Balances()


async def test_a_recorded_order_can_be_refunded_and_takes_back_what_it_brought(shop: Shop) -> None:
    store_id, (member_id, _) = await org_kit.a_store(shop), await a_member(shop)
    done = await record(shop, an_order(shop, store_id, member_id=member_id), quiet=True)
    ctx = shop.process.context()
    asked = RefundOrder(id=new_id(), reason="菜不对", seen_amount_fen=8800)
    place = where(ctx, store_id)
    await ctx.run(refund_order(done.order_id, asked, actor=ctx.actor, approved_by=None, where=place))
    back = await shop.db.execute(
        f"SELECT r.state FROM payment_refund r JOIN payment_payment p ON p.id = r.payment_id WHERE p.order_id = '{done.order_id}'"
    )
    assert [tuple(each) for each in back] == [("succeeded",)]
    assert await points_of(shop, member_id) == ledger.Balances()

    async def growth() -> ledger.Balances:
        return await points_of(shop, member_id, ledger.GROWTH)

    await eventually(growth, ledger.Balances())
    assert await broken_proofs(shop) == {}


async def test_nobody_pays_elsewhere_by_asking_for_it(shop: Shop) -> None:
    gateways = shop.process.part(payments.Gateways)
    with pytest.raises(payments.MethodUnknown):
        gateways.of("elsewhere")


async def test_past_dishes_are_kept_off_sale_and_once(shop: Shop) -> None:
    ctx = shop.process.context()
    source = f"till-{org_kit.serial()}"
    dishes = [menu.PastDish(menu.past_code(source, name), name) for name in ("宫保鸡丁", "麻婆豆腐")]
    done = await at_once(4, lambda n: ctx.run(menu.archive(dishes)))
    assert all(each == done[0] for each in done)
    assert set(done[0]) == {each.code for each in dishes}
    await ctx.refresh()
    book = ctx.see(menu.MenuBook)
    for each in dishes:
        found = book.dish[book.sku[done[0][each.code]].dish_id]
        assert (found.name, found.on_sale) == (each.name, False)
    choice = menu.Choice(sku_id=done[0][dishes[0].code], qty=1)
    with pytest.raises(menu.NotOnMenu):
        book.choose([choice], store_id=new_id(), channel="counter", zone="Asia/Shanghai", at=ctx.now)
