"""Payment: attempts to pay an order and what became of them, refunds of them, and the gateways behind them.

An attempt is pending, succeeded, failed, closed or unknown; unknown is asked for until it is known.  Promises: a gateway is never called
inside a transaction; an attempt is written before the call and settled once; money that arrives late or twice goes back by itself.
"""
