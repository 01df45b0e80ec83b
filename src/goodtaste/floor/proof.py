"""What must be true of the floor at any moment; each query finds what breaks it."""

from __future__ import annotations

PROOFS = {
    "F1 who sits at a table has a seating that goes on, and every seating that goes on has a table": """
        SELECT s.id, s.state, t.table_id FROM floor_seating s LEFT JOIN floor_seated t ON t.seating_id = s.id
        WHERE (s.state = 'closed') <> (t.table_id IS NULL)""",
    "F2 phones, carts and bills of a seating that was merged into another sit with that one": """
        SELECT g.id, s.id FROM floor_guest g JOIN floor_seating s ON s.id = g.seating_id WHERE s.merged_into IS NOT NULL
        UNION ALL SELECT c.id, s.id FROM floor_cart_line c JOIN floor_seating s ON s.id = c.seating_id WHERE s.merged_into IS NOT NULL
        UNION ALL SELECT o.order_id, s.id FROM floor_seating_order o JOIN floor_seating s ON s.id = o.seating_id
        WHERE s.merged_into IS NOT NULL""",
    "F3 every piece that was fired stands somewhere": """
        SELECT dish_id, order_id FROM floor_dish WHERE fired <> waiting + cooking + ready + served + returned""",
}
