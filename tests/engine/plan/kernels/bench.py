"""A bench for single kernels: a recorded program, places made by hand, every step done by its kernel or not at all."""

import numpy as np

from cutaway.engine import Tensor
from cutaway.engine.plan.do import Do, Memory
from cutaway.engine.plan.job import GROUPS, KERNELS, Job
from cutaway.engine.plan.kernels import convolution, pooling, resize
from cutaway.engine.plan.place import PIXELS, Place
from cutaway.engine.plan.program import Program
from cutaway.engine.tape import Tape

assert convolution and pooling and resize  # importing them registers them
SPOILED = 7.25  # what stands in memory before it is written


class Bench:
    """program: a function of tensors that returns a dict of named results; pixels: do inputs lie pixel by pixel?
    border: pixels of zeros around every picture, which a kernel sees as gaps between its rows and must leave alone
    """

    def __init__(self, program, arrays, pixels=True, border=0, groups=True):
        self.arrays = arrays
        with Tape() as tape:
            inputs = {name: tape.input(name, value) for name, value in arrays.items()}
            results = program(**inputs)
            for name, tensor in results.items():
                tape.results[name] = tape.slot(tensor)
        self.tape, self.program = tape, Program(tape)
        self.arrays_of, self.frames = {}, []
        self.memory, self.calls, self.why, self.done = Memory(), [], [], []
        leaves = {*tape.inputs.values(), *tape.constants}
        for slot, value in enumerate(tape.values):
            four = np.ndim(value) == 4 and (pixels or slot not in leaves)
            if four and border:
                n, c, h, w = np.shape(value)
                frame = np.zeros((h + 2 * border, w + 2 * border, n, c), value.dtype)
                view = frame[border:-border, border:-border].transpose(2, 3, 0, 1)
                self.frames.append((frame, border))
            else:
                view = Place(np.shape(value), value.dtype, PIXELS if four else None).own().view
            view[...] = value if slot in leaves else SPOILED
            self.arrays_of[slot] = view
        self.do_all(groups)

    def array(self, slot):
        return self.arrays_of[slot]

    def do_all(self, groups):
        steps, teams = self.program.steps, {}
        for name, find in GROUPS.items() if groups else ():
            for members in find(self.program):
                teams[members[-1]] = (name, members)
        inside = {k for _, members in teams.values() for k in members}
        for k, step in enumerate(steps):
            if k in teams:
                self.one(teams[k][0], [steps[m] for m in teams[k][1]])
            elif k not in inside:
                self.one(step.op.name, [step])

    def one(self, name, steps):
        outputs = {s.output for s in steps}
        job = Job(steps, self.program, self.array, outputs)
        do = Do(self.memory)
        if name not in KERNELS or KERNELS[name](do, job) is NotImplemented:
            for s in steps:
                do(self.readable, s)
            self.why.append((name, "readable"))
        else:
            self.done.append(name)
            self.why.append((name, job.why))
        self.calls += [(self.spoil, ()), *do.calls]

    def spoil(self):
        """Scratch holds whatever the kernel before has left there."""
        for piece in self.memory._pool:
            piece[...] = 255  # not a number

    def readable(self, step):
        np.copyto(self.array(step.output), step.op.forward(*map(self.array, step.inputs), **step.attrs))

    def run(self):
        for f, args in self.calls:
            f(*args)
        return {name: self.array(slot).copy() for name, slot in self.tape.results.items()}

    def borders(self):
        """The largest number that a kernel wrote into a border."""
        worst = 0.0
        for frame, b in self.frames:
            rest = frame.copy()
            rest[b:-b, b:-b] = 0
            worst = max(worst, float(np.abs(rest).max(initial=0)))
        return worst


def exact(program, arrays):
    """The readable forwards in float64."""
    with Tape():
        wide = {k: Tensor(v.astype(np.float64) if v.dtype.kind == "f" else v) for k, v in arrays.items()}
        return {name: np.asarray(t.data) for name, t in program(**wide).items()}
