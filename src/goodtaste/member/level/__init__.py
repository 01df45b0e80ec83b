"""The routes of levels."""
