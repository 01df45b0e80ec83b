"""Tables of the menu."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from goodtaste.kernel.db import Day, Doc, Flag, Id, Int, Moment, Str, create_table, id_column

SNAPSHOT = "menu"
SHORT = "menu.short"  # what is sold out where; triggers on `menu_stock` move it, whoever changes the rows

category = create_table(
    "menu_category",
    id_column(),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("periods", Doc, nullable=False),
    Column("on_sale", Flag, nullable=False),
    Column("rank", Int, nullable=False),
    Column("version", Int, nullable=False),
    UniqueConstraint("name", name="menu_category_name_key"),
)

dish = create_table(
    "menu_dish",
    id_column(),
    Column("code", Str, nullable=False),
    Column("category_id", Id, ForeignKey("menu_category.id"), nullable=False),
    Column("kind", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("description", Str, nullable=False),
    Column("description_en", Str, nullable=False),
    Column("pictures", Doc, nullable=False),
    Column("tags", Doc, nullable=False),
    Column("allergens", Doc, nullable=False),
    Column("spice", Int, nullable=False),
    Column("calories_kcal", Int),
    Column("carbon_g", Int),
    Column("prep_minutes", Int, nullable=False),
    Column("station", Str, nullable=False),
    Column("on_sale", Flag, nullable=False),
    Column("rank", Int, nullable=False),
    Column("version", Int, nullable=False),
    UniqueConstraint("code", name="menu_dish_code_key"),
    Index("menu_dish_category_id_idx", "category_id"),
    CheckConstraint("kind IN ('dish', 'set')", name="menu_dish_kind"),
    CheckConstraint("spice BETWEEN 0 AND 3", name="menu_dish_spice"),
    CheckConstraint("carbon_g >= 0", name="menu_dish_carbon"),
    CheckConstraint("prep_minutes BETWEEN 0 AND 240", name="menu_dish_prep_minutes"),
)

sku = create_table(
    "menu_sku",
    id_column(),
    Column("dish_id", Id, ForeignKey("menu_dish.id"), nullable=False),
    Column("code", Str, nullable=False),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("on_sale", Flag, nullable=False),
    Column("rank", Int, nullable=False),
    UniqueConstraint("code", name="menu_sku_code_key"),
    Index("menu_sku_dish_id_idx", "dish_id"),
)

option_group = create_table(
    "menu_option_group",
    id_column(),
    Column("dish_id", Id, ForeignKey("menu_dish.id"), nullable=False),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("min_picks", Int, nullable=False),
    Column("max_picks", Int, nullable=False),
    Column("rank", Int, nullable=False),
    CheckConstraint("min_picks >= 0 AND max_picks >= min_picks AND max_picks > 0", name="menu_option_group_picks"),
    Index("menu_option_group_dish_id_idx", "dish_id"),
)

option = create_table(
    "menu_option",
    id_column(),
    Column("group_id", Id, ForeignKey("menu_option_group.id"), nullable=False),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("price_fen", Int, nullable=False),
    Column("rank", Int, nullable=False),
    CheckConstraint("price_fen >= 0", name="menu_option_price"),
    Index("menu_option_group_id_idx", "group_id"),
)

set_slot = create_table(
    "menu_set_slot",
    id_column(),
    Column("dish_id", Id, ForeignKey("menu_dish.id"), nullable=False),
    Column("name", Str, nullable=False),
    Column("name_en", Str, nullable=False),
    Column("rank", Int, nullable=False),
    Index("menu_set_slot_dish_id_idx", "dish_id"),
)

set_choice = create_table(
    "menu_set_choice",
    Column("slot_id", Id, ForeignKey("menu_set_slot.id"), nullable=False),
    Column("sku_id", Id, ForeignKey("menu_sku.id"), nullable=False),
    Column("qty", Int, nullable=False),
    Column("extra_fen", Int, nullable=False),
    Column("rank", Int, nullable=False),
    PrimaryKeyConstraint("slot_id", "sku_id"),
    CheckConstraint("qty > 0 AND extra_fen >= 0", name="menu_set_choice_parts"),
)

price = create_table(
    "menu_price",
    id_column(),
    Column("sku_id", Id, ForeignKey("menu_sku.id"), nullable=False),
    Column("kind", Str, nullable=False),
    Column("store_id", Id),
    Column("channel", Str),
    Column("amount_fen", Int, nullable=False),
    Column("valid_from_at", Moment, nullable=False),
    Column("valid_to_at", Moment),
    CheckConstraint("kind IN ('list', 'member')", name="menu_price_kind"),
    CheckConstraint("amount_fen >= 0", name="menu_price_amount"),
    CheckConstraint("valid_to_at IS NULL OR valid_to_at > valid_from_at", name="menu_price_span"),
    Index("menu_price_sku_id_idx", "sku_id"),
)

stock = create_table(
    "menu_stock",
    Column("store_id", Id, nullable=False),
    Column("sku_id", Id, ForeignKey("menu_sku.id"), nullable=False),
    Column("portions_left", Int),
    Column("portions_daily", Int),
    Column("sold_out", Flag, nullable=False),
    Column("sold_out_until_on", Day),
    Column("sold", Int, nullable=False),
    PrimaryKeyConstraint("store_id", "sku_id"),
    CheckConstraint("portions_left >= 0", name="menu_stock_portions"),
    CheckConstraint("portions_daily >= 0", name="menu_stock_portions_daily"),
    narrow=True,
)
"""`portions_left` NULL: not counted.  `portions_daily` is what the day starts with.  `sold_out_until_on` is the first day on which a
switch set by hand is lifted by itself; NULL while it is set: until somebody lifts it."""

store_day = create_table(
    "menu_store_day",
    Column("store_id", Id, primary_key=True),
    Column("business_date", Day, nullable=False),
    narrow=True,
)
"""The stores whose stock is kept, with the trading day that it was last made ready for."""
