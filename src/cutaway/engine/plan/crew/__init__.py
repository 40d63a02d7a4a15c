"""Workers that share memory: each does its part of a step, and they meet at a barrier.

crew (what all crews offer, and which kind is taken where), memory (what they share), board (the flags by which they
meet), forked (processes), hired (what a forked process does with its life), threads, heap (memory that nobody uses).
"""

from .crew import Alone, Build, Crew, Stopped, Worker, WorkerError, choose, cores
from .heap import tidy

__all__ = ["Alone", "Build", "Crew", "Stopped", "Worker", "WorkerError", "choose", "cores", "tidy"]
