"""What must be true of members at any moment; each query finds what breaks it."""

from __future__ import annotations

from goodtaste.member.rules import Program

LADDER = (
    "ladder AS (SELECT code, growth_min FROM member_level_step UNION ALL SELECT code, growth_min FROM (:defaults) d"
    " WHERE NOT EXISTS (SELECT 1 FROM member_level_step))"
).replace(
    ":defaults",
    " UNION ALL ".join(f"SELECT '{each.code}' AS code, {each.growth_min} AS growth_min" for each in Program().levels),
)
"""A common table of the levels and the growth that reaches them."""

PROOFS = {
    "M1 a member's level is the one of the newest change": """
        SELECT m.id, m.level, c.to_level FROM member_member m JOIN member_level_change c ON c.member_id = m.id
        WHERE c.to_level <> m.level AND NOT EXISTS (
            SELECT 1 FROM member_level_change n WHERE n.member_id = m.id AND n.version > c.version)""",
    "M2 a phone number is sealed, findable and masked, or not there at all": """
        SELECT id FROM member_member
        WHERE (phone_sealed IS NULL) <> (phone_index IS NULL) OR (phone_sealed IS NULL) <> (phone_masked = '')""",
    "M3 every sealed number has its member's key": """
        SELECT m.id FROM member_member m LEFT JOIN member_secret s ON s.member_id = m.id
        WHERE m.phone_sealed IS NOT NULL AND s.member_id IS NULL""",
    "M5 a member's level is the highest of the grants that hold, the lowest where none does, once a plan is carried out": """
        WITH :ladder
        SELECT m.id, m.level FROM member_member m
        LEFT JOIN (
            SELECT g.member_id, max(l.growth_min) AS reach FROM member_level_grant g JOIN ladder l ON l.code = g.level
            WHERE g.ended_at IS NULL GROUP BY g.member_id) h ON h.member_id = m.id
        LEFT JOIN ladder l ON l.code = m.level
        WHERE m.status <> 'erased'
        AND coalesce(l.growth_min, 0) <> coalesce(h.reach, 0)
        AND NOT EXISTS (SELECT 1 FROM kernel_job WHERE name = 'member.carry_out_plan')""".replace(":ladder", LADDER),
    "M4 what was refunded of an order is at most what was paid, and growth at most what that is worth": """
        SELECT order_id FROM member_purchase WHERE refunded_fen > paid_fen OR growth > paid_fen / 100""",
}
