"""The door of the organisation."""

from goodtaste.org.directory import Directory, Store, StoreClosed, StoreUnknown, Table, TableUnknown, directory_snapshot

__all__ = ["Directory", "Store", "StoreClosed", "StoreUnknown", "Table", "TableUnknown", "directory_snapshot"]
