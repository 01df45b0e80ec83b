"""What carries a job to a printer: the network, or a cloud.  All say in the same words what became of it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

import msgspec

from goodtaste.floor.printing.carry import Taken
from goodtaste.floor.printing.paper import Document, headed
from goodtaste.floor.printing.prints import Job


class Confirmed(msgspec.Struct, frozen=True):
    """The printer said that it printed all of it."""


class NotSent(msgspec.Struct, frozen=True):
    """Nothing was printed, for certain: the job may be sent again."""

    why: str


class Refused(msgspec.Struct, frozen=True):
    """Nothing was printed, and nothing will be: this job cannot be sent there."""

    why: str


class Lost(msgspec.Struct, frozen=True):
    """Nobody knows what was printed of it."""

    why: str


Delivered = Confirmed | NotSent | Refused | Lost


class Hold(Protocol):
    """Says that a job is still being carried, what it waits for, and the number it has elsewhere."""

    def __call__(self, *, why: str = "", remote_id: str = "") -> Awaitable[None]: ...


class Transport(Protocol):
    """A way to printers of one kind."""

    async def deliver(self, taken: Taken, hold: Hold) -> Delivered:
        """Carry a job, and wait until it is known what became of it."""

    async def resume(self, taken: Taken, hold: Hold) -> Delivered:
        """Go on with a job that was being carried when a process ended."""


def to_print(job: Job) -> Document:
    """Return what goes to the printer: the document under its marks, as often as there are copies."""
    once = headed(job.document, job.marks)
    return Document(once.blocks * job.copies)
