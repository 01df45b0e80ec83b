"""What must be true of subscriptions at any moment; each query finds what breaks it."""

from __future__ import annotations

PROOFS = {
    "S1 a paid period was paid by one charge of its own, and what a charge holds is a period": """
        SELECT p.subscription_id, p.n, c.id FROM promo_period p LEFT JOIN promo_charge c ON c.id = p.charge_id
        WHERE p.n > 0 AND (c.id IS NULL OR c.state <> 'succeeded' OR c.n <> p.n OR c.subscription_id <> p.subscription_id)
        UNION ALL SELECT c.subscription_id, c.n, c.id FROM promo_charge c LEFT JOIN promo_period p ON p.charge_id = c.id
        WHERE c.state = 'succeeded' AND c.holds IS NOT NULL AND p.n IS NULL""",
    "S2 what was charged, less what goes back, is what the periods stand for, to the fen": """
        SELECT s.id, c.paid, p.value FROM promo_subscription s
        LEFT JOIN (SELECT subscription_id, sum(amount_fen - refunded_fen) AS paid FROM promo_charge
            WHERE state = 'succeeded' GROUP BY subscription_id) c ON c.subscription_id = s.id
        LEFT JOIN (SELECT subscription_id, sum(value_fen) AS value FROM promo_period GROUP BY subscription_id) p
            ON p.subscription_id = s.id
        WHERE coalesce(c.paid, 0) <> coalesce(p.value, 0)""",
    "S3 a charge counts exactly what goes back of it, once": """
        SELECT c.id, c.refunded_fen, r.total FROM promo_charge c LEFT JOIN (
            SELECT charge_id, sum(amount_fen) AS total FROM promo_charge_refund WHERE makes_up_for IS NULL GROUP BY charge_id
        ) r ON r.charge_id = c.id
        WHERE c.refunded_fen <> coalesce(r.total, 0) OR (c.refunded_fen > 0 AND c.state <> 'succeeded')""",
    "S4 money that pays for no period goes back in full": """
        SELECT id FROM promo_charge WHERE state = 'succeeded' AND holds IS NULL AND refunded_fen <> amount_fen""",
    "S5 a grant belongs to a period that is paid or tried, and a given one has its coupon, which is its member's": """
        SELECT g.id, g.state, c.member_id FROM promo_grant g JOIN promo_subscription s ON s.id = g.subscription_id
        LEFT JOIN promo_coupon c ON c.id = g.id
        WHERE (g.state = 'given' AND c.id IS NULL) OR c.member_id <> s.member_id OR g.n > s.n
        OR (g.state = 'void' AND c.state IN ('issued', 'offered') AND g.next_at IS NULL)""",
    "S6 a renewal was noticed, with a receipt five days old, for at least what it takes, at a price that was agreed to": """
        SELECT c.id FROM promo_charge c
        LEFT JOIN promo_renewal_notice w ON w.id = c.notice_id
        LEFT JOIN promo_subscription_consent a
            ON a.subscription_id = c.subscription_id AND a.plan_id = c.plan_id AND a.price_fen = c.price_fen
        WHERE a.at IS NULL OR a.at > c.started_at OR (c.kind = 'renewal' AND (
            w.delivered_s IS NULL OR w.n <> c.n OR c.amount_fen > w.amount_fen OR c.made_s - w.delivered_s < 432000))""",
    "S7 the period that a subscription says it is in is the newest that is paid": """
        SELECT s.id, s.n, p.n FROM promo_subscription s
        LEFT JOIN (SELECT subscription_id, max(n) AS n FROM promo_period GROUP BY subscription_id) p ON p.subscription_id = s.id
        WHERE s.n <> coalesce(p.n, 0) OR (s.state IN ('trial', 'active', 'past_due') AND p.n IS NULL)""",
    "S8 a refund makes up for one that failed, of the same charge, by the same amount": """
        SELECT r.id, f.id FROM promo_charge_refund r JOIN promo_charge_refund f ON f.id = r.makes_up_for
        WHERE f.state <> 'failed' OR f.charge_id <> r.charge_id OR f.amount_fen <> r.amount_fen""",
}
