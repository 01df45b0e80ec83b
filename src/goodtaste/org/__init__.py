"""The organisation: the brand, its stores and their tables, the staff and what they may do, the terminals they work at.

All of it is a snapshot (`Directory`) in every process.  Publishes nothing; a change moves the snapshot, and with it loses its right
to whoever was dismissed, demoted or revoked within the quarter of a second in which every process looks.

Promises: nobody guesses a password or a PIN more than five times in a quarter of an hour, however many at once; a pairing code is used
once; the last head of the brand cannot lock everybody out; every change of rights is in the audit log.
"""
