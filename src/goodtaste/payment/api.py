"""The door of payment."""

from goodtaste.payment.cash import TooLittleCash, take

__all__ = ["TooLittleCash", "take"]
