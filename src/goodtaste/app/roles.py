"""What a process may be: which roles there are, and what each does.  The command line and the docs read this table."""

from __future__ import annotations

import msgspec


class Role(msgspec.Struct, frozen=True):
    """What a process does: whether it answers the routes of the rooms, and whether it may lead (relay events, run jobs)."""

    name: str
    about: str
    serves: bool
    leads: bool


ROLES = {
    role.name: role
    for role in (
        Role("all", "Answers every route, relays events and runs jobs: the embedded mode", serves=True, leads=True),
        Role("web", "Answers every route and leaves events and jobs to workers", serves=True, leads=False),
        Role("worker", "Relays events and runs jobs; answers probes and metrics only", serves=False, leads=True),
    )
}
