"""The course: chapters as text notebooks (04_gradient_descent.md), and what answers their exercises.

exercise (what an exercise is made of), exercises/ (those of each chapter), checking (check, hint, solution),
drawings/ (each chapter's pictures), glossary/ (each chapter's words, told by words), telling (how answers are shown);
chapters and reading (text into notebooks), copies (the learner's own), lab (opening them), progress (what is solved),
executing and grading (running notebooks, a teacher's table); small_tape (the engine of chapter 6), labs/ (scripts
with a planted bug).
"""

from .checking import check, hint, solution
from .words import word

__all__ = ["check", "hint", "solution", "word"]
