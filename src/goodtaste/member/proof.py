"""What must be true of members at any moment; each query finds what breaks it."""

from __future__ import annotations

PROOFS = {
    "M1 a member's level is the one of the newest change": """
        SELECT m.id, m.level, c.to_level FROM member_member m JOIN member_level_change c ON c.member_id = m.id
        WHERE c.to_level <> m.level AND NOT EXISTS (
            SELECT 1 FROM member_level_change n WHERE n.member_id = m.id AND (n.at > c.at OR (n.at = c.at AND n.id > c.id)))""",
    "M2 a phone number is sealed, findable and masked, or not there at all": """
        SELECT id FROM member_member
        WHERE (phone_sealed IS NULL) <> (phone_index IS NULL) OR (phone_sealed IS NULL) <> (phone_masked = '')""",
    "M3 every sealed number has its member's key": """
        SELECT m.id FROM member_member m LEFT JOIN member_secret s ON s.member_id = m.id
        WHERE m.phone_sealed IS NOT NULL AND s.member_id IS NULL""",
    "M4 what was refunded of an order is at most what was paid, and growth at most what that is worth": """
        SELECT order_id FROM member_purchase WHERE refunded_fen > paid_fen OR growth > paid_fen / 100""",
}
