"""Benchmarks: ratios against a limit measured in the same run, written to results.json with the machine and the commands."""
