"""Calls from a table: water, somebody of the staff, the bill."""
