"""An open bill in the shop's words: what is held, fired, returned and moved, and what the kitchen heard of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from goodtaste.events import ordering as told_by
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.outbox import UNDELIVERED, Event
from tests.org_kit import Headers
from tests.shop_kit import Floor, Member, line


async def at_a_table(floor: Floor, *lines: Any, member: Member | None = None, table: int = 0, **more: Any) -> Any:
    """Have an unpaid bill at a table."""
    spot = {"kind": "dine_in", "table_id": floor.store.tables[table]}
    return await floor.order(*lines or [line("noodles", 2)], member=member, **spot, **more)


def held(name: str, qty: int = 1, *, course: int = 0, guest: str = "", note: str = "") -> dict[str, Any]:
    """Return a line that waits."""
    return line(name, qty) | {"hold": True, "course": course, "guest": guest, "note": note}


def _sent(bill: Any, what: str) -> dict[str, Any]:
    return {"version": bill["version"]} | ({} if what == "seat" else {"id": new_id()})


async def act(floor: Floor, bill: Any, what: str, by: Headers | None = None, **asked: Any) -> Any:
    """Do something to a bill as it was seen, and return the bill after it."""
    body = _sent(bill, what) | asked
    return await floor.done("POST", f"/v1/orders/{bill['id']}/{what}", body, by or floor.at("store_manager"))


async def refused(floor: Floor, bill: Any, what: str, by: Headers | None = None, **asked: Any) -> str:
    """Have something refused, and return its code."""
    body = _sent(bill, what) | asked
    return await floor.refuses("POST", f"/v1/orders/{bill['id']}/{what}", body, by or floor.at("store_manager"))


def pieces(**of: int) -> dict[str, Any]:
    """Return pieces by the numbers of their lines: `pieces(l1=2)`."""
    return {"pieces": [{"line_no": int(name[1:]), "qty": qty} for name, qty in of.items()]}


def of_line(bill: Any, line_no: int) -> tuple[int, int, int, int, int]:
    """Return of a line: pieces charged, ordered, held, voided and returned."""
    found = next(each for each in bill["lines"] if each["line_no"] == line_no)
    names = ("qty", "ordered_qty", "held_qty", "voided_qty", "returned_qty")
    return tuple(found[name] for name in names)  # type: ignore[return-value]


async def heard(floor: Floor) -> list[Event]:
    """Return the events that nobody has heard yet, and let them be heard."""
    found = [each.event() for each in await floor.db.rows(UNDELIVERED(after=0))]
    await floor.hear()
    return found


def fired_by(events: list[Event]) -> Counter[str]:
    """Return how many pieces of each dish the kitchen was told to make."""
    told: Counter[str] = Counter()
    for event in events:
        for _, dish_id, qty in fired_at(event):
            told[dish_id] += qty
    return told


def fired_at(event: Event) -> Iterator[tuple[str, str, int]]:
    """Give what an event has the kitchen make: order, dish and pieces."""
    if isinstance(event, told_by.OrderPlaced | told_by.RoundAdded | told_by.OrderPaid):
        yield from ((event.order_id, line.dish_id, line.qty) for line in event.fired)
    elif isinstance(event, told_by.LinesFired):
        yield from ((event.order_id, line.dish_id, line.qty) for line in event.lines)
