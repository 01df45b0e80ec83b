"""Approval: a manager's PIN, bound to the manager, for one thing at one store."""

import asyncio
import threading
from collections.abc import Awaitable

import pytest

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.secrets import password_fits
from goodtaste.org import api as org
from tests.org_kit import PIN, Person, a_person, a_store, a_terminal, actions_on, code_of, context_at
from tests.shop import Shop, at_once


def approve(shop: Shop, by: Person, store_id: str, *, pin: str = PIN, cashier: str = "") -> Awaitable[org.Approval]:
    asker = Actor("staff", cashier or new_id())
    ctx = context_at(shop, shop.now, asker)
    return org.approve(ctx, org.ApprovalAsked(staff_id=by.id, pin=pin), permission="order.refund", store_id=store_id)


async def code(act: Awaitable[object]) -> str:
    with pytest.raises(Refusal) as refused:
        await act
    return refused.value.code


async def test_a_manager_approves_at_their_store_and_the_log_has_it(shop: Shop) -> None:
    store_id, cashier = await a_store(shop), new_id()
    manager = await a_person(shop, ("store_manager", store_id), pin=PIN)
    given = await approve(shop, manager, store_id, cashier=cashier)
    assert (given.staff_id, given.name, given.permission, given.store_id) == (
        manager.id,
        "小李",
        "order.refund",
        store_id,
    )
    assert await actions_on(shop, f"staff/{cashier}") == ["org.approved"]
    [row] = await shop.db.execute(
        f"SELECT actor_id, facts FROM kernel_audit WHERE action = 'org.approved' AND subject = 'staff/{cashier}'"
    )
    assert (str(row[0]), row[1]) == (manager.id, '{"permission":"order.refund"}')


async def test_who_may_not_do_it_themselves_does_not_approve_it(shop: Shop) -> None:
    here, there = await a_store(shop), await a_store(shop)
    cashier = await a_person(shop, ("cashier", here), pin=PIN)
    neighbour = await a_person(shop, ("store_manager", there), pin=PIN)
    for person in (cashier, neighbour):
        with pytest.raises(org.MayNotApprove) as refused:
            await approve(shop, person, here)
        assert refused.value.facts == {"staff_id": person.id, "permission": "order.refund", "store_id": here}
    asker = new_id()
    assert await code(approve(shop, cashier, here, cashier=asker)) == "org.may_not_approve"
    assert await actions_on(shop, f"staff/{asker}") == ["org.approval_refused"]
    # the PIN was right each time: nothing counts against it
    for _ in range(5):
        assert await code(approve(shop, cashier, here)) == "org.may_not_approve"


async def test_who_has_left_or_has_no_pin_approves_nothing(shop: Shop) -> None:
    store_id, ctx = await a_store(shop), shop.process.context()
    gone = await a_person(shop, ("store_manager", store_id), pin=PIN)
    without = await a_person(shop, ("store_manager", store_id))
    await ctx.run(org.switch_person(gone.id, active=False, reason="离职", actor=ctx.actor, at=ctx.now))
    assert await code(approve(shop, gone, store_id)) == "org.wrong_pin"
    assert await code(approve(shop, without, store_id)) == "org.wrong_pin"


async def test_five_wrong_pins_lock_a_manager_whoever_types_them_and_wherever(shop: Shop) -> None:
    store_id = await a_store(shop)
    manager, device = await a_person(shop, ("store_manager", store_id), pin=PIN), await a_terminal(shop, store_id)
    outcomes = await at_once(64, lambda n: approve(shop, manager, store_id, pin=f"48{n:04d}"))
    assert (outcomes.count("org.wrong_pin"), outcomes.count("org.locked")) == (5, 59)
    assert await code(approve(shop, manager, store_id)) == "org.locked"
    body = {"staff_id": manager.id, "pin": PIN}
    assert code_of(await shop.post("/v1/terminals/pin-sign-in", body, device.headers)) == "org.locked"
    # one manager's lock is not another's
    other = await a_person(shop, ("store_manager", store_id), pin=PIN)
    assert (await approve(shop, other, store_id)).staff_id == other.id


async def test_a_right_pin_forgets_the_wrong_ones_before_it(shop: Shop) -> None:
    store_id = await a_store(shop)
    manager = await a_person(shop, ("store_manager", store_id), pin=PIN)
    for _ in range(2):
        for _ in range(4):
            assert await code(approve(shop, manager, store_id, pin="480217")) == "org.wrong_pin"
        assert (await approve(shop, manager, store_id)).staff_id == manager.id


async def test_who_is_dismissed_or_gets_another_pin_while_it_is_checked_approves_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_id, ctx, passwords = await a_store(shop), shop.process.context(), shop.process.part(org.Passwords)
    hashed, changed = await passwords.hash("480217"), threading.Event()

    def slowly(secret: str, stored: str) -> bool:
        assert changed.wait(30)
        return password_fits(secret, stored)

    monkeypatch.setattr("goodtaste.org.passwords.password_fits", slowly)
    for what in ("dismissed", "another pin"):
        changed.clear()
        manager = await a_person(shop, ("store_manager", store_id), pin=PIN)
        approval = asyncio.ensure_future(approve(shop, manager, store_id))
        counted = f"SELECT 1 FROM org_try WHERE subject = 'pin:{manager.id}'"
        async with asyncio.timeout(30):
            while not await shop.db.execute(counted):  # noqa: ASYNC110 - nobody tells when a try is counted
                await asyncio.sleep(0.005)
        if what == "dismissed":
            await ctx.run(org.switch_person(manager.id, active=False, reason="离职", actor=ctx.actor, at=ctx.now))
        else:
            await shop.db.execute(f"UPDATE org_staff SET pin_hash = '{hashed}' WHERE id = '{manager.id}'")
        changed.set()
        assert await code(approval) == "org.wrong_pin", what
