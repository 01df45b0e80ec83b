"""The points shop: its items, and what members exchange points for."""
