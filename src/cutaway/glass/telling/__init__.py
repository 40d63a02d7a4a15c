"""How one number of a step is told: its terms and their sum, or its formula with the numbers in it."""

from .told import Explained

__all__ = ["Explained"]
