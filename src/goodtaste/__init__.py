"""goodtaste (好味): the open O2O growth platform for restaurant chains.  `app` starts it, the other packages are its rooms."""

__version__ = "0.1.0"
