"""Points accounts as the staff look at them."""
