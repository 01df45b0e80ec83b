"""What must be true between the rooms at any moment; each query finds what breaks it.

Each room proves its own books.  Here an order is held against what payment, ledger, promotions and menu say of it.
"""

from __future__ import annotations

from goodtaste.member.api import LADDER

PROOFS = {
    "X1 an order that is paid has brought its money, and one that is not holds none": """
        SELECT o.id, o.pay_state, o.due_fen, p.amount FROM ordering_order o LEFT JOIN (
            SELECT coalesce(holds_order_id, part_of) AS order_id, sum(amount_fen) AS amount FROM payment_payment
            WHERE state = 'succeeded' AND (holds_order_id IS NOT NULL OR part_of IS NOT NULL) GROUP BY 1
        ) p ON p.order_id = o.id LEFT JOIN payment_split s ON s.order_id = o.id
        WHERE coalesce(p.amount, 0) <> CASE WHEN o.pay_state IN ('paid', 'partly_refunded', 'refunded') THEN o.due_fen
            WHEN o.pay_state = 'part_paid' THEN s.captured_fen ELSE 0 END
        OR (o.pay_state = 'part_paid' AND (s.due_fen <> o.due_fen OR s.captured_fen + s.pending_fen = 0 OR s.captured_fen = s.due_fen))
        UNION ALL SELECT p.id, p.state, p.amount_fen, NULL FROM payment_payment p
        LEFT JOIN ordering_order o ON o.id = p.order_id WHERE o.id IS NULL""",
    "X2 an order that is being paid has an attempt under way, and no other has": """
        SELECT o.id, o.pay_state, p.state FROM ordering_order o
        LEFT JOIN payment_payment p ON p.holds_order_id = o.id AND p.state IN ('pending', 'unknown')
        WHERE (o.pay_state = 'paying') <> (p.id IS NOT NULL)""",
    "X3 what a refund of an order promises is given back by the payments that paid it": """
        SELECT f.id, f.amount_fen, r.amount_fen FROM ordering_refund f
        LEFT JOIN (
            SELECT r.cause_id, p.order_id, sum(r.amount_fen) AS amount_fen FROM payment_refund r
            JOIN payment_payment p ON p.id = r.payment_id GROUP BY r.cause_id, p.order_id
        ) r ON r.cause_id = f.id
        WHERE f.amount_fen <> coalesce(r.amount_fen, 0) OR r.order_id <> f.order_id
        UNION ALL SELECT r.id, r.amount_fen, NULL FROM payment_refund r LEFT JOIN ordering_refund f ON f.id = r.cause_id
        WHERE f.id IS NULL AND r.cause_id <> r.payment_id""",
    "X4 the points an order earned are those the ledger gave for it": """
        SELECT o.id, o.points_earned, e.amount FROM ordering_order o LEFT JOIN (
            SELECT t.order_id, t.owner_id, sum(e.amount) AS amount FROM ledger_txn t JOIN ledger_entry e ON e.txn_id = t.id
            WHERE t.kind = 'earn' AND t.order_id IS NOT NULL GROUP BY t.order_id, t.owner_id
        ) e ON e.order_id = o.id
        WHERE o.points_earned <> coalesce(e.amount, 0) OR e.owner_id <> o.member_id""",
    "X5 the points an order uses are spent where it is paid, and held where it is not": """
        SELECT o.id, o.points, u.spent, u.held FROM ordering_order o LEFT JOIN (
            SELECT t.order_id,
                sum(CASE WHEN t.kind IN ('spend', 'capture') THEN e.amount ELSE 0 END) AS spent,
                sum(CASE t.kind WHEN 'hold' THEN e.amount WHEN 'release' THEN -e.amount WHEN 'capture' THEN -e.amount ELSE 0 END)
                    AS held
            FROM ledger_txn t JOIN ledger_entry e ON e.txn_id = t.id
            WHERE t.kind IN ('spend', 'hold', 'capture', 'release') AND t.order_id IS NOT NULL GROUP BY t.order_id
        ) u ON u.order_id = o.id
        WHERE coalesce(u.spent, 0) <> CASE WHEN o.pay_state IN ('paid', 'partly_refunded', 'refunded') THEN o.points ELSE 0 END
        OR coalesce(u.held, 0) <> CASE WHEN o.pay_state IN ('unpaid', 'paying', 'part_paid')
            AND o.state <> 'cancelled' THEN o.points ELSE 0 END""",
    "X6 a refund moved the points that it says": """
        SELECT f.id, f.points_back, f.points_taken, m.back, m.taken FROM ordering_refund f LEFT JOIN (
            SELECT t.source_id,
                sum(CASE WHEN t.kind = 'unspend' THEN e.amount ELSE 0 END) AS back,
                sum(CASE WHEN t.kind = 'unearn' THEN e.amount ELSE 0 END) AS taken
            FROM ledger_txn t JOIN ledger_entry e ON e.txn_id = t.id
            WHERE t.kind IN ('unspend', 'unearn') GROUP BY t.source_id
        ) m ON m.source_id = f.id
        WHERE f.points_back <> coalesce(m.back, 0) OR f.points_taken <> coalesce(m.taken, 0)""",
    "X7 the coupons of an order are held until it is paid, redeemed then, and free once it is cancelled or refunded": """
        SELECT o.id, j.key, CAST(CAST(j.value AS text) AS integer), c.state FROM ordering_order o
        JOIN json_each(json(o.coupons)) j ON true LEFT JOIN promo_coupon c ON c.order_id = o.id AND CAST(c.id AS text) = j.key
        WHERE coalesce(c.state, 'free') <> CASE
            WHEN o.state = 'cancelled' OR o.pay_state = 'refunded' THEN 'free'
            WHEN o.pay_state IN ('unpaid', 'paying', 'part_paid') THEN 'held' ELSE 'redeemed' END
        OR c.saved_fen <> CAST(CAST(j.value AS text) AS integer) OR c.member_id <> o.member_id
        UNION ALL SELECT c.order_id, CAST(c.id AS text), c.saved_fen, c.state FROM promo_coupon c
        LEFT JOIN ordering_order o ON o.id = c.order_id
        WHERE c.order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each(json(o.coupons)) j WHERE j.key = CAST(c.id AS text))""",
    "X7b what the orders of a store used of its budget for a template is what they hold and redeemed": """
        SELECT b.template_id, b.store_id, b.used, u.n, b.used_fen, u.fen FROM promo_store_budget b LEFT JOIN (
            SELECT c.template_id, o.store_id, count(*) AS n, sum(c.saved_fen) AS fen FROM promo_coupon c
            JOIN ordering_order o ON o.id = c.order_id GROUP BY c.template_id, o.store_id
        ) u ON u.template_id = b.template_id AND u.store_id = b.store_id
        WHERE b.used <> coalesce(u.n, 0) OR b.used_fen <> coalesce(u.fen, 0)""",
    "X8 what a store counts as sold is what its orders took, less what was put back": """
        SELECT s.store_id, s.sku_id, s.sold, t.n FROM menu_stock s LEFT JOIN (
            SELECT store_id, sku, sum(n) AS n FROM (
                SELECT o.store_id, j.key AS sku, CAST(CAST(j.value AS text) AS integer) * l.qty AS n
                FROM ordering_order o JOIN ordering_line l ON l.order_id = o.id,
                json_each(json(CASE l.takes WHEN '' THEN '{"' || CAST(l.sku_id AS text) || '":1}' ELSE l.takes END)) j
                WHERE (o.state <> 'cancelled' OR o.pay_state = 'refunded') AND o.source = ''
                UNION ALL
                SELECT o.store_id, j.key, CAST(CAST(j.value AS text) AS integer) * r.returned_qty
                FROM ordering_return r JOIN ordering_order o ON o.id = r.order_id
                JOIN ordering_line l ON l.order_id = r.order_id AND l.dish_id = r.dish_id,
                json_each(json(CASE l.takes WHEN '' THEN '{"' || CAST(l.sku_id AS text) || '":1}' ELSE l.takes END)) j
                WHERE NOT r.restock
                UNION ALL
                SELECT o.store_id, j.key, -CAST(CAST(j.value AS text) AS integer) * p.qty
                FROM ordering_refund f JOIN ordering_refund_line p ON p.refund_id = f.id
                JOIN ordering_order o ON o.id = f.order_id
                JOIN ordering_line l ON l.order_id = f.order_id AND l.line_no = p.line_no,
                json_each(json(CASE l.takes WHEN '' THEN '{"' || CAST(l.sku_id AS text) || '":1}' ELSE l.takes END)) j
                WHERE f.restock
            ) taken GROUP BY store_id, sku
        ) t ON t.store_id = s.store_id AND t.sku = CAST(s.sku_id AS text)
        WHERE s.sold <> coalesce(t.n, 0)""",
    "X14 an order that was cancelled or refunded whole uses no offer, and any other what it saves by offers": """
        SELECT o.id, o.state, o.pay_state, o.offer_fen, u.fen FROM ordering_order o LEFT JOIN (
            SELECT order_id, sum(saved_fen) AS fen FROM promo_offer_use GROUP BY order_id
        ) u ON u.order_id = o.id
        WHERE CASE WHEN o.state = 'cancelled' OR o.pay_state = 'refunded' THEN u.fen IS NOT NULL
            WHEN o.refunded_fen = 0 THEN coalesce(u.fen, 0) < o.offer_fen ELSE false END
        UNION ALL SELECT u.order_id, NULL, NULL, NULL, u.saved_fen FROM promo_offer_use u
        LEFT JOIN ordering_order o ON o.id = u.order_id WHERE o.id IS NULL""",
    "X9 growth that has not run out has lifted every member as far as it reaches, once a plan is carried out": """
        WITH :ladder, grown AS (
            SELECT a.owner_id, sum(l.remaining) AS growth FROM ledger_account a JOIN ledger_lot l ON l.account_id = a.id
            WHERE a.unit = 'GROWTH' AND a.kind = 'member' AND l.expires_on >= (SELECT max(business_date) FROM ledger_txn)
            GROUP BY a.owner_id)
        SELECT m.id, g.growth, e.level FROM member_member m JOIN grown g ON g.owner_id = m.id
        LEFT JOIN member_level_grant e ON e.member_id = m.id AND e.source = 'earned' AND e.ended_at IS NULL
        LEFT JOIN ladder h ON h.code = e.level
        WHERE m.status <> 'erased'
        AND (SELECT max(growth_min) FROM ladder WHERE growth_min <= g.growth) > coalesce(h.growth_min, 0)
        AND NOT EXISTS (SELECT 1 FROM kernel_job WHERE name = 'member.carry_out_plan')""".replace(":ladder", LADDER),
    "X10 a correction by hand moved the points that it says, once it was made": """
        SELECT j.id, j.points, m.amount FROM member_adjustment j LEFT JOIN (
            SELECT t.source_id, sum(CASE WHEN a.kind = 'goodwill' THEN e.amount ELSE -e.amount END) AS amount
            FROM ledger_txn t JOIN ledger_entry e ON e.txn_id = t.id JOIN ledger_account a ON a.id = e.from_id
            WHERE t.kind = 'adjust' GROUP BY t.source_id
        ) m ON m.source_id = j.id
        WHERE coalesce(m.amount, 0) <> CASE WHEN j.state IN ('alone', 'approved') THEN j.points ELSE 0 END""",
    "X11 a gift took from one what it gave to the other": """
        SELECT g.id, g.points, m.gone, m.came FROM member_gift g LEFT JOIN (
            SELECT t.source_id, sum(CASE WHEN t.kind = 'gift' THEN e.amount ELSE 0 END) AS gone,
                sum(CASE WHEN t.kind = 'gifted' THEN e.amount ELSE 0 END) AS came
            FROM ledger_txn t JOIN ledger_entry e ON e.txn_id = t.id WHERE t.kind IN ('gift', 'gifted') GROUP BY t.source_id
        ) m ON m.source_id = g.id
        WHERE g.points <> coalesce(m.gone, 0) OR g.points <> coalesce(m.came, 0)""",
    "X12 an exchange in the points shop took its points and brought its coupon; one that was cancelled took none": """
        SELECT x.id, x.points, m.amount FROM promo_exchange x LEFT JOIN (
            SELECT t.source_id, sum(CASE t.kind WHEN 'redeem' THEN e.amount ELSE -e.amount END) AS amount
            FROM ledger_txn t JOIN ledger_entry e ON e.txn_id = t.id WHERE t.kind IN ('redeem', 'unredeem') GROUP BY t.source_id
        ) m ON m.source_id = x.id LEFT JOIN promo_coupon c ON c.id = x.coupon_id
        WHERE coalesce(m.amount, 0) <> CASE WHEN x.state = 'cancelled' THEN 0 ELSE x.points END
        OR (x.coupon_id IS NOT NULL AND c.id IS NULL)""",
    "X13 what an item of the points shop counts as exchanged is what members have of it": """
        SELECT i.id, i.exchanged, x.n FROM promo_shop_item i LEFT JOIN (
            SELECT item_id, count(*) AS n FROM promo_exchange WHERE state <> 'cancelled' GROUP BY item_id
        ) x ON x.item_id = i.id WHERE i.exchanged <> coalesce(x.n, 0)""",
    "X15a the kitchen wants of a dish what its bill fired of it, as soon as every event was heard": """
        SELECT k.dish_id, k.order_id, k.wanted, k.least, k.most FROM (
            SELECT d.dish_id, d.order_id, o.state, d.fired - d.returned AS wanted, coalesce(l.qty - l.held_qty, 0) * d.each AS most,
                coalesce(l.qty - CASE WHEN l.refunded_qty > l.held_qty THEN l.refunded_qty ELSE l.held_qty END, 0) * d.each AS least
            FROM floor_dish d JOIN ordering_order o ON o.id = d.order_id
            LEFT JOIN ordering_line l ON l.order_id = d.order_id AND l.dish_id = d.of_dish_id
            WHERE NOT EXISTS (SELECT 1 FROM kernel_outbox) AND (o.went_to IS NULL OR o.state = 'cancelled')
        ) k WHERE CASE WHEN k.state = 'cancelled' THEN k.wanted <> 0
            WHEN k.state IN ('served', 'picked_up', 'delivered', 'completed') THEN k.wanted < k.least OR k.wanted > k.most
            ELSE k.wanted <> k.least END""",
    "X15b what is to be made of an order is in the kitchen, as soon as every event was heard": """
        SELECT l.order_id, l.line_no FROM ordering_line l JOIN ordering_order o ON o.id = l.order_id
        LEFT JOIN floor_dish d ON d.order_id = l.order_id AND d.of_dish_id = l.dish_id
        WHERE NOT EXISTS (SELECT 1 FROM kernel_outbox) AND d.dish_id IS NULL AND l.qty > l.held_qty
        AND o.source = '' AND o.state <> 'cancelled' AND o.went_to IS NULL
        AND (NOT o.pay_first OR o.reopens IS NOT NULL OR o.paid_at IS NOT NULL OR o.state <> 'placed')""",
}
