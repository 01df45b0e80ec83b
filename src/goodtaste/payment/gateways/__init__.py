"""The gateways this product speaks to, and the sandbox of one."""
