"""The door of the floor."""

from goodtaste.floor.proof import PROOFS

__all__ = ["PROOFS"]
