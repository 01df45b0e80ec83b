"""The points shop, corrections of points, the level plan and subscription plans from the command line."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from goodtaste.app import cli_words
from goodtaste.app.process import running
from goodtaste.kernel.auth import SYSTEM
from goodtaste.kernel.config import Settings
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.ids import new_id
from goodtaste.member import api as members
from goodtaste.org import api as org
from goodtaste.promo.shop import exchanges
from tests.test_cli import Terminal

PASSWORD = "correct horse battery"


@pytest.fixture
def terminal(blank: Settings, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Give a wide terminal beside a house in which nobody works yet."""
    monkeypatch.setattr(cli_words.out, "width", 300)
    return Terminal(blank)


def inside(terminal: Terminal, work: Any) -> Any:
    """Do something in the house of the terminal."""

    async def run() -> Any:
        async with running(terminal.settings) as process:
            return await work(process.context())

    return asyncio.run(run())


async def a_member(ctx: Ctx, points: int = 0) -> str:
    joining = members.sign_in(
        members.Proof(phone="+8613900000001"),
        session_id=new_id(),
        device="测试",
        language="zh-CN",
        program=ctx.see(members.Program),
        keyring=ctx.process.keyring,
        at=ctx.now,
    )
    member_id = (await ctx.run(joining))[1].id
    if points:
        program = ctx.see(members.Program)
        today = program.calendar.business_date(ctx.now)
        asked = members.Adjustment(id=new_id(), points=points, reason="测试")
        by = {"actor": SYSTEM, "approved_by": None, "program": program, "today": today, "at": ctx.now}
        await ctx.run(members.adjust(asked, member_id=member_id, **by))
    return member_id


async def a_person(ctx: Ctx, login: str, role: org.Role) -> str:
    id_ = new_id()
    await org.hire(org.NewPerson(id=id_, login=login, name=login, password=PASSWORD), ctx=ctx)
    await ctx.run(org.give_role(id_, org.RoleAt(role=role), actor=SYSTEM, at=ctx.now))
    return id_


def as_file(folder: Path, what: Any) -> str:
    file = folder / f"{new_id()}.json"
    file.write_text(json.dumps(what))
    return str(file)


def actions(terminal: Terminal, subject: str) -> list[tuple[str, str]]:
    """Return who did what to a subject, oldest first."""

    async def work(ctx: Ctx) -> list[tuple[str, str]]:
        found = await ctx.db.execute(
            f"SELECT actor_id, action FROM kernel_audit WHERE subject = '{subject}' ORDER BY at, id"
        )
        return [(str(who), str(action)) for who, action in found]

    return list(inside(terminal, work))


def test_an_item_of_the_points_shop_is_made_changed_stocked_and_withdrawn(terminal: Terminal, tmp_path: Path) -> None:
    id_ = new_id()
    terms = {"name": "茶杯", "points": 300}
    made = terminal.type("shop", "make", as_file(tmp_path, terms | {"id": id_, "kind": "goods", "left": 5}))
    assert (made.exit_code, "5 left, version 1" in made.output) == (0, True), made.output
    new = as_file(tmp_path, terms | {"points": 200, "version": 1})
    assert "200 points" in terminal.type("shop", "change", id_, new).output
    old = as_file(tmp_path, terms | {"version": 1})
    assert terminal.type("shop", "change", id_, old).exit_code == 1
    assert "2 left" in terminal.type("shop", "stock", id_, "--reason", "坏了", "--", "-3").output
    assert "offered no more" in terminal.type("shop", "withdraw", id_, "--reason", "下架").output
    listed = terminal.type("shop", "items").output
    assert {id_, "茶杯", "no"} <= set(listed.split())
    assert "is offered" in terminal.type("shop", "withdraw", id_, "--reason", "上架", "--back").output
    assert [action for _, action in actions(terminal, f"item/{id_}")] == [
        f"promo.item_{done}" for done in ("made", "changed", "stocked", "stopped", "opened")
    ]

    async def exchange(ctx: Ctx) -> tuple[str, exchanges.Exchange]:
        member_id = await a_member(ctx, points=500)
        program = ctx.see(members.Program)
        asked = exchanges.NewExchange(id=new_id(), item_id=id_, seen_points=200)
        today = program.calendar.business_date(ctx.now)
        return member_id, await ctx.run(
            exchanges.make(asked, member_id=member_id, program=program, today=today, at=ctx.now)
        )

    member_id, done = inside(terminal, exchange)
    shown = terminal.type("shop", "exchanges", member_id).output
    assert (done.id in shown, "waiting" in shown, done.code in shown) == (True, True, False)


