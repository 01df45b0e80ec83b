"""Tables of feedback."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index

from goodtaste.kernel.db import Id, Int, Moment, Str, create_table

feedback = create_table(
    "floor_feedback",
    Column("order_id", Id, primary_key=True),
    Column("store_id", Id, nullable=False),
    Column("member_id", Id),
    Column("stars", Int, nullable=False),
    Column("tags", Str, nullable=False),
    Column("text", Str, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("answer", Str, nullable=False),
    Column("answered_by", Id),
    Column("answered_at", Moment),
    CheckConstraint("stars BETWEEN 1 AND 5", name="floor_feedback_stars"),
    CheckConstraint("length(text) <= 500", name="floor_feedback_text"),
    CheckConstraint("length(answer) <= 500", name="floor_feedback_answer"),
    CheckConstraint("(answered_at IS NULL) = (answered_by IS NULL)", name="floor_feedback_answered"),
    Index("floor_feedback_store_idx", "store_id", "given_at"),
    Index("floor_feedback_member_idx", "member_id"),
)
"""JSON: `tags`.  `member_id`: whose the order is, null where its receipt was scanned by a guest.
`answer`: what the store says to it, which its diner reads."""
