-- The balance of an account is the sum of its entries, whoever writes them.
CREATE TRIGGER ledger_entry_post AFTER INSERT ON ledger_entry BEGIN
    SELECT RAISE(ABORT, 'guard:ledger_entry_accounts') WHERE NOT EXISTS (
        SELECT 1 FROM ledger_account a JOIN ledger_account b ON b.id = NEW.to_id AND b.unit = a.unit WHERE a.id = NEW.from_id);
    UPDATE ledger_account SET balance = balance - NEW.amount WHERE id = NEW.from_id AND stored;
    UPDATE ledger_account SET balance = balance + NEW.amount WHERE id = NEW.to_id AND stored;
END;;

-- Each audit row is chained to the one before it in its own transaction; every connection brings sha256_hex.
CREATE TRIGGER kernel_audit_chained AFTER INSERT ON kernel_audit BEGIN
    INSERT INTO kernel_audit_chain (seq, audit_id, hash)
    SELECT coalesce(max(seq), 0) + 1, NEW.id,
           sha256_hex(coalesce((SELECT hash FROM kernel_audit_chain ORDER BY seq DESC LIMIT 1),
                               '0000000000000000000000000000000000000000000000000000000000000000') || NEW.digest)
    FROM kernel_audit_chain;
END;;

CREATE TRIGGER ledger_txn_no_update BEFORE UPDATE ON ledger_txn BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER ledger_txn_no_delete BEFORE DELETE ON ledger_txn BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER ledger_lot_use_no_update BEFORE UPDATE ON ledger_lot_use BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER ledger_lot_use_no_delete BEFORE DELETE ON ledger_lot_use BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER kernel_audit_no_update BEFORE UPDATE ON kernel_audit BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER kernel_audit_no_delete BEFORE DELETE ON kernel_audit BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER kernel_audit_chain_no_update BEFORE UPDATE ON kernel_audit_chain BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER kernel_audit_chain_no_delete BEFORE DELETE ON kernel_audit_chain BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER member_consent_no_update BEFORE UPDATE ON member_consent BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER member_consent_no_delete BEFORE DELETE ON member_consent BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER member_level_change_no_update BEFORE UPDATE ON member_level_change BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER member_level_change_no_delete BEFORE DELETE ON member_level_change BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER ordering_step_no_update BEFORE UPDATE ON ordering_step BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER ordering_step_no_delete BEFORE DELETE ON ordering_step BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER payment_z_no_update BEFORE UPDATE ON payment_z BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER payment_z_no_delete BEFORE DELETE ON payment_z BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER payment_count_no_update BEFORE UPDATE ON payment_count BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER payment_count_no_delete BEFORE DELETE ON payment_count BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER payment_cash_move_no_update BEFORE UPDATE ON payment_cash_move BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER payment_cash_move_no_delete BEFORE DELETE ON payment_cash_move BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER payment_account_entry_no_update BEFORE UPDATE ON payment_account_entry BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;
CREATE TRIGGER payment_account_entry_no_delete BEFORE DELETE ON payment_account_entry BEGIN SELECT RAISE(ABORT, 'guard:append_only'); END;;

INSERT INTO ledger_account (id, owner_id, kind, unit, stored, balance) VALUES
    ('00000000-0000-8000-8000-000000000001', '00000000-0000-8000-8000-000000000000', 'issued', 'PT', 0, 0),
    ('00000000-0000-8000-8000-000000000002', '00000000-0000-8000-8000-000000000000', 'redeemed', 'PT', 0, 0),
    ('00000000-0000-8000-8000-000000000003', '00000000-0000-8000-8000-000000000000', 'expired', 'PT', 0, 0),
    ('00000000-0000-8000-8000-000000000004', '00000000-0000-8000-8000-000000000000', 'goodwill', 'PT', 0, 0),
    ('00000000-0000-8000-8000-000000000005', '00000000-0000-8000-8000-000000000000', 'transit', 'PT', 0, 0),
    ('00000000-0000-8000-8000-000000000011', '00000000-0000-8000-8000-000000000000', 'issued', 'GROWTH', 0, 0),
    ('00000000-0000-8000-8000-000000000013', '00000000-0000-8000-8000-000000000000', 'expired', 'GROWTH', 0, 0);;

-- No two prices of one SKU, kind, store and channel hold at once.
CREATE TRIGGER menu_price_no_overlap AFTER INSERT ON menu_price BEGIN
    SELECT RAISE(ABORT, 'guard:menu_price_no_overlap') FROM menu_price p
    WHERE p.sku_id = NEW.sku_id AND p.kind = NEW.kind AND p.store_id IS NEW.store_id AND p.channel IS NEW.channel AND p.id <> NEW.id
      AND (p.valid_to_at IS NULL OR p.valid_to_at > NEW.valid_from_at) AND (NEW.valid_to_at IS NULL OR NEW.valid_to_at > p.valid_from_at);
END;;
CREATE TRIGGER menu_price_no_overlap_later AFTER UPDATE ON menu_price BEGIN
    SELECT RAISE(ABORT, 'guard:menu_price_no_overlap') FROM menu_price p
    WHERE p.sku_id = NEW.sku_id AND p.kind = NEW.kind AND p.store_id IS NEW.store_id AND p.channel IS NEW.channel AND p.id <> NEW.id
      AND (p.valid_to_at IS NULL OR p.valid_to_at > NEW.valid_from_at) AND (NEW.valid_to_at IS NULL OR NEW.valid_to_at > p.valid_from_at);
END;;

-- Every process learns that something is sold out, or is back, from the counter of the snapshot `menu.short`.
CREATE TRIGGER menu_stock_short AFTER UPDATE ON menu_stock
WHEN OLD.sold_out <> NEW.sold_out OR OLD.portions_left = 0 OR NEW.portions_left = 0 BEGIN
    INSERT INTO kernel_version (name, n) VALUES ('menu.short', 1) ON CONFLICT (name) DO UPDATE SET n = n + 1;
END;;
