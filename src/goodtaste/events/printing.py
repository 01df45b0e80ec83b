"""What printing tells, so that staff hear of what paper does not show."""

from __future__ import annotations

from goodtaste.kernel.outbox import Event


class PrinterTroubled(Event, frozen=True):
    """A printer cannot print (`trouble` says why), or can again (`trouble` is empty).  Its jobs wait for it."""

    topic = "floor.printer_troubled.v1"
    key_field = "store_id"

    store_id: str
    printer_id: str
    trouble: str


class PrintNeedsPerson(Event, frozen=True):
    """A job was not printed in time (`expired`), cannot be printed (`failed`), or nobody knows whether it was (`unknown`)."""

    topic = "floor.print_needs_person.v1"
    key_field = "store_id"

    store_id: str
    printer_id: str
    job_id: str
    purpose: str
    state: str
    why: str
