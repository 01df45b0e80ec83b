"""Payment: attempts to pay an order and what became of them, refunds of them, and the gateways behind them.

An attempt is pending, succeeded, failed, closed or unknown; unknown is asked for until it is known.  Promises: a gateway is never called
inside a transaction; an attempt is written before the call and settled once; money that arrives late or twice goes back by itself; of
all attempts at most one holds an order, while it is open or because it paid it (`payment_order_held`).

The contract with the room that owns orders (it stands above, so it plugs itself in):

1.  To pay, its script decides whether the order may be paid, takes `started = yield from start(asked, order_id=…, due_fen=…, …)` as a
    step and yields `started.changes` with its own.  After the commit it calls `charge(ctx, started, asked, …)`, which calls the gateway
    and settles.  If the process dies anywhere after the commit, the job `payment.poll` finds the attempt and finds out.
2.  `Settlements.on_success(found, *, outcome, today, at)` is a step that the settling script takes, whoever brought the news (the reply,
    a notice, the job, a person who asked), in the one transaction that settles.  It reads the order and returns what
    `settle_changes` returns, with the order's changes added:

        order payable             -> settle_changes(found, outcome, …), and the order paid, points and coupon captured, told
        cancelled, or paid else   -> settle_changes(found, outcome, …, back="late" | "twice")

    With `back` the payment succeeds without holding the order, and a full refund of it begins in the same transaction.  Where
    another attempt already holds the order this is decided here and the step is not asked.  Its changes must be guarded (an order
    that is paid under it breaks a guard, and the script runs again and sees it).  It may run several times; it is kept once.
3.  `Settlements.on_failure(…)` likewise, when an attempt ends without money: there the order becomes payable again.
4.  `ask` asks a gateway now; `end(found, at=…)` gives the changes that end an open attempt whose order is gone.
5.  To give money back, its refund script takes `start_refund(…)` as a step; after the commit it may call `give_back(ctx, refund_id)`, else
    the job `payment.refund` does.  `RefundSettled` tells how it ended.
"""
