"""Seeing what a network for pictures sees: plain functions of any network and any pictures.

features (the numbers after every layer, filters' answers as maps), votes (which parts of a picture spoke for an answer:
by covering them, and by the slope of the score), excite (a picture that most excites a unit), nearest (known pictures
that look alike to the network).

>>> from cutaway import nn
>>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
>>> x = np.random.default_rng(0).random((3, 1, 6, 6), np.float32)
>>> {path: maps.shape for path, maps in features(net, x).items()}
{'0': (3, 4, 4, 4), '1': (3, 4, 4, 4), '2': (3, 64), '3': (3, 2)}
"""

from .excite import Excited, excite
from .features import features
from .nearest import nearest
from .votes import covered_votes, slope_votes

__all__ = ["Excited", "covered_votes", "excite", "features", "nearest", "slope_votes"]
