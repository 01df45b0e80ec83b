"""Statements mean the same on both engines, also where a batch holds one of them twice."""

from sqlalchemy import update

from goodtaste.kernel.db import Id, Int, Moment, change, par
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.snapshot import MOVED, VERSIONS
from goodtaste.ledger.tables import hold
from tests.shop import Shop, write


def test_integers_add_up() -> None:
    used = change(update(hold).where(hold.c.id == par("id", Id)).values(used=hold.c.used + par("used", Int)))
    assert "||" not in used.postgres + used.sqlite(1)


def test_moments_compare_as_moments() -> None:
    late = change(update(hold).where(hold.c.expires_at < par("at", Moment)).values(open=False))
    assert "open=false" in late.postgres
    assert "open=0" in late.sqlite(1)


async def test_a_statement_that_a_batch_holds_twice_adds_twice(shop: Shop) -> None:
    name = new_id()
    await shop.db.run(write(MOVED(name=name, n=2), MOVED(name=name, n=3)))
    assert [row.n for row in await shop.db.rows(VERSIONS()) if row.name == name] == [5]
