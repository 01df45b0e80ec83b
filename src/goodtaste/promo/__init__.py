"""Promotions: coupon templates, the coupons made of them, and their budgets.

Promises: never one coupon more than a budget or a limit allows, whatever races; a coupon is redeemed once; one that was held or
redeemed for an order comes back by rule when the order is cancelled or refunded.
"""
