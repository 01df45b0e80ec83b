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
        WHERE p.state = 'succeeded' AND p.holds_order_id IS NULL AND p.part_of IS NULL AND p.refunded_fen < p.amount_fen
        AND NOT EXISTS (SELECT 1 FROM payment_refund r WHERE r.payment_id = p.id AND r.state = 'failed')""",
    "L6g a bill that is paid in parts counts exactly its parts, and never more than is due": """
        SELECT s.order_id, s.captured_fen, s.pending_fen, p.captured, p.pending FROM payment_split s LEFT JOIN (
            SELECT part_of, sum(CASE WHEN state = 'succeeded' THEN amount_fen ELSE 0 END) AS captured,
                sum(CASE WHEN state IN ('pending', 'unknown') THEN amount_fen ELSE 0 END) AS pending
            FROM payment_payment WHERE part_of IS NOT NULL GROUP BY part_of
        ) p ON p.part_of = s.order_id
        WHERE s.captured_fen <> coalesce(p.captured, 0) OR s.pending_fen <> coalesce(p.pending, 0)
            OR s.captured_fen + s.pending_fen > s.due_fen
        UNION ALL SELECT p.part_of, p.amount_fen, 0, 0, 0 FROM payment_payment p LEFT JOIN payment_split s ON s.order_id = p.part_of
        WHERE p.part_of IS NOT NULL AND s.order_id IS NULL
        UNION ALL SELECT p.part_of, p.amount_fen, 0, 0, 0 FROM payment_payment p WHERE p.part_of IS NOT NULL
            AND p.state IN ('failed', 'closed')""",
    "L6h an account owes the sum of its entries": """
        SELECT a.id, a.owed_fen, e.fen FROM payment_account a LEFT JOIN (
            SELECT account_id, sum(amount_fen) AS fen FROM payment_account_entry GROUP BY account_id
        ) e ON e.account_id = a.id WHERE a.owed_fen <> coalesce(e.fen, 0)""",
    "L6i what people of the staff have eaten is what was paid as their meal, less what was given back": """
        SELECT m.staff_id, m.business_date, m.used_fen, p.fen FROM payment_meal m LEFT JOIN (
            SELECT tender_ref, business_date, sum(amount_fen - refunded_fen) AS fen FROM payment_payment
            WHERE method = 'staff_meal' GROUP BY tender_ref, business_date
        ) p ON p.tender_ref = CAST(m.staff_id AS text) AND p.business_date = m.business_date
        WHERE m.used_fen <> coalesce(p.fen, 0)""",
    "L6j reports of a store are numbered from 1 without a gap": """
        SELECT store_id, count(*), max(number) FROM payment_z GROUP BY store_id HAVING count(*) <> max(number) OR min(number) <> 1""",
    "L6k a closed shift and a closed day have their report, and only they": """
        SELECT s.id, s.z_number FROM payment_shift s LEFT JOIN payment_z z ON z.shift_id = s.id AND z.number = s.z_number
        WHERE (s.state = 'closed') <> (z.number IS NOT NULL)
        UNION ALL SELECT d.store_id, d.z_number FROM payment_day d LEFT JOIN payment_z z
        ON z.store_id = d.store_id AND z.number = d.z_number AND z.kind = 'day' AND z.business_date = d.business_date
        WHERE z.number IS NULL""",
    "L6l shifts of one drawer follow each other": """
        SELECT a.id, b.id FROM payment_shift a JOIN payment_shift b ON b.drawer_id = a.drawer_id AND b.id <> a.id
        WHERE a.opened_at < b.opened_at AND (a.counted_at IS NULL OR a.counted_at > b.opened_at)""",
    "L6f a transaction at a gateway belongs to one payment": """
        SELECT method, gateway_ref FROM payment_payment WHERE state = 'succeeded' AND gateway_ref IS NOT NULL
        GROUP BY method, gateway_ref HAVING count(*) > 1""",
    "L6i a refund makes up for one of the same payment that failed": """
        SELECT r.id FROM payment_refund r JOIN payment_refund f ON f.id = r.makes_up_for
        WHERE f.state <> 'failed' OR f.payment_id <> r.payment_id OR f.amount_fen <> r.amount_fen""",
}
