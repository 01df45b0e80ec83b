"""The ledger: double-entry accounts of points and growth, lots with expiry, holds, debt.

Owns every balance of the product that is not money in a drawer.  An entry moves an amount from one account to another, so each
transaction balances by construction; rows are never changed or removed, which the database itself sees to; a balance is the sum of its
entries, kept by a trigger and proved by `proof`.  It publishes nothing: whoever moves points says so.
"""
