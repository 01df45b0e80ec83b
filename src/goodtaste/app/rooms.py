"""The rooms of the house, and what each brings to a process: snapshots, routes, handlers, jobs, proofs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goodtaste.kernel import audit, bus, jobs, outbox, relay, sessions, snapshot  # noqa: F401 - their tables
from goodtaste.kernel.bus import Subscriptions
from goodtaste.kernel.context import Process
from goodtaste.kernel.db import metadata
from goodtaste.kernel.jobs import Every, JobFunction
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering import http as ordering_http
from goodtaste.org import api as org
from goodtaste.promo import http as promo_http

TABLES = metadata

ROUTES: list[Any] = [*ordering_http.ROUTES, *promo_http.ROUTES]

PROOFS: Mapping[str, str] = {**ledger.PROOFS}

RECURRING: list[Every] = []


def furnish(process: Process) -> None:
    """Give a process the snapshots and parts of every room."""
    process.show(org.Directory, org.directory_snapshot())
    process.show(menu.MenuBook, menu.menu_snapshot())
    process.show(members.Program, members.program_snapshot())
    process.ended_sessions = process.snapshots.add(sessions.ended_snapshot(process.clock))
    process.resolve_actor = lambda claims: process.see(org.Directory).actor(claims)


def subscriptions() -> Subscriptions:
    """Return who hears what."""
    return Subscriptions()


def job_functions(process: Process) -> dict[str, JobFunction]:
    """Return the function of each job."""
    return {}
