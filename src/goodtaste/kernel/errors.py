"""Refusals: what the product says no to, each a class with a stable code, an HTTP status and facts.

A refusal is expected and told to whoever asked; a bug is any other exception, and nobody catches it on the way.  The sentence for each
code stands in `locales/`.  A refusal may bear the names of the database constraints that stand behind it (`guards`).
"""

from __future__ import annotations

from typing import Any, ClassVar

REFUSALS: dict[str, type[Refusal]] = {}
_BY_GUARD: dict[str, type[Refusal]] = {}


class Refusal(Exception):
    """Base of all refusals.  Keyword arguments are its facts: JSON values that the sentence and the client may use."""

    code: ClassVar[str] = ""
    status: ClassVar[int] = 409
    guards: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code, facts)
        self.facts = facts

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.code:
            return
        if REFUSALS.setdefault(cls.code, cls) is not cls:
            raise TypeError(f"two refusals have the code {cls.code}")
        for guard in cls.guards:
            if _BY_GUARD.setdefault(guard, cls) is not cls:
                raise TypeError(f"two refusals bear the guard {guard}")


class UnnamedGuard(Exception):
    """A constraint without a refusal stopped a script: a bug."""


def refusal_of(guard: str) -> Exception:
    """Return the refusal that bears the name of a constraint or guard."""
    found = _BY_GUARD.get(guard)
    return found() if found else UnnamedGuard(guard)
