"""Tests are sentences in the language of the shop; the same suite runs on SQLite and on PostgreSQL."""
