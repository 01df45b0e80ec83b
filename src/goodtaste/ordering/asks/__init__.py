"""What diners ask of a store after they paid: pieces to be refunded, which the store approves or declines."""
