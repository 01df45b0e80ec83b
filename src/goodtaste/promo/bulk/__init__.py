"""Coupons in bulk: codes printed by the hundred thousand, and campaigns that give a coupon to each member of a crowd."""
