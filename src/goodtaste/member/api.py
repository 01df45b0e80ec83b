"""The door of members."""

from goodtaste.member.rules import Level, Program, expiry, growth_earned, level_for, points_earned
from goodtaste.member.standing import (
    MemberFrozen,
    MemberUnknown,
    Standing,
    known,
    program_snapshot,
    set_program,
    standing,
)

__all__ = [
    "Level", "MemberFrozen", "MemberUnknown", "Program", "Standing", "expiry", "growth_earned", "known", "level_for", "points_earned",
    "program_snapshot", "set_program", "standing",
]  # fmt: skip
