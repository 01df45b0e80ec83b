"""Printing: documents as data, the bytes that printers take, and a ledger of jobs in which nothing is lost and nothing is doubled."""
