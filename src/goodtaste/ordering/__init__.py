"""Ordering: from a cart to an order that is paid, made, and, if need be, undone.

Owns orders, their lines, their steps and their refunds.  Publishes placed, paid, advanced, completed, cancelled, refunded.  Promises: an
order, its stock, coupon, points and payment are written together or not at all; the same id gives the same order for ever.
"""
