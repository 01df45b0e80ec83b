"""What is done to a bill while it is open: fired, taken off, given, carried, split and merged; and opened anew when it was paid."""
