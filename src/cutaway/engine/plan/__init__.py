"""The same list, fast: planned memory, planned kernels, workers."""
