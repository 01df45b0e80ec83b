"""The worker: carries the jobs of every printer, each printer by itself, one job at a time; runs where the process leads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime

import structlog

from goodtaste.floor.printing import carry
from goodtaste.floor.printing.carry import LEASE, Taken
from goodtaste.floor.printing.prints import NotNow
from goodtaste.floor.printing.transport import Confirmed, Delivered, Lost, NotSent, Refused, Transport
from goodtaste.kernel.clock import Clock
from goodtaste.kernel.db import Database, Overloaded, Unavailable
from goodtaste.kernel.relay import Wake
from goodtaste.kernel.telemetry import PRINT_SECONDS

POLL_S = 0.5
AT_ONCE = 200  # printers that are being served at the same time

log = structlog.get_logger()


class PrintWorker:
    """Serves the queues.  `transports` by the kind of printer."""

    def __init__(self, db: Database, transports: Mapping[str, Transport], *, clock: Clock) -> None:
        self._db, self._transports, self._clock = db, transports, clock
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._wake = Wake()

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            while True:
                try:
                    await self.turn()
                except (Unavailable, Overloaded) as error:
                    log.warning("printing_waits", error=repr(error))
                await self._wake.wait(POLL_S)
        finally:
            for task in self._under_way.values():
                task.cancel()

    async def turn(self) -> None:
        """Expire what is too old, hand on what was not taken, see to what was left half-way, and begin what is due."""
        at = self._clock()
        await self._db.run(carry.fall_back(at))
        await self._db.run(carry.expire(at))
        for job in await self._db.rows(carry.LAPSED(at=at)):
            if job.printer_id not in self._under_way:
                on = await self._db.first(carry.PRINTER(id=job.on_printer_id))
                if on is not None:
                    self._begin(on.id, self._resume(Taken(job, on)))
        for due in await self._db.rows(carry.DUE(at=at)):
            if due.id not in self._under_way and len(self._under_way) < AT_ONCE:
                self._begin(due.id, self._serve(due.id))

    async def rest(self) -> None:
        """Wait until nothing is being carried."""
        while self._under_way:
            await asyncio.wait(list(self._under_way.values()))

    def _begin(self, printer_id: str, work: Awaitable[None]) -> None:
        async def serve() -> None:
            try:
                await work
            except (Unavailable, Overloaded) as error:
                log.warning("printing_waits", printer_id=printer_id, error=repr(error))
            except NotNow:  # the cloud told it first, or its lease had run out
                log.info("print_settled_elsewhere", printer_id=printer_id)
            except Exception as error:
                log.error("printing_stumbled", printer_id=printer_id, exc_info=error)
            finally:
                del self._under_way[printer_id]
                self._wake.ring()

        self._under_way[printer_id] = asyncio.create_task(serve())

    async def _serve(self, printer_id: str) -> None:
        """Carry the jobs of a printer, one after the other, until there is none or it does not take one."""
        while (taken := await self._db.run(carry.take(printer_id, at=self._clock()))) is not None:
            transport = self._transports[taken.printer.kind]
            if not await self._conclude(taken, await transport.deliver(taken, self._hold(taken))):
                return

    async def _resume(self, taken: Taken) -> None:
        """Go on with a job that nobody carries any more."""
        transport = self._transports[taken.printer.kind]
        await self._conclude(taken, await transport.resume(taken, self._hold(taken)))

    def _hold(self, taken: Taken) -> _Hold:
        return _Hold(self._db, taken, clock=self._clock)

    async def _conclude(self, taken: Taken, became: Delivered) -> bool:
        """Write what became of a job; tell whether its printer can take another.  Refuses `NotNow` where somebody else has settled it."""
        at, job = self._clock(), taken.job
        state = {Confirmed: "confirmed", Refused: "failed", Lost: "unknown", NotSent: "queued"}[type(became)]
        why = "" if isinstance(became, Confirmed) else became.why
        if isinstance(became, NotSent):
            await self._db.run(carry.release(taken, why=why, at=at))
        else:
            await self._db.run(carry.settle(taken, state=state, why=why, at=at))
        if state != "queued":
            PRINT_SECONDS.labels(job.purpose, state).observe((at - job.made_at).total_seconds())
        if state != "confirmed":
            log.warning("not_printed", job_id=job.id, printer_id=taken.printer.id, outcome=state, why=why)
        return isinstance(became, Confirmed | Refused)


class _Hold:
    """Says that a job is still carried: when there is news, and before its lease runs out."""

    def __init__(self, db: Database, taken: Taken, *, clock: Clock) -> None:
        self._db, self._taken, self._clock = db, taken, clock
        self._said = ("", taken.job.remote_id)
        self._at: datetime = clock()

    async def __call__(self, *, why: str = "", remote_id: str = "") -> None:
        """Write it, where it is time to; refuses `NotNow` where the job is somebody else's by now."""
        at, says = self._clock(), (why, remote_id or self._said[1])
        if says == self._said and at - self._at < LEASE / 3:
            return
        news = why != self._said[0]
        await self._db.run(carry.hold(self._taken, why=why, remote_id=says[1], news=news, at=at))
        self._said, self._at = says, at
