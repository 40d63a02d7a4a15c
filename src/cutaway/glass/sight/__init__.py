"""Seeing what a network for pictures sees: readers of a run, or of any network.

sees (all of it at a glance, as text or in a notebook), features (the numbers after every layer, filters' answers as
maps), filters (what they look for), votes (which parts of a picture spoke for an answer: by covering them, and by the
slope of the score), excite (a picture that most excites a unit), nearest (known pictures that look alike to the
network).

A run is asked with the weights that it predicts with, and needs no code of its own network; it stays where it is.

>>> from cutaway import nn
>>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
>>> x = np.random.default_rng(0).random((3, 1, 6, 6), np.float32)
>>> {path: maps.shape for path, maps in features(net, x).items()}
{'0': (3, 4, 4, 4), '1': (3, 4, 4, 4), '2': (3, 64), '3': (3, 2)}
"""

from .excite import Excited, excite
from .features import features, filters
from .nearest import nearest
from .view import Sight, sees
from .votes import covered_votes, slope_votes

__all__ = ["Excited", "Sight", "covered_votes", "excite", "features", "filters", "nearest", "sees", "slope_votes"]
