"""Naming what is on a small photograph: ten kinds of animals and vehicles.

data (CIFAR-10: 50,000 photographs to learn from, 10,000 held out), network, recipe (how it is trained: BEST, or QUICK
in a minute or two), evaluate (score, confusion, worst mistakes), use (answers for picture files of one's own).

>>> from cutaway.projects import objects
>>> objects.BEST.epochs > objects.QUICK.epochs
True
"""

from .evaluate import VIEWS, report
from .network import network
from .recipe import BEST, QUICK, Recipe, go_on, new_run
from .use import CLASSES, SHIPPED, picture, reader

__all__ = [
    "BEST",
    "CLASSES",
    "QUICK",
    "SHIPPED",
    "VIEWS",
    "Recipe",
    "go_on",
    "network",
    "new_run",
    "picture",
    "reader",
    "report",
]
