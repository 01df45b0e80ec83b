"""The runner of scripts: what both engines share.

A script is first run hopefully: its reads and its writes each travel with those of other scripts that wait at the same moment for the
same kind of batch, and writes that travel together commit together.  What it read may be stale when it writes, so everything it relied
on is guarded.  Where a guard stops a group nobody in it has written anything, and each of its scripts is run again exactly: one after the
other, in a savepoint of its own, with all other writers shut out from its first read to the common commit.  A guard that stops it
there is the answer, and is thrown into it, so that it may look again and say why.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from goodtaste.kernel.db.script import Batch, GuardBroken, Script
from goodtaste.kernel.db.statements import Change, Query, R

T = TypeVar("T")

GROUP_MAX = 64  # batches that share a trip, at most
WAITING_MAX = 10_000  # scripts under way in a process; more are turned away at once

Shape = tuple[Any, ...]
Job = tuple[Batch, "asyncio.Future[Any]"]
Exact = tuple[Script[Any], "asyncio.Future[Any]"]


class Unavailable(Exception):
    """The database did not answer, or not in time.  Whether the writes were kept is unknown: send the same ids again."""


class Overloaded(Exception):
    """More scripts wait than the process can run soon; nothing was written."""


class LeadershipLost(Exception):
    """This process leads no longer: the connection that held the leader's lock is gone."""


class Again(Exception):
    """The engine undid a transaction for reasons of its own, such as a deadlock; it may be run again."""


