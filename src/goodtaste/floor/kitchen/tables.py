"""Tables of the kitchen."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)

from goodtaste.kernel.db import Day, Flag, Id, Int, Moment, Str, create_table, id_column

NO_STATION = "00000000-0000-8000-8000-0000000000fe"
"""Where a dish is made that goes to no station: everybody who looks at the whole kitchen sees it."""

station = create_table(
    "floor_station",
    id_column(),
    Column("store_id", Id, nullable=False),
    Column("name", Str, nullable=False),
    Column("kind", Str, nullable=False),
    Column("capacity", Int, nullable=False),
    Column("active", Flag, nullable=False),
    UniqueConstraint("store_id", "name", name="floor_station_name_key"),
    CheckConstraint("kind IN ('make', 'expo')", name="floor_station_kind"),
    CheckConstraint("capacity BETWEEN 1 AND 100", name="floor_station_capacity"),
)
"""`capacity`: how many pieces are made there side by side."""

route = create_table(
    "floor_route",
    Column("store_id", Id, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("station_id", Id, ForeignKey("floor_station.id"), nullable=False),
    PrimaryKeyConstraint("store_id", "subject_id"),
    narrow=True,
)
"""Which station makes a dish, or the dishes of a category; a dish's own goes before its category's."""

dish = create_table(
    "floor_dish",
    Column("dish_id", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("of_dish_id", Id, nullable=False),
    Column("each", Int, nullable=False),
    Column("ticket_id", Id, nullable=False),
    Column("store_id", Id, nullable=False),
    Column("station_id", Id, nullable=False),
    Column("table_id", Id),
    Column("kind", Str, nullable=False),
    Column("sku_id", Id, nullable=False),
    Column("name", Str, nullable=False),
    Column("of_set", Str, nullable=False),
    Column("options", Str, nullable=False),
    Column("note", Str, nullable=False),
    Column("course", Int, nullable=False),
    Column("guest", Str, nullable=False),
    Column("minutes", Int, nullable=False),
    Column("fired", Int, nullable=False),
    Column("waiting", Int, nullable=False),
    Column("cooking", Int, nullable=False),
    Column("ready", Int, nullable=False),
    Column("served", Int, nullable=False),
    Column("returned", Int, nullable=False),
    Column("hurried", Int, nullable=False),
    Column("hurried_at", Moment),
    Column("fired_at", Moment, nullable=False),
    Column("raw_s", Int, nullable=False),
    Column("promised_s", Int, nullable=False),
    Column("ready_at", Moment),
    Column("version", Int, nullable=False),
    PrimaryKeyConstraint("dish_id", "order_id"),
    CheckConstraint("fired = waiting + cooking + ready + served + returned", name="floor_dish_adds_up"),
    CheckConstraint(
        "waiting >= 0 AND cooking >= 0 AND ready >= 0 AND served >= 0 AND returned >= 0", name="floor_dish_counts"
    ),
    Index(
        "floor_dish_open_idx",
        "store_id",
        "fired_at",
        postgresql_where=text("waiting + cooking + ready > 0"),
        sqlite_where=text("waiting + cooking + ready > 0"),
    ),
    Index("floor_dish_order_idx", "order_id"),
    Index("floor_dish_ticket_idx", "ticket_id"),
)
"""Pieces of a dish on one bill, by where they stand in the kitchen; when some move to another bill, they are a row there too.

A part of a set meal is a dish of its own: `of_dish_id` is the dish on the bill, of which a piece has `each` of it, `of_set` its name.
`raw_s` is how long they should have taken by the queue alone, `promised_s` what was told; both from `fired_at`."""

owed = create_table(
    "floor_owed",
    id_column(),
    Column("dish_id", Id, nullable=False),
    Column("order_id", Id, nullable=False),
    Column("to_order_id", Id),
    Column("table_id", Id),
    Column("qty", Int, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("qty > 0", name="floor_owed_qty"),
    Index("floor_owed_dish_idx", "dish_id", "order_id"),
)
"""Pieces that were returned, or moved to the bill `to_order_id`, before the kitchen heard of them: it is done when they come."""

pace = create_table(
    "floor_pace",
    Column("store_id", Id, nullable=False),
    Column("station_id", Id, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("n", Int, nullable=False),
    Column("raw_s", Int, nullable=False),
    Column("promised_s", Int, nullable=False),
    Column("took_s", Int, nullable=False),
    Column("off_s", Int, nullable=False),
    Column("late", Int, nullable=False),
    PrimaryKeyConstraint("store_id", "station_id", "business_date"),
    narrow=True,
)
"""Of a day's dishes at a station: how many, what they should have taken, were said to take and took, and how far that was off."""

pickup = create_table(
    "floor_pickup",
    Column("order_id", Id, primary_key=True),
    Column("store_id", Id, nullable=False),
    Column("business_date", Day, nullable=False),
    Column("no", Int, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ready_at", Moment),
    Column("called", Int, nullable=False),
    Column("called_at", Moment),
    Column("gone_at", Moment),
    UniqueConstraint("store_id", "business_date", "no", name="floor_pickup_no_key"),
)
"""The number under which an order that is fetched at the counter is called."""
