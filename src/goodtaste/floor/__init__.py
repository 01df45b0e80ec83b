"""The floor: who sits where, what they order together, what the kitchen makes of it, and what every screen shows of it.

Owns seatings with their tables, guests and shared carts.  Promises: a table has one party at a time unless it is shared; what was ordered
from a cart is ordered once; the code on a table opens nothing that is over.
"""
