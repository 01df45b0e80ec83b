"""Pure rules of printing: how long a job is worth printing, who decides on one of which nobody knows whether it was printed."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

Purpose = Literal["receipt", "pre_bill", "kitchen", "label", "pickup", "report", "test"]
State = Literal["queued", "sent", "confirmed", "unknown", "failed", "expired"]
Kind = Literal["escpos", "tspl", "feie"]
Trouble = Literal[
    "", "offline", "silent", "paper_out", "cover_open", "jammed", "ribbon_out", "paused", "fault", "refused"
]

WORTH: dict[str, timedelta] = {
    "kitchen": timedelta(minutes=45),
    "label": timedelta(minutes=45),
    "pickup": timedelta(minutes=45),
    "pre_bill": timedelta(minutes=30),
    "receipt": timedelta(hours=2),
    "report": timedelta(hours=12),
    "test": timedelta(minutes=5),
}
"""After so long a job is not printed by itself any more: a printer that was off overnight does not print the evening in the morning."""

DRAWER_WITHIN = timedelta(minutes=1)  # a drawer does not open later, when nobody stands before it
AGAIN_BY_ITSELF = frozenset(("kitchen", "label", "pickup"))
"""What is printed once more, marked as possibly double, where nobody knows whether it was printed: a dish that is missing costs more than
a slip too many.  Of everything else a person decides."""

COPIES_MAX = 5
REPRINTS_MAX = 20  # of one job
OPEN = ("queued", "sent")
WANTS_A_PERSON = ("unknown", "failed", "expired")
