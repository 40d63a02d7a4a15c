"""Painting a photograph in the manner of a painting, by gradient descent on its pixels.

network and recipe (the eye: a network that learnt to name photographs), eye (its layers in use), matching (which place
of the painting is most like a place), wish (what a painting should be, as one number to make small), descent (how the
pixels are changed), painting (from a sketch to full size; can be stopped anywhere), picture (files).

>>> from cutaway.projects import paint
>>> paint.Order(size=256).style > paint.Order().content
True
"""

from .eye import SHIPPED, Eye, eye
from .network import network
from .painting import Order, OrderError, Painting
from .picture import read, write
from .recipe import Recipe, new_run
from .wish import Canvas, Wish, gram

__all__ = [
    "SHIPPED",
    "Canvas",
    "Eye",
    "Order",
    "OrderError",
    "Painting",
    "Recipe",
    "Wish",
    "eye",
    "gram",
    "network",
    "new_run",
    "read",
    "write",
]
