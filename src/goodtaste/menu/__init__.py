"""The menu: what is sold, where, at which price, and how much of it is left.

Owns categories, dishes, SKUs, options, set meals, the price book, and the stock of each store.  The whole catalogue is a snapshot
(`MenuBook`) in every process; portions are rows that an order takes from in its own transaction, never below zero.
"""
