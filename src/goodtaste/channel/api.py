"""The door of channels."""

from goodtaste.channel.desk import (
    Discard,
    Letters,
    LetterUnreadable,
    Replay,
    Replayed,
    discard_letter,
    one,
    page,
    replay_letter,
)
from goodtaste.channel.intake import OrderIntake
from goodtaste.channel.orders import MessageMalformed, SkuUnknown
from goodtaste.channel.queues import declare, targets

__all__ = [
    "Discard", "LetterUnreadable", "Letters", "MessageMalformed", "OrderIntake", "Replay", "Replayed", "SkuUnknown", "declare",
    "discard_letter", "one", "page", "replay_letter", "targets",
]  # fmt: skip
