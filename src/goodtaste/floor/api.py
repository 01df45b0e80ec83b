"""The door of the floor."""

from goodtaste.floor.proof import PROOFS
from goodtaste.floor.seating.opening import RulesAsked, set_rules

__all__ = ["PROOFS", "RulesAsked", "set_rules"]
