"""Benchmarks: how long things take, measured so that the number means something. See README.md."""