class Database(ABC):
    """Runs scripts.  Results are given out after the commit, never before."""

    engine: str
    writers: int  # groups of writes under way at once
    gather_s = 0.0  # while a group of writes is under way, how long reads wait for others to share their trip

    def __init__(self) -> None:
        self._reads: dict[Shape, deque[Job]] = {}
        self._writes: dict[Shape, deque[Job]] = {}
        self._exact: deque[Exact] = deque()
        self._writing = 0
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[Callable[[], None]] = []

    async def run(self, script: Script[T]) -> T:
        """Run `script` in a transaction.  Raises what it raises, and the refusal that bears a broken guard's name."""
        if self._under_way >= WAITING_MAX:
            raise Overloaded
        self._under_way += 1
        try:
            return await self._run_hopefully(script)
        except (GuardBroken, Again):
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._exact.append((script, future))
            self._start_writing()
            return await future  # type: ignore[no-any-return]
        finally:
            self._under_way -= 1

    async def query(self, script: Script[T]) -> T:
        """Run a script that only reads, however much; it never holds up those that write."""
        steps = script.start()
        sent: Any = None
        while True:
            try:
                batch = steps.send(sent)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            if batch and isinstance(batch[0], Change):
                raise RuntimeError(f"{script.name} writes; run it")
            sent = await self._join(batch, self._reads) if batch else []

    async def rows(self, query: Query[R]) -> list[R]:
        """Read the rows of one query."""
        [found] = await self._join([query], self._reads)
        return found  # type: ignore[no-any-return]

    async def first(self, query: Query[R]) -> R | None:
        """Read the first row of one query, or None."""
        found = await self.rows(query)
        return found[0] if found else None

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener`, cheap and quick, after each commit that this process made."""
        self._listeners.append(listener)

    async def close(self) -> None:
        """Let what is under way end, then give the connections back."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    @abstractmethod
    async def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run one SQL text without parameters, apart from all scripts: maintenance and proofs only."""

    @abstractmethod
    async def listen(self, callback: Callable[[], None]) -> None:
        """Call `callback` when a process of this deployment has put events into the outbox."""

    @abstractmethod
    async def lead(self) -> bool:
        """Become the one leader of this deployment, or tell that another process is.  Raises Unavailable."""

    @abstractmethod
    async def until_lost(self) -> None:
        """Wait as long as this process leads; raises LeadershipLost when it no longer does."""

    @abstractmethod
    async def resign(self) -> None:
        """Let another process lead, and stop listening; does nothing where this one does not lead."""

    @abstractmethod
    async def _read(self, shape: Shape, batches: Sequence[Batch]) -> list[list[Any]]:
        """Return for each batch the rows of each of its reads."""

    @abstractmethod
    async def _write(self, groups: list[tuple[Shape, list[Batch]]]) -> list[Exception | None]:
        """Write groups of batches, each group whole or not at all, and commit; return what stopped each."""

    @abstractmethod
    async def _run_exactly(self, scripts: Sequence[Script[Any]]) -> list[tuple[Any, Exception | None]]:
        """Run scripts one after the other in one transaction, holding the right to write from the start; return value or error."""

    async def _run_hopefully(self, script: Script[T]) -> T:
        steps, wrote = script.start(), False
        sent: Any = None
        while True:
            try:
                batch = steps.send(sent)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            sent = []
            if not batch:
                continue
            if wrote:
                raise RuntimeError(f"{script.name} went on after its writes; a script ends with one batch of them")
            wrote = isinstance(batch[0], Change)
            sent = await (self._join(batch, self._writes) if wrote else self._answer(batch))

    async def _answer(self, batch: Batch) -> list[Any]:
        """Answer the reads of a script."""
        return await self._join(batch, self._reads)  # type: ignore[no-any-return]

    def _join(self, batch: Batch, lanes: dict[Shape, deque[Job]]) -> asyncio.Future[Any]:
        shape = tuple([item.statement for item in batch])
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        lane = lanes.get(shape)
        if lane is not None:
            lane.append((batch, future))
        else:
            lanes[shape] = deque([(batch, future)])
            if lanes is self._reads:
                self._spawn(self._flush_reads(shape))
        if lanes is self._writes:
            self._start_writing()
        return future

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flush_reads(self, shape: Shape) -> None:
        """Read for all who wait with one kind of batch; while a trip is under way the next group gathers."""
        while lane := self._reads[shape]:
            if self._writing and self.gather_s:
                await asyncio.sleep(self.gather_s)
            jobs = take(lane, GROUP_MAX)
            try:
                answers = await self._read(shape, [batch for batch, _ in jobs])
            except Exception as error:  # noqa: BLE001 - it goes to those who wait
                _fail(jobs, error)
            else:
                for (_, future), answer in zip(jobs, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)
        del self._reads[shape]

    def _start_writing(self) -> None:
        """Start a group.  Beside one that is under way, only for half of the scripts: a trip costs the same for few as for many."""
        waiting = sum(map(len, self._writes.values())) + len(self._exact)
        if not self._writing or (self._writing < self.writers and waiting * 2 >= self._under_way):
            self._writing += 1
            self._spawn(self._flush_writes())

    async def _flush_writes(self) -> None:
        """Write for all who wait; while a commit is under way the next groups gather."""
        try:
            while self._writes or self._exact:
                if self._exact:
                    await self._flush_exact()
                else:
                    await self._flush_groups()
                for listener in self._listeners:
                    listener()
        finally:
            self._writing -= 1

    async def _flush_groups(self) -> None:
        groups = self._groups_to_write()
        for shape, _ in groups:
            if not self._writes[shape]:
                del self._writes[shape]
        try:
            outcomes = await self._write([(shape, [batch for batch, _ in jobs]) for shape, jobs in groups])
        except Exception as error:  # noqa: BLE001 - it goes to those who wait
            outcomes = [error] * len(groups)
        for (_, jobs), stopped in zip(groups, outcomes, strict=True):
            if stopped is not None:
                _fail(jobs, stopped)
                continue
            for _, future in jobs:
                if not future.done():
                    future.set_result([])

    def _groups_to_write(self) -> list[tuple[Shape, list[Job]]]:
        """Take what goes into the next commit: the kind of batches that has waited longest."""
        shape = next(iter(self._writes))
        return [(shape, take(self._writes[shape], GROUP_MAX))]

    async def _flush_exact(self) -> None:
        jobs = take(self._exact, GROUP_MAX)
        try:
            outcomes = await self._run_exactly([script for script, _ in jobs])
        except Exception as error:  # noqa: BLE001 - it goes to those who wait
            _fail(jobs, error)
            return
        for (_, future), (value, refused) in zip(jobs, outcomes, strict=True):
            if refused is not None:
                _fail([(None, future)], refused)
            elif not future.done():
                future.set_result(value)


def take(jobs: deque[Any], most: int) -> list[Any]:
    """Take the first jobs out of a lane, at most so many."""
    return [jobs.popleft() for _ in range(min(len(jobs), most))]


def _fail(jobs: Sequence[tuple[Any, asyncio.Future[Any]]], error: BaseException) -> None:
    for _, future in jobs:
        if not future.done():
            future.set_exception(error)
