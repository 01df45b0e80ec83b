"""Accounts: an owner's balances of points and growth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import msgspec
from sqlalchemy import select

from goodtaste.kernel.db import Change, Id, Read, Steps, insert, par, rows
from goodtaste.kernel.ids import derived_id
from goodtaste.ledger.rules import Balances
from goodtaste.ledger.tables import GROWTH, POINTS, account


class _OfKind(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def balance(self) -> int: ...


class _Balance(msgspec.Struct, frozen=True):
    kind: str
    unit: str
    balance: int


OPEN_ACCOUNT = insert(account)
BALANCES = Read(
    select(account.c.kind, account.c.unit, account.c.balance).where(
        account.c.owner_id == par("owner_id", Id), account.c.kind != "hold"
    ),
    _Balance,
)


@lru_cache(16_384)  # one order names the same account several times
def account_of(owner_id: str, kind: str, unit: str = POINTS) -> str:
    """Return the id of an owner's account."""
    return derived_id(owner_id, f"{unit}/{kind}")


def open_accounts(owner_id: str) -> list[Change]:
    """Open an owner's accounts, all empty."""
    return [
        OPEN_ACCOUNT.many(
            [
                {
                    "id": account_of(owner_id, kind, unit),
                    "owner_id": owner_id,
                    "kind": kind,
                    "unit": unit,
                    "stored": True,
                    "balance": 0,
                }
                for unit, kind in (
                    (POINTS, "member"),
                    (POINTS, "pending"),
                    (POINTS, "debt"),
                    (GROWTH, "member"),
                    (GROWTH, "debt"),
                )
            ]
        )
    ]


def read_balances(owner_id: str) -> Steps[dict[str, Balances]]:
    """Read an owner's balances by unit."""
    return as_balances((yield from rows(BALANCES(owner_id=owner_id))))


def as_balances(found: Sequence[_OfKind]) -> dict[str, Balances]:
    """Return balances by unit from the rows of `BALANCES`."""
    by_unit: dict[str, dict[str, int]] = {POINTS: {}, GROWTH: {}}
    for row in found:
        by_unit[row.unit][row.kind] = row.balance
    return {unit: Balances(b.get("member", 0), b.get("pending", 0), b.get("debt", 0)) for unit, b in by_unit.items()}
