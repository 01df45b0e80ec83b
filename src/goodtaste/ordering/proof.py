"""What must be true of orders at any moment; each query finds what breaks it."""

from __future__ import annotations

PROOFS = {
    "O1 an order is the sum of its lines, its fees and what is given with it": """
        SELECT o.id, o.due_fen, l.due FROM ordering_order o
        LEFT JOIN (
            SELECT order_id, sum(due_fen) AS due, sum(rounding_fen) AS rounding FROM ordering_line GROUP BY order_id
        ) l ON l.order_id = o.id
        WHERE o.due_fen <> coalesce(l.due, 0) + o.fee_fen + o.donation_fen - o.rounding_fen + coalesce(l.rounding, 0)
            OR (l.due IS NULL AND o.went_to IS NULL)""",
    "O1b what came off an order is the sum over its lines, and over its coupons": """
        SELECT o.id, o.coupon_fen, l.coupon_fen, c.fen FROM ordering_order o LEFT JOIN (
            SELECT order_id, sum(offer_fen) AS offer_fen, sum(coupon_fen) AS coupon_fen, sum(points_fen) AS points_fen,
                sum(hand_fen) AS hand_fen
            FROM ordering_line GROUP BY order_id
        ) l ON l.order_id = o.id
        LEFT JOIN (
            SELECT o.id, sum(CAST(CAST(j.value AS text) AS integer)) AS fen FROM ordering_order o
            JOIN json_each(json(o.coupons)) j ON true GROUP BY o.id
        ) c ON c.id = o.id
        WHERE o.offer_fen <> coalesce(l.offer_fen, 0) OR o.coupon_fen <> coalesce(l.coupon_fen, 0)
            OR o.points_fen <> coalesce(l.points_fen, 0) OR o.hand_fen <> coalesce(l.hand_fen, 0)
            OR o.coupon_fen <> coalesce(c.fen, 0)""",
    "O1c what people took off an order has a reason that holds": """
        SELECT o.id, o.hand_fen FROM ordering_order o WHERE o.hand_fen > 0 AND NOT EXISTS (
            SELECT 1 FROM ordering_discount d WHERE d.order_id = o.id AND d.ended_at IS NULL)""",
    "O2 what an order counts as refunded is the sum of its refunds": """
        SELECT o.id FROM ordering_order o
        LEFT JOIN (SELECT order_id, sum(amount_fen) AS amount FROM ordering_refund GROUP BY order_id) r ON r.order_id = o.id
        WHERE o.refunded_fen <> coalesce(r.amount, 0)""",
    "O3 what a line counts as refunded is the sum of its parts": """
        SELECT l.order_id, l.line_no FROM ordering_line l LEFT JOIN (
            SELECT f.order_id, p.line_no, sum(p.qty) AS qty FROM ordering_refund_line p
            JOIN ordering_refund f ON f.id = p.refund_id GROUP BY f.order_id, p.line_no
        ) r ON r.order_id = l.order_id AND r.line_no = l.line_no
        WHERE l.refunded_qty <> coalesce(r.qty, 0)""",
    "O4 a refund is the sum of its lines, and the fees with the last of them": """
        SELECT f.id FROM ordering_refund f
        LEFT JOIN (SELECT refund_id, sum(amount_fen) AS amount FROM ordering_refund_line GROUP BY refund_id) p ON p.refund_id = f.id
        WHERE f.amount_fen <> coalesce(p.amount, 0) + f.fee_fen""",
    "O5 an order refunded to the end has no piece left": """
        SELECT o.id FROM ordering_order o WHERE o.pay_state = 'refunded' AND (o.refunded_fen <> o.due_fen - o.donation_fen OR EXISTS (
            SELECT 1 FROM ordering_line l WHERE l.order_id = o.id AND l.refunded_qty <> l.qty))""",
    "O6 what a line counts as voided and returned is what was taken off it, with a reason": """
        SELECT l.order_id, l.line_no FROM ordering_line l LEFT JOIN (
            SELECT order_id, dish_id, sum(voided_qty) AS voided, sum(returned_qty) AS returned FROM ordering_return
            GROUP BY order_id, dish_id
        ) r ON r.order_id = l.order_id AND r.dish_id = l.dish_id
        WHERE l.voided_qty <> coalesce(r.voided, 0) OR l.returned_qty <> coalesce(r.returned, 0)
        UNION ALL SELECT r.order_id, NULL FROM ordering_return r LEFT JOIN ordering_line l
        ON l.order_id = r.order_id AND l.dish_id = r.dish_id WHERE l.order_id IS NULL""",
    "O7 a dish stands on a bill once": """
        SELECT order_id, dish_id FROM ordering_line GROUP BY order_id, dish_id HAVING count(*) > 1""",
}
