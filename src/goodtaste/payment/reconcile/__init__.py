"""Reconciliation (对账): the gateways' bills held line by line against our books, and what differs as work for somebody.

A bill is kept as it was read, a line a row.  Each number in it, each payment and refund of the day, and each difference that still waits is
judged by all lines there are for it, of whatever day; so running a day again changes nothing that stands, and a line that comes with a
later bill closes what it explains.
"""
