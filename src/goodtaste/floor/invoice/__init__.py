"""Electronic invoices: asked for with the code of a receipt, never above what was paid, taken back in red when money goes back."""
