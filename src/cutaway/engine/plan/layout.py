"""How every slot lies: pictures pixel by pixel, whatever costs nothing as a view of another, what is only made to be
turned as it is turned, all else as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .job import PIXELS
from .kernels.columns import FEW
from .place import PIXELS as BY_PIXEL
from .place import Place
from .program import Program

__all__ = ["Layout"]


class Layout:
    """pixels: slots that lie as (H, W, N, C)
    orders: slot -> its sides as they lie in memory, where that is not their own order
    views: output of a step that costs nothing -> the slot it is seen in.
    """

    def __init__(self, program: Program, several: bool = False) -> None:
        self.program, self.several = program, several
        self.pixels = self._pictures()
        self.orders = dict.fromkeys(self.pixels, BY_PIXEL) | self._turned()
        self.views: dict[int, int] = {}
        self._models: dict[int, Any] = {}
        for step in program.steps:
            meets = several and step.op.name == "together"  # alone it is a view, among several a sum
            if step.op.kind == "view" and not meets and self._free(step):
                self.views[step.output] = step.inputs[0]

    def place(self, slot: int) -> Place:
        """A place for a slot, without memory yet."""
        return Place(self.program.shape(slot), self.program.dtype(slot), self.orders.get(slot))

    def base(self, slot: int) -> int:
        """The slot in whose memory this one is seen."""
        while slot in self.views:
            slot = self.views[slot]
        return slot

    def model(self, slot: int) -> Any:
        """An array that lies as the slot will; its numbers are never read."""
        if slot not in self._models:
            if slot in self.views:
                step = self.program.maker(slot)
                assert step is not None
                self._models[slot] = step.op.forward(self.model(step.inputs[0]), **step.attrs)
            else:
                self._models[slot] = self.place(slot).model()
        return self._models[slot]

    def forget(self) -> None:
        """The plan is made: nobody asks for models any more."""
        self._models.clear()

    def _pictures(self) -> set[int]:
        """What a picture's kernel works on lies pixel by pixel, and so does whatever meets it number by number."""
        program = self.program
        left = {*program.tape.state.values(), *filter(self._thin, program.tape.inputs.values())}
        found = {
            slot
            for step in program.steps
            if step.op.name in PIXELS
            for slot in PIXELS[step.op.name](step)
            if self._picture(slot) and slot not in left
        }
        again = True
        while again:
            again = False
            for step in program.steps:
                if step.op.kind != "elementwise" or not self._picture(step.output):
                    continue
                shape = program.shape(step.output)
                together = {s for s in (*step.inputs, step.output) if program.shape(s) == shape}
                together = {s for s in together if s not in program.tape.state.values()}
                if together & found and together - found:
                    found |= together
                    again = True
        return found

    def _turned(self) -> dict[int, tuple[int, ...]]:
        """What is permuted and then reshaped, which would take a copy, is made where that copy would go.

        So are what the heads of an attention hear, and their gradients, pasted: whoever makes these can write anywhere.
        """
        program, found = self.program, {}
        kept = program.own | program.wanted
        for step in program.steps:
            turn = program.maker(step.inputs[0]) if step.op.name == "reshape" else None
            if turn is None or turn.op.name != "permute":
                continue
            (slot,) = turn.inputs
            order = tuple(k % len(program.shape(slot)) for k in turn.attrs["order"])
            alone = len(program.readers[slot]) == 1 and slot not in kept | self.pixels
            if alone and order[-1] == len(order) - 1 and self._goes_anywhere(program.maker(slot)):
                found[slot] = order
        return found

    def _goes_anywhere(self, step: Any) -> bool:
        """Is the step one that takes no longer to write rows that do not lie one after the other?"""
        if step is None:
            return False
        if step.op.name == "add":
            makers = [self.program.maker(slot) for slot in step.inputs]
            return any(maker is not None and maker.op.name == "paste" for maker in makers)
        many = all(len(self.program.shape(slot)) > 2 for slot in step.inputs)
        return step.op.name == "matmul" and many

    def _picture(self, slot: int) -> bool:
        shape, dtype = self.program.shape(slot), self.program.dtype(slot)
        return len(shape) == 4 and dtype is not None and dtype.kind in "fb" and 0 not in shape

    def _thin(self, slot: int) -> bool:
        """Has a batch of pictures so few channels that whoever reads it spreads them out, however they lie?"""
        return self._picture(slot) and self.program.shape(slot)[1] < FEW

    def _free(self, step: Any) -> bool:
        """Can NumPy see the output in the input's memory, in the layout that is wanted?"""
        if step.output in self.pixels or step.output in self.program.own:
            return False
        if self.program.dtype(step.inputs[0]) != self.program.dtype(step.output):
            return False
        like = self.model(step.inputs[0])
        if like.size == 0:
            return False
        return bool(np.may_share_memory(step.op.forward(like, **step.attrs), like))
