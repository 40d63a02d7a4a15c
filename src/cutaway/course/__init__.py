"""The course: chapters as text notebooks (04_gradient_descent.md), and what answers their exercises.

exercise (what an exercise is made of), exercises/ (those of each chapter), checking (check, hint, solution),
drawings/ (each chapter's pictures), glossary/ (each chapter's words).
"""

from .checking import check, hint, solution

__all__ = ["check", "hint", "solution"]
