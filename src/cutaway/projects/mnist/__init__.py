"""Reading all of MNIST: the digits project grown up.

data (60,000 digits to learn from, 10,000 held out), network, recipe (how it is trained: BEST, or QUICK in a minute or
two), evaluate (score, confusion, worst mistakes), use (answers for picture files of one's own).

>>> from cutaway.projects import mnist
>>> mnist.BEST.epochs > mnist.QUICK.epochs
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
