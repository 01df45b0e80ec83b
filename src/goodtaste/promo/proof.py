"""What must be true of coupons at any moment; each query finds what breaks it."""

from __future__ import annotations

PROOFS = {
    "L11 what an offer counts as used is what orders use of it, within its budgets": """
        SELECT o.id, o.used, u.n, o.used_fen, u.fen FROM promo_offer o
        LEFT JOIN (SELECT offer_id, count(*) AS n, sum(saved_fen) AS fen FROM promo_offer_use GROUP BY offer_id) u
        ON u.offer_id = o.id
        WHERE o.used <> coalesce(u.n, 0) OR o.used_fen <> coalesce(u.fen, 0)
        OR o.used > coalesce(o.budget_count, o.used) OR o.used_fen > coalesce(o.budget_fen, o.used_fen)""",
    "L9b what a template counts as issued, and at which cost, is its coupons and the codes that may be redeemed, within its budgets": """
        SELECT t.id, t.issued, c.n, b.n, t.issued_fen, c.fen, b.fen FROM promo_template t
        LEFT JOIN (
            SELECT template_id, count(*) AS n, sum(cost_fen) AS fen FROM promo_coupon WHERE from_id IS NULL GROUP BY template_id
        ) c ON c.template_id = t.id
        LEFT JOIN (
            SELECT template_id, sum(count - used) AS n, sum((count - used) * cost_fen) AS fen FROM promo_batch
            WHERE state <> 'void' GROUP BY template_id
        ) b ON b.template_id = t.id
        WHERE t.issued <> coalesce(c.n, 0) + coalesce(b.n, 0) OR t.issued > coalesce(t.budget_count, t.issued)
        OR t.issued_fen <> coalesce(c.fen, 0) + coalesce(b.fen, 0) OR t.issued_fen > coalesce(t.budget_fen, t.issued_fen)""",
    "L9c a batch has as many codes as it says, and as many of them are redeemed into coupons": """
        SELECT b.id, b.made, c.n, b.used, c.used FROM promo_batch b LEFT JOIN (
            SELECT d.batch_id, count(*) AS n, count(p.id) AS used FROM promo_code d LEFT JOIN promo_coupon p ON p.id = d.coupon_id
            GROUP BY d.batch_id
        ) c ON c.batch_id = b.id
        WHERE b.made <> coalesce(c.n, 0) OR b.used <> coalesce(c.used, 0)""",
    "L9d a campaign counts as issued the coupons that exist of it": """
        SELECT a.id, a.issued, c.n FROM promo_campaign a
        LEFT JOIN (SELECT campaign_id, count(*) AS n FROM promo_coupon WHERE campaign_id IS NOT NULL GROUP BY campaign_id) c
        ON c.campaign_id = a.id WHERE a.issued <> coalesce(c.n, 0)""",
    "L9e a coupon is offered while its offer stands, and given where another member has it": """
        SELECT c.id, c.state, g.id FROM promo_coupon c LEFT JOIN promo_gift g ON g.coupon_id = c.id AND g.state = 'offered'
        WHERE (c.state = 'offered' AND g.id IS NULL) OR (g.id IS NOT NULL AND c.state NOT IN ('offered', 'revoked'))
        UNION ALL SELECT c.id, c.state, n.id FROM promo_coupon c LEFT JOIN promo_coupon n ON n.from_id = c.id
        WHERE (c.state = 'given') <> (n.id IS NOT NULL)""",
}
