"""The sentence of a moment: one question for every step, and where the run stands, in words."""

from __future__ import annotations

from ...engine.tape import Step, Tape

__all__ = ["place", "question", "title"]

TITLES = {
    "matmul": "Weighted sums",
    "add": "Add",
    "sub": "Subtract",
    "mul": "Multiply",
    "div": "Divide",
    "neg": "Turn the sign",
    "conv2d": "Convolution",
    "conv2d_x": "Convolution, back to its input",
    "conv2d_w": "Gradient of the stencils",
    "max_pool2d": "Keep the largest",
    "place": "Put it back",
    "pick": "Pick",
    "relu": "ReLU",
    "gate": "Open and shut doors",
    "batch_norm": "Even out",
    "layer_norm": "Even out",
    "mean": "Mean",
    "var": "Spread",
    "sum": "Sum",
    "sum_to": "Sum",
    "reshape": "Lay out anew",
    "permute": "Turn",
    "softmax": "Shares",
    "log_softmax": "Shares, as logarithms",
    "cross_entropy": "Surprise",
    "accuracy": "How many are right",
    "one_hot": "The truth as shares",
    "blend": "Mix old and new",
    "adaptive_step": "Move",
    "pace": "The pace of this batch",
    "filled": "How full the memory is",
    "embedding": "Look up",
    "dropout": "Leave some out",
    "attention": "Look around",
    "mean_squared_error": "Squared misses",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "power": "Power",
    "sqrt": "Square root",
    "broadcast_to": "Copy along",
}
FORWARD = {
    "matmul": "What does each neuron hear when it weighs its inputs and adds them up?",
    "add": "What comes out when the two are added?",
    "conv2d": "Where in the picture does each small stencil find what it looks for?",
    "max_pool2d": "What is the strongest answer in each little window?",
    "avg_pool2d": "What is the average answer in each little window?",
    "relu": "What is above zero and passes the door?",
    "gelu": "What passes the soft door?",
    "tanh": "How strongly is each neuron for or against?",
    "sigmoid": "How far is each door open?",
    "mean": "What is usual here, over the whole batch?",
    "var": "How far do the numbers spread?",
    "blend": "What is remembered of this for later use?",
    "batch_norm": "What is left when every channel is brought to the same scale?",
    "layer_norm": "What is left when every example is brought to the same scale?",
    "reshape": "The same numbers, laid out anew: what belongs together now?",
    "permute": "The same numbers, turned: which side comes first now?",
    "dropout": "Which numbers are left out this time?",
    "embedding": "Which row belongs to each word?",
    "attention": "Who looks at whom, and what do they take along?",
    "softmax": "How large is each share of the whole?",
    "log_softmax": "How large is each share, as a logarithm?",
    "lstm": "What is remembered and what is said at every moment?",
    "gru": "What is remembered at every moment?",
}
LOSS = {
    "cross_entropy": "How surprised is the network by the right answers?",
    "mean_squared_error": "How far off is the network, squared and averaged?",
    "accuracy": "How many of the examples did it get right?",
    "mean": "What is the average over the batch: the one number to make smaller?",
    "pick": "How much share did the right answer get?",
}
BACKWARD = {
    "gate": "Which doors stood open, so that blame passes?",
    "place": "Back to the places it was picked from: who was the strongest?",
    "conv2d_x": "Which pixels made the stencils answer so?",
    "matmul": "Back through the same weights: who made these neurons wrong, and how strongly?",
    "softmax": "Which shares had the network given?",
    "one_hot": "Which share should each answer have had?",
    "reshape": "The same numbers in the layout they came in: nothing is lost.",
    "sum_to": "What comes together where one number was used many times?",
    "broadcast_to": "The blame of a sum goes to all its parts: how much for each?",
}


def title(step: Step) -> str:
    """A short name for what a step does.

    >>> from cutaway import ops
    >>> title(Step(ops.matmul, (0, 1), {}, 2, "forward/1"))
    'Weighted sums'
    """
    return TITLES.get(step.op.name) or step.op.name.replace("_", " ").capitalize()


def question(step: Step, tape: Tape) -> str:
    """The question that a step answers."""
    phase, _, path = step.label.partition("/")
    of = next((name for name, slot in tape.gradients.items() if slot == step.output), None)
    if of is not None:
        return f"Which way would each number of {of} raise the loss?"
    name = step.op.name
    if phase == "update":
        return _update(step, tape, path)
    if phase == "backward":
        if name == "sub" and path.startswith("loss"):
            return "Was each vote too high or too low?"
        known = BACKWARD.get(name)
        return known or f"The blame on its way back through {path or 'the network'}: {title(step).lower()}."
    if phase == "loss":
        return LOSS.get(name) or f"On the way to the loss: {title(step).lower()}."
    if name == "add" and any(slot in step.inputs for key, slot in tape.state.items() if key.endswith("bias")):
        return "Each neuron adds its own bias: where does it stand now?"
    return FORWARD.get(name) or f"What does {title(step).lower()} make of it?"


def _update(step: Step, tape: Tape, path: str) -> str:
    carried = next((name for name, slot in tape.carry.items() if slot == step.output), None)
    if carried is None:
        return f"What does the optimizer prepare{f' for {path}' if path else ''}?"
    if carried in tape.gradients:
        return f"One small step against the gradient: where does each number of {carried} go?"
    if carried.startswith("optim/"):
        kind, _, of = carried.removeprefix("optim/").partition("/")
        return f"What does the optimizer remember of {of} ({kind})?" if of else f"What is the optimizer's {kind} now?"
    return f"What is the new {carried}?"


def place(tape: Tape | None, batch: int, op: int, epoch: int) -> str:
    """Where a run stands.

    >>> place(None, 320, 0, 2)
    'before batch 320, epoch 3'
    """
    if op == 0 or tape is None:
        return f"before batch {batch}, epoch {epoch + 1}"
    if op == 1:
        return f"batch {batch}, epoch {epoch + 1}, its examples"
    step = tape.steps[op - 2]
    phase, _, path = step.label.partition("/")
    kind = next((kind for where, kind, _ in tape.visits if where == path and path), "")
    layer = " ".join(filter(None, (path, kind)))
    return (
        f"batch {batch}, epoch {epoch + 1}, {phase}{f', {layer}' if layer else ''}, step {op - 1} of {len(tape.steps)}"
    )
