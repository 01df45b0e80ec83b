"""The floor: who sits where, what they order together, what the kitchen makes of it, and what every screen shows of it.

Owns seatings with tables, guests and shared carts, and the dishes in the kitchen.  Promises: a table has one party at a time unless it
is shared; what was ordered from a cart is ordered once; the code on a table opens nothing that is over; every piece that was fired is
somewhere.
"""
