"""The limit: pgbench sending the statements of a paid order, prepared, one by one or in one pipeline.

It does what a hand-written program would: the same reads, the same rows, ids made in SQL, prices constant (the house prices in the
process, which pgbench is spared).
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from bench.house import COUPON, LOT, MEMBER, ORDER, PAYMENT, SKU, STORE, TODAY, VISIT, sql_uid, uid
from goodtaste.ledger import api as ledger
from goodtaste.ledger.tables import ISSUED, REDEEMED

BINARY = shutil.which("pgbench") or "/usr/lib/postgresql/15/bin/pgbench"
STRIDE = 1_000  # orders that one client may make in one run


_MARK = "f0e4c2f76c58916ec258f246851bea091d14d4247a2fc3e18694461b1816e13b"
_REASONS = (
    "["
    + ", ".join(f'{{"code": "member_price", "saved_fen": 300, "line_no": {i}}}' for i in range(1, 5))
    + f', {{"code": "coupon_cash", "saved_fen": 500, "offer_id": "{uid(COUPON, 0)}"}}, {{"code": "points", "saved_fen": 100}}]'
)
_APPLIED = f'{{"names": {{"{uid(COUPON, 0)}": ["券", "Coupon"]}}}}'
_CHOICE = f'{{"sku_id": "{uid(SKU, 1)}", "qty": 1}}'
_EVENT = (
    f'{{"order_id": "{uid(ORDER, 1)}", "stream": "{uid(MEMBER, 1)}", "store_id": "{uid(STORE, 1)}", "member_id": "{uid(MEMBER, 1)}", '
    f'"kind": "counter", "channel": "counter", "table_id": null, "paid_fen": 11900, "points_spent": 100, "points_earned": 13, '
    f'"coupon_ids": ["{uid(COUPON, 1)}"], "business_date": "{TODAY}", "lines": ['
    + ", ".join(f'{{"line_no": {i}, "sku_id": "{uid(SKU, i)}", "qty": 1, "due_fen": 2680}}' for i in range(1, 5))
    + "]}"
)


def _script(members: int) -> str:
    n, m, store = sql_uid(ORDER, ":n"), sql_uid(MEMBER, ":m"), sql_uid(STORE, ":store")
    coupon, payment = sql_uid(COUPON, ":n"), sql_uid(PAYMENT, ":n")
    spend, earn = sql_uid(0x20, ":n"), sql_uid(0x21, ":n")
    lines = ",\n ".join(
        f"({n},{i},1,{sql_uid(SKU, f':{v}')},'菜{i}','',{q},3000,2800,0,100,20,0,{2800 * q - 120},'{_CHOICE}','',0,{n},{q},0,0,0,0)"
        for i, (v, q) in enumerate((("a", 1), ("b", 1), ("c", 2), ("d", 1)), 1)
    )
    takes = ",".join(f"({sql_uid(SKU, f':{v}')},{q})" for v, q in (("a", 1), ("b", 1), ("c", 2), ("d", 1)))
    return f"""\\set i :i + 1
\\set n :base + :client_id * {STRIDE} + :i
\\set m (:n * 7919) % {members} + 1
\\set store :m % :stores + 1
\\set a random(1, 15)
\\set b random(16, 30)
\\set c random(31, 45)
\\set d random(46, 60)
BEGIN;
SELECT * FROM ordering_order WHERE id = {n};
SELECT id, status, level, nickname FROM member_member WHERE id = {m};
SELECT kind, unit, balance FROM ledger_account WHERE owner_id = {m} AND kind <> 'hold';
SELECT id, remaining, expires_on FROM ledger_lot WHERE account_id = (SELECT member FROM bench_account WHERE m = :m)
 AND remaining > 0 AND expires_on >= '{TODAY}' ORDER BY expires_on, id LIMIT 64;
SELECT c.*, t.name, t.kind, t.value, t.threshold_fen, t.cap_fen, t.dish_ids, t.store_ids, t.channels
 FROM promo_coupon c JOIN promo_template t ON t.id = c.template_id WHERE c.id = {coupon};
SELECT * FROM member_visit WHERE id = {sql_uid(VISIT, ":m")};
INSERT INTO ordering_order (id, store_id, member_id, kind, channel, table_id, party, pay_first, state, pay_state, list_fen,
 member_saving_fen, offer_fen, coupons, coupon_fen, hand_fen, points, points_fen, fee_fen, rounding_fen, donation_fen, due_fen,
 refunded_fen, points_earned, hold_id, reasons, applied, note, version, source, external_no, placed_by, fingerprint, business_date,
 placed_at, paid_at)
 VALUES ({n}, {store}, {m}, 'counter', 'counter', NULL, NULL, TRUE, 'placed', 'paid', 14000, 1500, 0,
 '{{"' || {coupon} || '": 500}}', 500, 0, 100,
 100, 0, 0, 0, 11900, 0, 13, NULL, '{_REASONS}', '{_APPLIED}', '', 1, '', NULL, '{uid(9, 1)}', '{_MARK}', '{TODAY}', now(), now());
