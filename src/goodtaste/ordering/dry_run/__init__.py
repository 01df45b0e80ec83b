"""Dry runs: what an offer would have cost with the orders of last month, before anybody meets it."""
