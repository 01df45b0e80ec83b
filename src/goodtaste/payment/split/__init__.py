"""Several payments for one bill: how much of it they bring together, and the tenders that are no gateway's.

A bill that is paid in parts has a row in `payment_split`: what is due, what its parts have brought, what open parts may still bring.
A constraint keeps the two at or below what is due, and every part is written with the sums it saw, so each fen is won by one.
"""
