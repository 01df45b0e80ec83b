"""What must be true of coupons at any moment; each query finds what breaks it."""

from __future__ import annotations

PROOFS = {
    "L11 what an offer counts as used is what orders use of it, within its budgets": """
        SELECT o.id, o.used, u.n, o.used_fen, u.fen FROM promo_offer o
        LEFT JOIN (SELECT offer_id, count(*) AS n, sum(saved_fen) AS fen FROM promo_offer_use GROUP BY offer_id) u
        ON u.offer_id = o.id
        WHERE o.used <> coalesce(u.n, 0) OR o.used_fen <> coalesce(u.fen, 0)
        OR o.used > coalesce(o.budget_count, o.used) OR o.used_fen > coalesce(o.budget_fen, o.used_fen)""",
    "L9b what a template counts as issued, and at which cost, is what exists of it, within its budgets": """
        SELECT t.id, t.issued, c.n, t.issued_fen, c.fen FROM promo_template t
        LEFT JOIN (
            SELECT template_id, count(*) AS n, sum(cost_fen) AS fen FROM promo_coupon WHERE from_id IS NULL GROUP BY template_id
        ) c ON c.template_id = t.id
        WHERE t.issued <> coalesce(c.n, 0) OR t.issued > coalesce(t.budget_count, t.issued)
        OR t.issued_fen <> coalesce(c.fen, 0) OR t.issued_fen > coalesce(t.budget_fen, t.issued_fen)""",
}
