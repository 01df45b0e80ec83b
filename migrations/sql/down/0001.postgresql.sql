DROP FUNCTION goodtaste_expect(text, bigint, bigint);;
DROP FUNCTION goodtaste_append_only();;
DROP FUNCTION ledger_post();;
DROP FUNCTION audit_chain();;
DROP FUNCTION outbox_ring();;
DROP FUNCTION menu_short();;
DROP EXTENSION IF EXISTS btree_gist;;
