"""What diners say of a meal: once an order, shown to its store."""
