"""Drawers, shifts and trading days: who answers for which cash, what a day came to, and when it is over.

A drawer is a paired terminal's, or the one that a store has in common.  Cash bears its drawer and its instant, so the shift that was
open on the drawer then answers for it, and cash that came while none was open is named by the day's report: nothing is unattributed,
and taking cash costs no statement more.
"""
