"""The plan: a recorded program as a straight line of NumPy calls over planned memory.

program (a tape as the plan reads it), rewrite (list to list), grouping (which steps go together), layout and place
(where slots live), do and job (how kernels say which calls they want), kernels/, flat (the update), rows and state
(the numbers of a run, in long rows).
"""

from .plan import Plan

__all__ = ["Plan"]
