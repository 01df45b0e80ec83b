"""Transaction scripts: the business writes generators, the runner owns the transaction.

A script yields batches of reads and is sent their rows; it ends by yielding one batch of writes, which are kept together or not at
all.  It never sees a connection, so the same script runs on either engine, shares its commit with its neighbours, and can be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar, overload

import msgspec

from goodtaste.kernel.db.statements import Change, Query

T = TypeVar("T")
A = TypeVar("A", bound=msgspec.Struct)
B = TypeVar("B", bound=msgspec.Struct)
C = TypeVar("C", bound=msgspec.Struct)
D = TypeVar("D", bound=msgspec.Struct)
E = TypeVar("E", bound=msgspec.Struct)
P = ParamSpec("P")

Batch = Sequence[Query[Any]] | Sequence[Change]
Steps = Generator[Batch, Any, T]


class GuardBroken(Exception):
    """A constraint, or a write that found fewer rows than it must, stopped the writes; nothing was written.

    Thrown into the script at its last `yield` once its reads are known to be exact, so that it may look again and say why.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Script(Generic[T]):
    """A script with its arguments, run as often as needed.  `yield from` it to use it as a step of another."""

    __slots__ = ("_args", "_function", "_kwargs", "name")

    def __init__(self, function: Callable[..., Steps[T]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function, self._args, self._kwargs = function, args, kwargs
        self.name = function.__qualname__

    def start(self) -> Steps[T]:
        """Begin a fresh run."""
        return self._function(*self._args, **self._kwargs)

    def __iter__(self) -> Steps[T]:
        return self.start()


def script(function: Callable[P, Steps[T]]) -> Callable[P, Script[T]]:
    """Make a generator function return a `Script`."""

    @wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> Script[T]:
        return Script(function, args, kwargs)

    return make


def beside(inner: Script[T], more: Sequence[Change]) -> Steps[T]:
    """Run a script of a room below as a step, and write `more` in the transaction of its writes; where it writes nothing, nor is `more`."""
    steps = inner.start()
    sent: Any = None
    broken: GuardBroken | None = None
    while True:
        try:
            batch = steps.throw(broken) if broken else steps.send(sent)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        broken, sent = None, None
        if batch and isinstance(batch[0], Change):
            batch = [*batch, *more]
        try:
            sent = yield batch
        except GuardBroken as stopped:
            broken = stopped


def rows(query: Query[A]) -> Steps[list[A]]:
    """Read all rows of one query."""
    [found] = yield [query]
    return found  # type: ignore[no-any-return]


def first(query: Query[A]) -> Steps[A | None]:
    """Read the first row of one query, or None."""
    [found] = yield [query]
    return found[0] if found else None


@overload
def together(a: Query[A], b: Query[B], /) -> Steps[tuple[list[A], list[B]]]: ...
@overload
def together(a: Query[A], b: Query[B], c: Query[C], /) -> Steps[tuple[list[A], list[B], list[C]]]: ...
@overload
def together(
    a: Query[A], b: Query[B], c: Query[C], d: Query[D], /
) -> Steps[tuple[list[A], list[B], list[C], list[D]]]: ...
@overload
def together(
    a: Query[A], b: Query[B], c: Query[C], d: Query[D], e: Query[E], /
) -> Steps[tuple[list[A], list[B], list[C], list[D], list[E]]]: ...
def together(*queries: Query[Any]) -> Steps[Any]:
    """Read the rows of several queries in one trip."""
    found = yield queries
    return tuple(found)
