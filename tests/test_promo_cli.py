"""`goodtaste coupons` on a house of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from goodtaste.app import migrate
from goodtaste.app.process import running
from goodtaste.kernel.config import Settings
from goodtaste.kernel.ids import new_id
from goodtaste.member import api as members
from goodtaste.promo import api as promo
from goodtaste.promo import rules
from tests.test_cli import Terminal


def _furnish(settings: Settings) -> tuple[str, list[str]]:
    """Make a template and three members."""

    async def work() -> tuple[str, list[str]]:
        async with running(settings) as process:
            ctx, ids = process.context(), []
            asked = promo.NewTemplate(id=new_id(), name="满减券", kind="cash", value=500, valid_days=30)
            made = await ctx.run(promo.make(asked, ground=promo.ground(ctx), actor=ctx.actor, at=ctx.now))
            for n in range(3):
                joining = members.sign_in(
                    members.Proof(phone=f"+861390000000{n}"),
                    session_id=new_id(),
                    device="测试",
                    language="zh-CN",
                    program=ctx.see(members.Program),
                    keyring=process.keyring,
                    at=ctx.now,
                )
                ids.append((await ctx.run(joining))[1].id)
            return made.id, ids

    return asyncio.run(work())


def test_coupons_from_the_command_line(empty: Settings, tmp_path: Path) -> None:
    terminal = Terminal(empty)
    migrate.migrate(empty)
    template, ids = _furnish(empty)
    file = tmp_path / "codes.csv"
    made = terminal.type("coupons", "codes", template, "--count", "5", "--name", "印", "--out", str(file))
    assert made.exit_code == 0, made.output
    codes = [line.split(",")[0] for line in file.read_text().splitlines()[1:]]
    assert [rules.is_code(each, rules.PRINTED) for each in codes] == [True] * 5
    assert file.stat().st_mode & 0o077 == 0
    drawn = tmp_path / "template.json"
    drawn.write_text(f'{{"id": "{new_id()}", "name": "茶券", "kind": "cash", "value": 300, "valid_days": 7}}')
    assert terminal.type("coupons", "make", str(drawn)).exit_code == 0
    assert "茶券" in terminal.type("coupons", "templates").output
    drawn.write_text(f'{{"id": "{new_id()}", "name": "茶券", "kind": "cash", "value": 300}}')
    refused = terminal.type("coupons", "make", str(drawn))
    assert (refused.exit_code, "how long a coupon is valid" in " ".join(refused.output.split())) == (1, True)
    listed = tmp_path / "members.txt"
    listed.write_text("\n".join([*ids[:2], new_id(), ""]))
    ran = terminal.type("coupons", "campaign", template, "--name", "回馈", "--reason", "测试", "--members", str(listed))
    assert "2 members" in ran.output, ran.output
    ran = terminal.type("coupons", "campaign", template, "--name", "全员", "--reason", "测试")
    assert "1 members" in ran.output, "one for each member is the limit"
    shown = terminal.type("coupons", "numbers", template).output
    assert "issued           8" in shown
    assert template in terminal.type("coupons", "templates", "--name", "满减").output.replace("\n", "")
    assert terminal.type("coupons", "numbers", "x").exit_code == 1
    assert "no such template" in terminal.type("coupons", "numbers", new_id()).output
