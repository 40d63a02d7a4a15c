"""What every doctest may use without importing it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cutaway as ct
import cutaway.training  # with it the optimizers: every operation is registered when tests are collected

collect_ignore_glob = ["src/cutaway/course/labs/*/*"]  # scripts that train; tests/course/test_labs.py runs them


@pytest.fixture(autouse=True)
def _names(doctest_namespace: dict[str, Any]) -> None:
    """`import numpy as np`, `import cutaway as ct`, `from cutaway import Tensor`."""
    doctest_namespace.update(np=np, ct=ct, Tensor=ct.Tensor)
