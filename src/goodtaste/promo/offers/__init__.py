"""Offers as stored things: saved, published, counted, stopped."""
