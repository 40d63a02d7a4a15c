"""Data: what comes with Cutaway, what can be fetched, and your own tables and arrays, dealt out in batches."""

from .augment import Crop, Flip, Shift
from .dataset import Dataset
from .loader import DataLoader
from .registry import load
from .splits import Splits

__all__ = ["Crop", "DataLoader", "Dataset", "Flip", "Shift", "Splits", "load"]
