"""Reading handwritten digits: the first project of the book.

data (8,000 digits to learn from, 2,000 held out), network (three convolutions), recipe (how it is trained), evaluate
(score, confusion, worst mistakes), use (answers for new pictures), picture and photo (from a photo to 28 x 28).

>>> from cutaway.projects import digits
>>> run = digits.new_run(digits.Recipe(epochs=1))
>>> run.net.summary((1, 28, 28)).parameters
10174
"""

from .evaluate import Mistake, Report, report
from .network import network
from .photo import read
from .picture import PictureError, digit_in
from .recipe import Recipe, go_on, new_run
from .use import Answer, Reader, answers, reader

__all__ = [
    "Answer",
    "Mistake",
    "PictureError",
    "Reader",
    "Recipe",
    "Report",
    "answers",
    "digit_in",
    "go_on",
    "network",
    "new_run",
    "read",
    "reader",
    "report",
]
