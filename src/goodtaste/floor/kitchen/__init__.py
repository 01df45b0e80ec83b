"""The kitchen: what was fired, where each piece of it stands, when it will be ready, and who is called for it."""
