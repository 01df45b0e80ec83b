"""The composition root: knows every room, owns nothing.  Settings become a running process here."""
