"""What must be true of coupons at any moment; each query finds what breaks it."""

from __future__ import annotations

PROOFS = {
    "L9b what a template counts as issued is what exists of it, within its budget": """
        SELECT t.id, t.issued, c.n FROM promo_template t
        LEFT JOIN (SELECT template_id, count(*) AS n FROM promo_coupon GROUP BY template_id) c ON c.template_id = t.id
        WHERE t.issued <> coalesce(c.n, 0) OR t.issued > coalesce(t.budget_count, t.issued)""",
}
