"""What one training step is, as a tape: forward, loss, backward, update; and what using the network is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..engine import Tape, Tensor, backward, ops
from ..nn import Module
from ..optim import Optimizer

__all__ = ["METRICS", "evaluation_program", "training_program"]

METRICS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"accuracy": ops.accuracy}


def training_program(
    net: Module,
    loss: Callable[..., Tensor],
    optimizer: Optimizer,
    x: Any,
    y: Any,
    *,
    seed: int = 0,
    metrics: Sequence[str] = (),
    counts: Mapping[str, str] | None = None,
    step: int = 0,
) -> Tape:
    """Record one training step on this batch; the result is the program of every batch of this shape.

    >>> from cutaway import nn, optim
    >>> net = nn.Linear(2, 1)
    >>> program = training_program(net, nn.MSELoss(), optim.SGD(0.1), np.ones((3, 2), "f"), np.ones((3, 1), "f"))
    >>> [step.op.name for step in program.steps if step.label.startswith("update")]
    ['mul', 'sub', 'mul', 'sub']
    """
    net.root()
    with Tape(seed=seed, step=step) as tape:
        value, _ = _forward(tape, net, loss, x, y, metrics)
        trained = {name: p for name, p in net.named_parameters().items() if p.requires_grad and p in tape.leaves}
        gradients = dict(zip(trained, backward(value, list(trained.values())), strict=True))
        with tape.phase("update"):
            tape.gradients = {name: tape.slot(g) for name, g in gradients.items()}
            optimizer.record(tape, trained, gradients, counts)
    return tape.prune()


def evaluation_program(
    net: Module, loss: Callable[..., Tensor], x: Any, y: Any, *, metrics: Sequence[str] = ()
) -> Tape:
    """Record the use of the network in eval() mode: its outputs, the loss, the metrics; nothing is carried.

    The layers of Cutaway leave the batch free, so the program recorded on one batch fits any batch size.
    """
    modules = net.root().modules()
    modes = [module.training for module in modules]
    net.eval()
    try:
        with Tape() as tape:
            _, outputs = _forward(tape, net, loss, x, y, metrics)
            tape.results["outputs"] = tape.slot(outputs)
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
    return tape.prune()


def _forward(
    tape: Tape, net: Module, loss: Callable[..., Tensor], x: Any, y: Any, metrics: Sequence[str]
) -> tuple[Tensor, Tensor]:
    examples, answers = tape.input("x", x), tape.input("y", y)
    tape.counter("step")
    tape.counter("first")
    with tape.phase("forward"):
        outputs = net(examples)
    with tape.phase("loss"):
        value = loss(outputs, answers)
        tape.results["loss"] = tape.slot(value)
        for name in metrics:
            with tape.place(name):
                tape.results[name] = tape.slot(METRICS[name](outputs, answers))
    return value, outputs
