"""Seatings: a party at its tables from the first scan to the bill, with the phones that share its cart."""
