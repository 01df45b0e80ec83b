"""`python -m goodtaste` is `goodtaste`."""

from goodtaste.app.cli import main

main()
