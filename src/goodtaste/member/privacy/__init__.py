"""The privacy of members: all that is held on them as an archive of theirs, and its erasure."""
