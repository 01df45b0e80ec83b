"""Machinery without a business word: money, time, ids, settings, database, events, jobs, web, secrets, telemetry."""
