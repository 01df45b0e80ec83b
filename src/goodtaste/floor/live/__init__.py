"""Live screens: what has changed, told to every process and every screen within a second."""
