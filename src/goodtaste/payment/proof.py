"""What must be true of payments at any moment; each query finds what breaks it."""

from __future__ import annotations

PROOFS = {
    "L6 refunds of a payment never exceed what was paid": """
        SELECT p.id, p.amount_fen, r.total FROM payment_payment p JOIN (
            SELECT payment_id, sum(amount_fen) AS total FROM payment_refund WHERE state <> 'failed' GROUP BY payment_id
        ) r ON r.payment_id = p.id
        WHERE r.total > p.amount_fen OR p.state <> 'succeeded'""",
    "L6b a payment counts exactly the refunds that did not fail": """
        SELECT p.id, p.refunded_fen, r.total FROM payment_payment p LEFT JOIN (
            SELECT payment_id, sum(amount_fen) AS total FROM payment_refund WHERE state <> 'failed' GROUP BY payment_id
        ) r ON r.payment_id = p.id
        WHERE p.refunded_fen <> coalesce(r.total, 0)""",
    "L6c what is final says when it became so, and what is open does not": """
        SELECT id FROM payment_payment WHERE (state IN ('pending', 'unknown')) <> (settled_at IS NULL)
        UNION ALL SELECT id FROM payment_refund WHERE (state IN ('pending', 'unknown')) <> (settled_at IS NULL)""",
    "L6d an order is held by one attempt at most, and by none that ended without money": """
        SELECT order_id FROM payment_payment WHERE holds_order_id IS NOT NULL GROUP BY order_id HAVING count(*) > 1
        UNION ALL SELECT order_id FROM payment_payment WHERE holds_order_id IS NOT NULL AND state IN ('failed', 'closed')""",
    "L6e money that pays no order is on its way back in full, or a refund of it failed and a person has to look": """
        SELECT p.id FROM payment_payment p
        WHERE p.state = 'succeeded' AND p.holds_order_id IS NULL AND p.refunded_fen < p.amount_fen
        AND NOT EXISTS (SELECT 1 FROM payment_refund r WHERE r.payment_id = p.id AND r.state = 'failed')""",
    "L6f a transaction at a gateway belongs to one payment": """
        SELECT method, gateway_ref FROM payment_payment WHERE state = 'succeeded' AND gateway_ref IS NOT NULL
        GROUP BY method, gateway_ref HAVING count(*) > 1""",
}
