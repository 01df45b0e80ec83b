"""Walks through the screens in a real browser, on the running product."""
