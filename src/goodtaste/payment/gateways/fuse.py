"""A fuse between us and a gateway that does not answer: it spares the gateway, and the jobs that would all wait for it."""

from __future__ import annotations

from datetime import datetime, timedelta

SILENT_MAX = 5  # calls in a row without an answer, then the fuse blows
REST = timedelta(seconds=5)  # then one call in so long a time is let through, until one is answered


class Fuse:
    """Blown while a gateway is silent.  It is asked before each call that can wait; a person's payment does not ask."""

    def __init__(self) -> None:
        self._silent = 0
        self._rests_until: datetime | None = None

    def lets(self, *, at: datetime) -> bool:
        """Tell whether a call may be made now."""
        if self._silent < SILENT_MAX:
            return True
        if self._rests_until is not None and at < self._rests_until:
            return False
        self._rests_until = at + REST
        return True

    def answered(self) -> None:
        """Take note that the gateway answered, whatever it said."""
        self._silent, self._rests_until = 0, None

    def was_silent(self, *, at: datetime) -> None:
        """Take note that it did not."""
        self._silent += 1
        if self._silent == SILENT_MAX:
            self._rests_until = at + REST
