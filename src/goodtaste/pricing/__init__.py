"""Pricing: the price of a cart, and why it is so.

Pure: no table, no clock, no network.  The same input gives the same output in the cloud, at a store node and in a simulation.
"""
