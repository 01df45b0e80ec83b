"""Each dangerous act has a permission of its own, asks for a reason, and leaves a row in the audit log that says who let it happen."""

from __future__ import annotations

import typing
from pathlib import Path

import pytest

import goodtaste
from goodtaste.app import rooms
from goodtaste.kernel.web import Allow
from goodtaste.org.rules import PERMISSIONS, Role

# route: permission, whether a PIN may stand for it, what the audit log calls it, who has it beside the head office
ACTS: dict[str, tuple[str, bool, str, set[Role]]] = {
    "POST /v1/orders/{order_id:str}/cancel": ("order.cancel", False, "ordering.cancelled", {"cashier", "store_manager"}),
    "POST /v1/orders/{order_id:str}/refunds": ("order.refund", True, "ordering.refunded", {"store_manager"}),
    "POST /v1/orders/{order_id:str}/returns": ("order.return", True, "ordering.returned", {"store_manager"}),
    "POST /v1/orders/{order_id:str}/parts/{payment_id:str}/take-back": ("payment.take_back", True, "payment.taken_back", {"store_manager"}),
    "POST /v1/payments/{payment_id:str}/give-up": ("payment.give_up", False, "payment.given_up", {"store_manager"}),
    "POST /v1/drawer-openings": ("drawer.open", False, "payment.drawer_opened", {"cashier", "store_manager"}),
    "POST /v1/shifts/{shift_id:str}/cash": ("cash.out", True, "payment.cash_out", {"store_manager"}),
    "POST /v1/shifts/{shift_id:str}/close": ("shift.sign", False, "payment.shift_closed", {"store_manager"}),
    "POST /v1/stores/{store_id:str}/days/{day:str}/close": ("day.close", False, "payment.day_closed", {"store_manager"}),
    "POST /v1/accounts": ("account.edit", True, "payment.account_opened", {"finance"}),
    "PUT /v1/accounts/{account_id:str}": ("account.edit", True, "payment.account_changed", {"finance"}),
    "POST /v1/differences/{difference_id:str}/resolve": ("payment.reconcile", False, "payment.difference_resolved", {"finance"}),
}  # fmt: skip
SOURCE = "\n".join(path.read_text("utf-8") for path in Path(goodtaste.__file__).parent.rglob("*.py"))


def handler_of(route: str) -> typing.Any:
    method, path = route.split()
    [found] = [each for each in rooms.ROUTES if path in each.paths and method in each.http_methods]
    return found


@pytest.mark.parametrize("route", ACTS)
def test_a_dangerous_act_has_its_permission_its_reason_and_its_trace(route: str) -> None:
    permission, by_pin, action, roles = ACTS[route]
    handler = handler_of(route)
    asked = typing.get_type_hints(handler.fn)["data"]
    fields = set(asked.__struct_fields__)
    assert "reason" in fields
    assert ("approval" in fields) == by_pin
    holders = {role for role, permissions in PERMISSIONS.items() if permission in permissions}
    assert holders == roles | {"hq_admin"}
    assert f'"{action}"' in SOURCE
    assert any(isinstance(each, Allow) and each.permission for each in handler.opt.values())


def test_who_keeps_the_books_sells_nothing_and_who_sells_keeps_none() -> None:
    finance, cashier = PERMISSIONS["finance"], PERMISSIONS["cashier"]
    assert not finance & {
        "order.place",
        "payment.take",
        "order.refund",
        "shift.run",
        "drawer.open",
        "cash.out",
        "account.charge",
    }
    assert not cashier & {
        "payment.reconcile",
        "account.edit",
        "shift.read",
        "staff.report",
        "shift.sign",
        "cash.out",
        "day.close",
    }
    assert not PERMISSIONS["waiter"] & {"payment.take", "order.cancel", "drawer.open", "shift.run", "account.charge"}