def test_a_correction_wants_two_persons_who_may(terminal: Terminal) -> None:
    async def furnish(ctx: Ctx) -> list[str]:
        people = [await a_person(ctx, login, "hq_admin") for login in ("first", "second")]
        return [*people, await a_person(ctx, "cook", "kitchen"), await a_member(ctx)]

    first, second, _, member_id = inside(terminal, furnish)

    def as_(login: str, verb: str, *words: str) -> Any:
        return terminal.type("points", verb, "--login", login, *words, answer=f"{PASSWORD}\n")

    ids = [
        re.findall(r"[0-9a-f-]{36}", as_("first", "ask", member_id, "--reason", "补偿", "--", points).output)[0]
        for points in ("800", "-100")
    ]
    listed = terminal.type("points", "corrections").output.split()
    assert {*ids, "+800", "-100", first} <= set(listed)
    for login in ("first", "cook"):
        assert as_(login, "approve", ids[0]).exit_code == 1, "only another one who may"
    assert "is approved" in as_("second", "approve", ids[0]).output
    assert as_("second", "refuse", ids[0], "--reason", "晚了").exit_code == 1
    assert "is refused" in as_("second", "refuse", ids[1], "--reason", "不").output
    assert ids[0] in terminal.type("points", "corrections", "--state", "approved").output
    assert actions(terminal, f"member/{member_id}") == [
        (first, "member.adjustment_asked"), (first, "member.adjustment_asked"),
        (second, "member.points_adjusted"), (second, "member.adjustment_refused"),
    ]  # fmt: skip
    assert "800" in terminal.type("ledger", "account", member_id).output


def test_a_level_plan_is_checked_before_it_is_saved(terminal: Terminal, tmp_path: Path) -> None:
    shown = json.loads(terminal.type("levels", "show").output)
    assert (shown["version"], shown["levels"][0]["code"]) == (0, "regular")
    shown |= {"reason": "新方案", "hold_months": 6}
    good = as_file(tmp_path, shown)
    assert "nothing was written" in terminal.type("levels", "check", good).output
    assert json.loads(terminal.type("levels", "show").output)["version"] == 0
    assert "version 1" in terminal.type("levels", "save", good).output
    after = json.loads(terminal.type("levels", "show").output)
    assert (after["version"], after["hold_months"]) == (1, 6)
    after["levels"][1]["growth_min"] = 0
    wrong = as_file(tmp_path, after)
    for verb in ("check", "save"):
        refused = terminal.type("levels", verb, wrong)
        assert (refused.exit_code, "growth_min" in refused.output) == (1, True), refused.output
    assert [action for _, action in actions(terminal, "level-plan")] == ["member.level_plan_saved"]


def test_a_subscription_plan_is_saved_and_retired(terminal: Terminal, tmp_path: Path) -> None:
    asked = {
        "id": new_id(),
        "code": "basic",
        "family": "club",
        "name": "基础会员",
        "price_fen": 2_990,
        "level": "silver",
    }
    assert "Version 1 of plan basic" in terminal.type("subscriptions", "save", as_file(tmp_path, asked)).output
    refused = terminal.type("subscriptions", "save", as_file(tmp_path, asked | {"id": new_id(), "level": "none"}))
    assert (refused.exit_code, "level" in refused.output) == (1, True)
    id_ = new_id()
    saved = terminal.type("subscriptions", "save", as_file(tmp_path, asked | {"id": id_, "price_fen": 1_990}))
    assert "Version 2 of plan basic" in saved.output
    assert "no more" in terminal.type("subscriptions", "retire", id_, "--reason", "换季").output
    assert "yes" not in terminal.type("subscriptions", "plans").output
    assert "is offered" in terminal.type("subscriptions", "retire", id_, "--reason", "再开", "--back").output
    assert "no such plan" in terminal.type("subscriptions", "retire", new_id(), "--reason", "换季").output.lower()
    assert [action for _, action in actions(terminal, f"plan/{id_}")] == [
        f"subscription.plan_{done}" for done in ("made", "closed", "opened")
    ]
