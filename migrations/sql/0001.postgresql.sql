-- A write that must touch a row for each parameter row, and did not, fails like a constraint of that name.
CREATE FUNCTION goodtaste_expect(guard text, got bigint, wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF got <> wanted THEN
        RAISE EXCEPTION 'guard %: % rows of %', guard, got, wanted USING ERRCODE = '23514', CONSTRAINT = guard;
    END IF;
END $$;;

CREATE FUNCTION goodtaste_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23514', CONSTRAINT = 'append_only';
END $$;;

-- The balance of an account is the sum of its entries, whoever writes them.
CREATE FUNCTION ledger_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM added e
        LEFT JOIN ledger_account a ON a.id = e.from_id
        LEFT JOIN ledger_account b ON b.id = e.to_id
        WHERE a.id IS NULL OR b.id IS NULL OR a.unit <> b.unit
    ) THEN
        RAISE EXCEPTION 'an entry needs two accounts of one unit' USING ERRCODE = '23514', CONSTRAINT = 'ledger_entry_accounts';
    END IF;
    UPDATE ledger_account a SET balance = a.balance + s.amount
    FROM (
        SELECT id, sum(amount)::bigint AS amount FROM (
            SELECT from_id AS id, -amount AS amount FROM added UNION ALL SELECT to_id, amount FROM added
        ) x GROUP BY id ORDER BY id
    ) s
    WHERE a.id = s.id AND a.stored;
    RETURN NULL;
END $$;;

CREATE TRIGGER ledger_entry_post AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_post();;

-- Each audit row is chained to the one before it in its own transaction.
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_seq bigint := 0;
    last_hash text := repeat('0', 64);
BEGIN
    PERFORM pg_advisory_xact_lock(7305003);
    SELECT seq, hash INTO last_seq, last_hash FROM kernel_audit_chain ORDER BY seq DESC LIMIT 1;
    IF NOT FOUND THEN
        last_seq := 0;
        last_hash := repeat('0', 64);
    END IF;
    INSERT INTO kernel_audit_chain (seq, audit_id, hash)
    VALUES (last_seq + 1, NEW.id, encode(sha256(convert_to(last_hash || NEW.digest, 'UTF8')), 'hex'));
    RETURN NULL;
END $$;;

CREATE TRIGGER kernel_audit_chained AFTER INSERT ON kernel_audit FOR EACH ROW EXECUTE FUNCTION audit_chain();;

-- Whoever relays events is told that there are some.
CREATE FUNCTION outbox_ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('goodtaste_outbox', '');
    RETURN NULL;
END $$;;

CREATE TRIGGER kernel_outbox_ring AFTER INSERT ON kernel_outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_ring();;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_txn', 'ledger_entry', 'ledger_lot_use', 'kernel_audit', 'kernel_audit_chain', 'member_consent',
                             'member_level_change', 'ordering_step', 'payment_z', 'payment_count', 'payment_cash_move',
                             'payment_account_entry'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION goodtaste_append_only()', t || '_append_only', t);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION goodtaste_append_only()', t || '_no_truncate', t);
    END LOOP;
END $$;;

INSERT INTO ledger_account (id, owner_id, kind, unit, stored, balance) VALUES
    ('00000000-0000-8000-8000-000000000001', '00000000-0000-8000-8000-000000000000', 'issued', 'PT', false, 0),
    ('00000000-0000-8000-8000-000000000002', '00000000-0000-8000-8000-000000000000', 'redeemed', 'PT', false, 0),
    ('00000000-0000-8000-8000-000000000003', '00000000-0000-8000-8000-000000000000', 'expired', 'PT', false, 0),
    ('00000000-0000-8000-8000-000000000004', '00000000-0000-8000-8000-000000000000', 'goodwill', 'PT', false, 0),
    ('00000000-0000-8000-8000-000000000005', '00000000-0000-8000-8000-000000000000', 'transit', 'PT', false, 0),
    ('00000000-0000-8000-8000-000000000011', '00000000-0000-8000-8000-000000000000', 'issued', 'GROWTH', false, 0),
    ('00000000-0000-8000-8000-000000000013', '00000000-0000-8000-8000-000000000000', 'expired', 'GROWTH', false, 0);;

-- No two prices of one SKU, kind, store and channel hold at once; looked at when the statement that writes them has ended.
CREATE EXTENSION IF NOT EXISTS btree_gist;;
ALTER TABLE menu_price ADD CONSTRAINT menu_price_no_overlap EXCLUDE USING gist (
    sku_id WITH =, kind WITH =, coalesce(store_id, '00000000-0000-0000-0000-000000000000') WITH =, coalesce(channel, '') WITH =,
    tstzrange(valid_from_at, valid_to_at) WITH &&) DEFERRABLE INITIALLY IMMEDIATE;;

-- Every process learns that something is sold out, or is back, from the counter of the snapshot `menu.short`.
CREATE FUNCTION menu_short() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kernel_version AS v (name, n) VALUES ('menu.short', 1) ON CONFLICT (name) DO UPDATE SET n = v.n + 1;
    RETURN NULL;
END $$;;
CREATE TRIGGER menu_stock_short AFTER UPDATE ON menu_stock FOR EACH ROW
    WHEN (OLD.sold_out <> NEW.sold_out OR OLD.portions_left = 0 OR NEW.portions_left = 0)
    EXECUTE FUNCTION menu_short();;
