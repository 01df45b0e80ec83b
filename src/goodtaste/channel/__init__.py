"""Channels: every order, wherever it was made, and every member, wherever they are shown.

Owns the AMQP queues `order_sync` and `member_sync` and the desk where dead letters are looked at, mended, replayed and discarded.
Promises: a message that was read is an order or a letter on the desk, never nothing; an order that comes twice is one order.
"""
