"""A state of the search, and what a move makes of it."""

from __future__ import annotations

from goodtaste.pricing.moves import Move


class State:
    """A combination so far: what is left of each line, pieces no promotion has taken, the delivery fee, what is shut out, and room.

    `before` is what was left of each line when the lines were decided; `parent` the state before the last move, `sets` how often that
    came together.
    """

    __slots__ = ("before", "delivery_fen", "free", "left", "parent", "room", "sets", "shut", "taken", "total")

    def __init__(self, left: list[int], free: list[int], total: int, delivery_fen: int, room: list[int]) -> None:
        self.left = left
        self.free = free
        self.total = total
        self.delivery_fen = delivery_fen
        self.room = room
        self.before: list[int] = left
        self.shut = 0
        self.taken: tuple[Move, ...] = ()
        self.parent: State | None = None
        self.sets = 0

    def copy(self) -> State:
        """Return a state that may be changed without this one."""
        other = State.__new__(State)
        other.left, other.free, other.total = self.left, self.free, self.total
        other.delivery_fen, other.room, other.before = self.delivery_fen, self.room, self.before
        other.shut, other.taken = self.shut, self.taken
        other.parent, other.sets = self, 0
        return other

    def may(self, move: Move) -> bool:
        """Tell whether a move is legal beside those taken."""
        if self.shut >> move.index & 1:
            return False
        return not move.counters or all([self.room[n] > 0 for n in move.counters])

    def take(self, move: Move) -> State | None:
        """Return the state with a move taken, or None where it saves nothing."""
        after = self._lines(move) if move.taking else self._order(move)
        if after:
            after.count(move)
        return after

    def count(self, move: Move) -> None:
        """Count a move as taken, with what it shuts out and the room it fills."""
        self.shut |= move.shuts
        self.taken = (*self.taken, move)
        if move.counters:
            self.room = self.room[:]
            for n in move.counters:
                self.room[n] -= 1

    def _lines(self, move: Move) -> State | None:
        if move.taking is None:
            return None
        takes, sets = move.taking(self.free)
        if not takes:
            return None
        after = self.copy()
        after.left, after.free = left, free = self.left[:], self.free[:]
        for i, pieces, saved in takes:
            free[i] -= pieces
            left[i] -= saved
            after.total -= saved
        after.before, after.sets = left, sets
        return after

    def path(self) -> list[tuple[State, Move, State]]:
        """Return each move taken with the states before and after it, in their order."""
        found, after = [], self
        for move in reversed(self.taken):
            if after.parent is None:
                raise ValueError(f"{move.id} was taken from nowhere")
            found.append((after.parent, move, after))
            after = after.parent
        return found[::-1]

    def _order(self, move: Move) -> State | None:
        saved = move.saves(self.left, self.before, self.delivery_fen)
        if not saved:
            return None
        after = self.copy()
        if move.delivery:
            after.delivery_fen -= saved
            return after
        after.left = left = self.left[:]
        for i, cut in move.cuts(self.left, saved):
            left[i] -= cut
        after.total -= saved
        return after
