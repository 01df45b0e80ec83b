"""What makes a message of a third party genuine, whatever its signature: it is fresh, and it is heard once."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from datetime import date, datetime, timedelta, timezone

WINDOW_S = 300  # a message is good for less than this, either way
NONCES_MAX = 100_000
BEIJING = timezone(timedelta(hours=8))  # in which the providers of China write their days and times
BODY_MAX = 65_536  # bytes of a request, a reply or a notice


class Forged(Exception):
    """A message that is not what it says it is: `time`, `nonce`, `replay`, `serial`, `probe` or `signature`."""


class Nonces:
    """Nonces that were seen lately; only those of genuine messages come here, so strangers cannot fill it."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, float] = OrderedDict()

    def use(self, nonce: str, *, at: datetime) -> bool:
        """Tell whether `nonce` is new, and remember it for as long as its message could be good."""
        now = at.timestamp()
        while self._seen and (len(self._seen) >= NONCES_MAX or next(iter(self._seen.values())) <= now):
            self._seen.popitem(last=False)
        if nonce in self._seen:
            return False
        self._seen[nonce] = now + 2 * WINDOW_S
        return True


def new_nonce() -> str:
    """Return 128 random bits."""
    return secrets.token_hex(16)


def is_over(day: date, *, at: datetime) -> bool:
    """Tell whether a day has ended in China, so that there can be a bill of it."""
    return day < at.astimezone(BEIJING).date()
