"""What the head office looks at: the day as it goes, and orders of all stores found by what they are."""