INSERT INTO ordering_line (order_id, line_no, round, sku_id, name, words, qty, list_fen, unit_fen, offer_fen, coupon_fen, points_fen,
 rounding_fen, due_fen, choice, takes, refunded_qty, dish_id, ordered_qty, held_qty, voided_qty, returned_qty, hand_fen) VALUES
 {lines};
UPDATE menu_stock s SET portions_left = s.portions_left - v.q, sold = sold + v.q FROM (VALUES {takes}) v(k, q)
 WHERE s.store_id = {store} AND s.sku_id = v.k AND NOT sold_out;
UPDATE promo_coupon SET state = 'redeemed', order_id = {n}, saved_fen = 500, changed_at = now()
 WHERE id = {coupon} AND member_id = {m} AND state = 'issued' AND valid_from_at <= now() AND valid_to_at > now();
INSERT INTO ledger_txn (id, kind, source_id, owner_id, order_id, reverses, actor, note, business_date, at) VALUES
 ({spend}, 'spend', {n}, {m}, {n}, NULL, 'x', '', '{TODAY}', now()), ({earn}, 'earn', {n}, {m}, {n}, NULL, 'x', '', '{TODAY}', now());
INSERT INTO ledger_entry (txn_id, line, from_id, to_id, amount)
 SELECT {spend}, 1, member, '{REDEEMED["PT"]}'::uuid, 100 FROM bench_account WHERE m = :m
 UNION ALL SELECT {earn}, 1, '{ISSUED["PT"]}'::uuid, pending, 13 FROM bench_account WHERE m = :m;
UPDATE ledger_lot SET remaining = remaining - 100 WHERE id = {sql_uid(LOT, ":m")};
INSERT INTO ledger_lot_use (txn_id, lot_id, amount) VALUES ({spend}, {sql_uid(LOT, ":m")}, 100);
INSERT INTO ledger_earned (id, owner_id, qty, vested, returned) VALUES ({earn}, {m}, 13, 0, 0);
INSERT INTO payment_payment (id, order_id, store_id, stream, method, state, amount_fen, refunded_fen, tendered_fen, change_fen,
 gateway_ref, detail, actor, fingerprint, business_date, started_at, settled_at, holds_order_id, drawer_id)
 VALUES ({payment}, {n}, {store}, {m}, 'cash', 'succeeded', 11900, 0, 11900, 0, NULL, '', 'x', '{_MARK}', '{TODAY}', now(), now(), {n},
 {store});
INSERT INTO kernel_outbox (id, topic, key, body, at)
 VALUES ({sql_uid(0x22, ":n")}, 'ordering.order_paid.v1', '{uid(MEMBER, 1)}', '{_EVENT}', now());
COMMIT;
"""


async def _accounts(url: str, members: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE bench_account (m int PRIMARY KEY, member uuid, pending uuid)")
    rows = (
        (m, ledger.account_of(uid(MEMBER, m), "member"), ledger.account_of(uid(MEMBER, m), "pending"))
        for m in range(1, members + 1)
    )
    await connection.copy_records_to_table("bench_account", records=rows)
    await connection.execute("ANALYZE bench_account")
    await connection.close()


def prepare(url: str, folder: Path, *, members: int) -> None:
    """Write the scripts, and the table by which SQL finds what Python derives."""
    text = _script(members)
    (folder / "one_by_one.sql").write_text(text)
    piped = text.replace("\nBEGIN;", "\n\\startpipeline\nBEGIN;") + "\\endpipeline\n"
    (folder / "pipeline.sql").write_text(piped)
    asyncio.run(_accounts(url, members))


def run(url: str, script: Path, *, base: int, seconds: float, clients: int = 32, stores: int) -> float:
    """Run a script and return orders a second; orders take their numbers from `base` up, STRIDE for each client."""
    parts = urlsplit(url)
    command = [
        BINARY, "-h", parts.hostname or "", "-p", str(parts.port or 5432), "-U", parts.username or "postgres", "-n",
        "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(int(seconds)), "-D", f"base={base}", "-D", "i=0",
        "-D", f"stores={stores}", "-f", str(script), parts.path.lstrip("/"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if done.returncode or not found:
        raise RuntimeError(f"pgbench failed: {done.stderr[-2000:]}")
    return float(found[1])
