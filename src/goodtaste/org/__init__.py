"""The organisation: the brand, its stores and their tables, the staff and what they may do, the terminals they work at.

All of it is a snapshot (`Directory`) in every process.  Publishes nothing; a change moves the snapshot.
"""
