"""Tables of the live screens."""

from __future__ import annotations

from sqlalchemy import Column

from goodtaste.kernel.db import Int, Str, create_table

topic = create_table(
    "floor_topic",
    Column("name", Str, primary_key=True),
    Column("n", Int, nullable=False),
    narrow=True,
)
"""How often what a topic shows has changed: counted in the transaction of the change, so without gaps and in the order of commits."""
