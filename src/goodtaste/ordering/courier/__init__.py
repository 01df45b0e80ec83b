"""Courier pay: a bill as a signed text that whoever carries it may pay, once, and a receipt as one that the store reads offline.

A store whose line is down shows its bill as a QR code.  The diner's phone, or another till, has a line: it presents the text, which is
known by its signature alone to be this store's bill of this amount, and pays it.  The receipt goes back the same way.
"""
