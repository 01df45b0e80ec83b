"""Who acts, and what they may do."""

from __future__ import annotations

from typing import Literal

import msgspec

from goodtaste.kernel.errors import Refusal

Kind = Literal["guest", "member", "staff", "terminal", "service", "system"]


class NotSignedIn(Refusal):
    """Raised when a request needs a signed-in caller and has none, or an expired or forged token."""

    code = "auth.not_signed_in"
    status = 401


class NotAllowed(Refusal):
    """Raised when the caller is known and may not do this.  Facts: `permission`."""

    code = "auth.not_allowed"
    status = 403


class Grant(msgspec.Struct, frozen=True):
    """Permissions at one store, or, with no store, at every one."""

    permissions: frozenset[str]
    store_id: str | None = None


class Actor(msgspec.Struct, frozen=True):
    """Who acts: a guest, a member, a person of the staff, a paired terminal, a service with a key, or the system itself.

    `store_id` is where a terminal stands and where a person signed in at it works; `terminal_id` is that terminal,
    for the person.  The system itself, which acts for nobody (jobs,
    the command line, the twin), may do everything; no token speaks for it.
    """

    kind: Kind
    id: str
    session_id: str = ""
    store_id: str | None = None
    grants: tuple[Grant, ...] = ()
    terminal_id: str | None = None

    def can(self, permission: str, *, store_id: str | None = None) -> bool:
        """Tell whether the actor holds `permission` at `store_id`, or, where it is None, for the whole brand."""
        return self.kind == "system" or any(
            permission in grant.permissions and (grant.store_id is None or grant.store_id == store_id)
            for grant in self.grants
        )

    def can_somewhere(self, permission: str) -> bool:
        """Tell whether the actor holds `permission` at any store."""
        return self.kind == "system" or any(permission in grant.permissions for grant in self.grants)

    def need(self, permission: str, *, store_id: str | None = None) -> None:
        """Refuse `NotAllowed` unless the actor holds `permission` at `store_id`."""
        if not self.can(permission, store_id=store_id):
            raise NotAllowed(permission=permission)


GUEST = Actor(kind="guest", id="")
SYSTEM = Actor(kind="system", id="system")
