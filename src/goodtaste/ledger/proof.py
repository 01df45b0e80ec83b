"""What must be true of the ledger at any moment.  Each proof is a query for what breaks it; the books hold where none finds anything."""

from __future__ import annotations

PROOFS = {
    "L1 every entry moves an amount between two accounts of one unit": """
        SELECT e.txn_id, e.line FROM ledger_entry e
        LEFT JOIN ledger_account a ON a.id = e.from_id LEFT JOIN ledger_account b ON b.id = e.to_id
        WHERE a.id IS NULL OR b.id IS NULL OR a.unit <> b.unit OR e.amount <= 0""",
    "L2 every stored balance is the sum of its entries": """
        SELECT a.id, a.balance, s.total FROM ledger_account a LEFT JOIN (
            SELECT id, sum(amount) AS total FROM (
                SELECT to_id AS id, amount FROM ledger_entry UNION ALL SELECT from_id, -amount FROM ledger_entry) x GROUP BY id
        ) s ON s.id = a.id
        WHERE a.stored AND a.balance <> coalesce(s.total, 0)""",
    "L3 nobody has less than nothing, nobody owes less than nothing": """
        SELECT id, kind, balance FROM ledger_account
        WHERE (kind IN ('member', 'pending', 'hold') AND balance < 0) OR (kind = 'debt' AND balance > 0)""",
    "L4 a reversal mirrors what it reverses, and happens once": """
        SELECT r.id FROM ledger_txn r JOIN ledger_txn t ON t.id = r.reverses
        WHERE EXISTS (
            SELECT 1 FROM ledger_entry e WHERE e.txn_id = t.id AND NOT EXISTS (
                SELECT 1 FROM ledger_entry m
                WHERE m.txn_id = r.id AND m.from_id = e.to_id AND m.to_id = e.from_id AND m.amount = e.amount))
        UNION ALL SELECT reverses FROM ledger_txn WHERE reverses IS NOT NULL GROUP BY reverses HAVING count(*) > 1""",
    "L5 an order earns once": """
        SELECT order_id FROM ledger_txn WHERE kind = 'earn' AND order_id IS NOT NULL GROUP BY order_id HAVING count(*) > 1""",
    "L6 an order gives back at most what it took": """
        SELECT t.order_id FROM ledger_txn t JOIN ledger_entry e ON e.txn_id = t.id
        WHERE t.order_id IS NOT NULL AND t.kind IN ('hold', 'spend', 'redeem', 'release', 'unspend', 'unredeem')
        GROUP BY t.order_id HAVING sum(CASE WHEN t.kind IN ('hold', 'spend', 'redeem') THEN e.amount ELSE -e.amount END) < 0""",
    "L7 lots add up to the balance they belong to": """
        SELECT a.id, a.balance, coalesce(l.total, 0) FROM ledger_account a LEFT JOIN (
            SELECT account_id, sum(remaining) AS total FROM ledger_lot GROUP BY account_id) l ON l.account_id = a.id
        WHERE a.kind = 'member' AND a.stored AND a.balance <> coalesce(l.total, 0)""",
    "L7b what is left of a lot is what was put in less what was taken": """
        SELECT l.id FROM ledger_lot l LEFT JOIN (
            SELECT lot_id, sum(amount) AS used FROM ledger_lot_use GROUP BY lot_id) u ON u.lot_id = l.id
        WHERE l.remaining <> l.amount - coalesce(u.used, 0)""",
    "L8 a hold is what was used, released and is still open": """
        SELECT h.id FROM ledger_hold h LEFT JOIN ledger_account a ON a.id = h.id
        WHERE a.id IS NULL OR a.balance <> h.qty - h.used - h.released""",
    "L10 what is pending is what was earned and is neither vested nor taken back": """
        SELECT a.id, a.balance, e.open FROM ledger_account a LEFT JOIN (
            SELECT owner_id, sum(qty - vested - returned) AS open FROM ledger_earned GROUP BY owner_id) e ON e.owner_id = a.owner_id
        WHERE a.kind = 'pending' AND a.balance <> coalesce(e.open, 0)""",
    "L14 no transaction is without entries": """
        SELECT t.id FROM ledger_txn t LEFT JOIN ledger_entry e ON e.txn_id = t.id WHERE e.txn_id IS NULL""",
    "L15 what one owner gives on arrives at another: nothing stays on its way": """
        SELECT t.source_id, sum(CASE WHEN e.to_id = a.id THEN e.amount ELSE -e.amount END) AS stuck
        FROM ledger_account a JOIN ledger_entry e ON a.id IN (e.from_id, e.to_id) JOIN ledger_txn t ON t.id = e.txn_id
        WHERE a.kind = 'transit' GROUP BY t.source_id HAVING sum(CASE WHEN e.to_id = a.id THEN e.amount ELSE -e.amount END) <> 0""",
}
