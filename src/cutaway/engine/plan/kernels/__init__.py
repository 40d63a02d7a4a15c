"""Planned kernels: the fast twins of the readable forwards, each on its own screen with its reason."""
