"""The twin: the demo brand 好味 with its five stores, and days in its life, played by diners and staff who know the public API only.

`brand` seeds the demo brand through the public commands of the rooms.  `day` plays a day over HTTP, keeps books of its own, and ends
with a proof: money, stock, coupons and points reconcile to the fen and the point, or it says in rows what does not.
"""
