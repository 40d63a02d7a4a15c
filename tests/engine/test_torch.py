"""Every operation against its twin in PyTorch: values, and gradients for every input.

PyTorch is the second opinion that shares no line of code and no habit of thought with ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (as everybody calls it)

import cutaway.optim.schedules as schedules
from cutaway.engine import OPS, Tape, Tensor, backward, ops
from cutaway.engine.op import Op
from cutaway.engine.ops.arrange import real_index
from cutaway.engine.sample import Sample

from .twins_pictures import PICTURES
from .twins_sequences import SEQUENCES, WITHOUT

Twin = Callable[..., Any]


# -- the twins, in PyTorch's own words -----------------------------------------------------------------------------
def turned(x: Any, flip: bool) -> Any:
    return x.mT if flip else x


def sum_to(x: Any, to: Any) -> Any:
    return x.sum_to_size(to)


def paste(x: Any, index: Any, to: Any) -> Any:
    where = torch.from_numpy(np.arange(int(np.prod(to))).reshape(to)[real_index(index)].copy())
    return torch.zeros(int(np.prod(to)), dtype=x.dtype).index_put((where.reshape(-1),), x.reshape(-1)).reshape(to)


def cut(x: Any, index: Any) -> Any:
    where = torch.from_numpy(np.arange(x.numel()).reshape(x.shape)[real_index(index)].copy())
    return x.reshape(-1)[where.reshape(-1)].reshape(where.shape)


def add_rows(g: Any, rows: Any, size: int) -> Any:
    rest = g.shape[rows.ndim :]
    return torch.zeros(size, *rest, dtype=g.dtype).index_add(0, rows.reshape(-1), g.reshape(-1, *rest))


def index_add(x: Any, rows: Any, new: Any) -> Any:
    new = new.expand(*rows.shape, *x.shape[1:])
    return x.index_add(0, rows.reshape(-1), new.reshape(-1, *x.shape[1:]))


def set_rows(x: Any, rows: Any, new: Any) -> Any:
    return x.index_copy(0, rows % len(x), new.expand(*rows.shape, *x.shape[1:]))


def scatter_sum(g: Any, index: Any, dim: int, size: int) -> Any:
    shape = [*g.shape]
    shape[dim] = size
    return torch.zeros(shape, dtype=g.dtype).scatter_add(dim, index, g)


def bce_with_logits(x: Any, target: Any, pos_weight: Any = 1.0, reduction: str = "mean") -> Any:
    more = torch.tensor(pos_weight, dtype=x.dtype)
    return F.binary_cross_entropy_with_logits(x, target, pos_weight=more, reduction=reduction)


def kl_div(x: Any, target: Any, log_target: bool = False, reduction: str = "mean") -> Any:
    if reduction == "mean":  # PyTorch warns of it
        return F.kl_div(x, target, log_target=log_target, reduction="none").mean()
    return F.kl_div(x, target, log_target=log_target, reduction=reduction)


def class_weights(weight: Any, dtype: Any) -> Any:
    return None if weight is None else torch.tensor(weight, dtype=dtype)


def cross_entropy(x: Any, answers: Any, weight: Any = None, ignore_index: Any = None, **how: Any) -> Any:
    how = how if ignore_index is None else {**how, "ignore_index": ignore_index}
    return F.cross_entropy(x, answers, class_weights(weight, x.dtype), **how)


def nll(x: Any, answers: Any, weight: Any = None, ignore_index: Any = None, **how: Any) -> Any:
    how = how if ignore_index is None else {**how, "ignore_index": ignore_index}
    return F.nll_loss(x, answers, class_weights(weight, x.dtype), **how)


def target_shares(answers: Any, classes: int, dtype: str = "float32", **how: Any) -> Any:
    """What cross entropy compares with is minus its slope by log_softmax: PyTorch is asked for that slope."""
    kind = getattr(torch, dtype)
    x = torch.zeros((answers.shape[0], classes, *answers.shape[1:]), dtype=kind, requires_grad=True)
    smoothing, total = how.get("label_smoothing", 0.0), how.get("weight") or [1.0] * classes
    kept = torch.ones_like(answers) if "ignore_index" not in how else (answers != how["ignore_index"]).long()
    plain = {key: value for key, value in how.items() if key != "label_smoothing"}
    nll(x, answers, reduction="sum", **plain).backward()
    assert x.grad is not None
    cake = torch.tensor(total, dtype=kind).reshape(-1, *[1] * (answers.ndim - 1)) / classes
    return -x.grad * (1 - smoothing) + smoothing * cake * kept.unsqueeze(1)


def ctc(x: Any, targets: Any, inputs: Any, lengths: Any, blank: int = 0) -> Any:
    """F.ctc_loss gives the slope that is right behind a log_softmax only, so the slopes are asked of the definition."""
    losses = []
    for n in range(x.shape[1]):
        text = [blank]
        for letter in targets[n, : lengths[n]].tolist():
            text += [letter, blank]
        alpha = [x[0, n, c] if k < 2 else torch.tensor(-1e30, dtype=x.dtype) for k, c in enumerate(text)]
        for t in range(1, int(inputs[n])):
            roads = [
                [alpha[k], *alpha[k - 1 : k][:1], *([alpha[k - 2]] if k > 1 and c not in (blank, text[k - 2]) else [])]
                for k, c in enumerate(text)
            ]
            alpha = [torch.stack(r).logsumexp(0) + x[t, n, c] for r, c in zip(roads, text, strict=True)]
        losses.append(-torch.stack(alpha[-2:]).logsumexp(0))
    y = torch.stack(losses)
    torch.testing.assert_close(
        y, F.ctc_loss(x, targets, inputs, lengths, blank, reduction="none"), rtol=1e-4, atol=1e-4
    )
    return y


def ctc_posterior(x: Any, *rest: Any, **how: Any) -> Any:
    return -torch.autograd.grad(ctc(x, *rest, **how).sum(), x, create_graph=True)[0]


def orthogonal(x: Any, steps: int = 5) -> Any:
    """In singular values: the polynomial works on them alone."""
    u, loud, v = torch.linalg.svd(x, full_matrices=False)
    loud = loud / x.square().sum().sqrt()
    for _ in range(steps):
        loud = 3.4445 * loud - 4.775 * loud**3 + 2.0315 * loud**5
    return u @ torch.diag(loud) @ v


def axes(x: Any, dim: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)


def winner(x: Any, dim: Any = None) -> Any:
    """One-hot of the argmax along the searched sides, put last and counted as one."""
    searched = [k % x.ndim for k in axes(x, dim)]
    kept = [k for k in range(x.ndim) if k not in searched]
    order = [*kept, *searched]
    rows = x.permute(order).flatten(len(kept))
    flags = F.one_hot(rows.argmax(-1), rows.shape[-1]).to(x.dtype)
    return flags.reshape([x.shape[k] for k in order]).permute(np.argsort(order).tolist())


def adam(weight: Any, slope: Any, shake: Any, alpha: Any, eps: Any) -> Any:
    return torch.addcdiv(weight, -alpha * slope, shake.sqrt() + eps)


def cosine(step: Any, kind: str, total: int = 1, floor: float = 0.0) -> Any:
    if kind == "constant":
        return torch.tensor(1.0)
    assert kind == "cosine"
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=total, eta_min=floor)
    for _ in range(int(step)):
        optimizer.step()
        schedule.step()
    return torch.tensor(schedule.get_last_lr()[0], dtype=torch.float32)


TWINS: dict[str, Twin] = {
    **PICTURES,
    **SEQUENCES,
    "abs": torch.abs,
    "accuracy": lambda outputs, answers: (outputs.argmax(-1) == answers).to(outputs.dtype).mean(),
    "adaptive_step": adam,
    "add": torch.add,
    "add_rows": add_rows,
    "argmax": lambda x, dim=-1: torch.argmax(x, dim),
    "bce_with_logits": bce_with_logits,
    "blend": lambda old, new, keep: torch.lerp(new, old, keep),
    "broadcast_to": lambda x, to: torch.broadcast_to(x, to),
    "cast": lambda x, to: x.to(getattr(torch, to)),
    "clip": lambda x, low=None, high=None: torch.clamp(x, low, high),
    "concat": lambda *xs, dim=0: torch.cat(xs, dim),
    "cos": torch.cos,
    "cross_entropy": cross_entropy,
    "ctc": ctc,
    "ctc_posterior": ctc_posterior,
    "cumsum": lambda x, dim: torch.cumsum(x, dim),
    "cut": cut,
    "div": torch.div,
    "elu": lambda x, alpha=1.0: F.elu(x, alpha),
    "embedding": lambda indices, weight, padding_idx=None: F.embedding(indices, weight, padding_idx),
    "equal": torch.eq,
    "erf": torch.erf,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "flip": lambda x, dim=None: torch.flip(x, axes(x, dim)),
    "gate": lambda g, control: torch.where(control > 0, g, torch.zeros((), dtype=g.dtype)),
    "gather": lambda x, index, dim: torch.gather(x, dim, index),
    "gelu": lambda x, approximate="none": F.gelu(x, approximate=approximate),
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "huber": lambda x, target, delta=1.0, reduction="mean": F.huber_loss(x, target, delta=delta, reduction=reduction),
    "index_add": index_add,
    "kl_div": kl_div,
    "l1": lambda x, target, reduction="mean": F.l1_loss(x, target, reduction=reduction),
    "leaky_relu": lambda x, slope=0.01: F.leaky_relu(x, slope),
    "less": torch.lt,
    "less_equal": torch.le,
    "log": torch.log,
    "log10": torch.log10,
    "log1p": torch.log1p,
    "log2": torch.log2,
    "log_softmax": lambda x, dim=-1: F.log_softmax(x, dim),
    "logsumexp": lambda x, dim=None, keepdim=False: torch.logsumexp(x, axes(x, dim), keepdim),
    "matmul": lambda x, w, flip_x=False, flip_w=False: turned(x, flip_x) @ turned(w, flip_w),
    "max": lambda x, dim=None, keepdim=False: torch.amax(x, axes(x, dim), keepdim),
    "maximum": torch.maximum,
    "mean": lambda x, dim=None, keepdim=False: torch.mean(x, axes(x, dim), keepdim),
    "min": lambda x, dim=None, keepdim=False: torch.amin(x, axes(x, dim), keepdim),
    "minimum": torch.minimum,
    "mse": F.mse_loss,
    "mul": torch.mul,
    "neg": torch.neg,
    "nll": nll,
    "not_equal": torch.ne,
    "one_hot": lambda answers, classes, dtype="float32": F.one_hot(answers, classes).to(getattr(torch, dtype)),
    "orthogonal": orthogonal,
    "pace": cosine,
    "pad": lambda x, widths, value=0.0: F.pad(x, widths, value=value),
    "paste": paste,
    "permute": lambda x, order: x.permute(order),
    "pow": torch.pow,
    "power": lambda x, to: torch.pow(x, to),
    "relu": torch.relu,
    "repeat_interleave": lambda x, repeats, dim: torch.repeat_interleave(x, repeats, dim),
    "reshape": lambda x, to: x.reshape(to),
    "roll": lambda x, shift, dim: torch.roll(x, shift, dim),
    "scatter_add": lambda x, index, src, dim: torch.scatter_add(x, dim, index, src),
    "scatter_sum": scatter_sum,
    "set_rows": set_rows,
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "silu": F.silu,
    "sin": torch.sin,
    "soft_cross_entropy": lambda x, target, weight=None, **how: F.cross_entropy(
        x, target, class_weights(weight, x.dtype), **how
    ),
    "softmax": lambda x, dim=-1: F.softmax(x, dim),
    "softplus": lambda x, beta=1.0: F.softplus(x, beta, threshold=50),
    "sqrt": torch.sqrt,
    "stack": lambda *xs, dim=0: torch.stack(xs, dim),
    "sub": torch.sub,
    "sum": lambda x, dim=None, keepdim=False: torch.sum(x, axes(x, dim), keepdim),
    "sum_to": sum_to,
    "take": lambda x, rows: F.embedding(rows, x) if x.ndim == 2 else x[rows],
    "tanh": torch.tanh,
    "target_shares": target_shares,
    "tile": lambda x, counts: torch.tile(x, counts),
    "tril": lambda x, diagonal=0: torch.tril(x, diagonal),
    "var": lambda x, dim=None, keepdim=False, correction=0: torch.var(
        x, axes(x, dim), correction=correction, keepdim=keepdim
    ),
    "vector_norm": lambda x, dim=None, keepdim=False: torch.linalg.vector_norm(x, dim=axes(x, dim), keepdim=keepdim),
    "where": torch.where,
    "winner": winner,
}

# No twin, and why.
WITHOUT_TWIN = {
    **WITHOUT,
    "together": "PyTorch's all_reduce needs processes; alone it is the identity, and test_split.py adds several up",
    "dropout_mask": "PyTorch draws other numbers; what ours must do is tested in test_rng.py",
    "filled": "PyTorch's Adam has it inside; the optimizers are compared as a whole",
}


# -- the comparison --------------------------------------------------------------------------------------------------
def test_every_operation_has_a_twin_or_a_reason() -> None:
    assert schedules  # the operations of optim are registered as well
    assert set(TWINS) | set(WITHOUT_TWIN) == set(OPS)
    assert not set(TWINS) & set(WITHOUT_TWIN)


PAIRS = [
    pytest.param(OPS[name], sample, id=f"{name}-{k}")
    for name in TWINS
    if name in OPS
    for k, sample in enumerate(OPS[name].samples)
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("op", "sample"), PAIRS)
def test_values_and_gradients_agree(op: Op, sample: Sample, dtype: str) -> None:
    close = {"rtol": 1e-9, "atol": 1e-10} if dtype == "float64" else {"rtol": 2e-4, "atol": 2e-5}
    arrays = [np.asarray(a) for a in sample.arrays(11, dtype)]
    with Tape():
        ours = [Tensor(a) for a in arrays]
        y = op(*ours, **sample.attrs)
        weight = np.cos(np.arange(y.numel()) + 1.0).reshape(y.shape).astype(y.dtype)
        grads = backward(y, ours, Tensor(weight))
    theirs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    z = TWINS[op.name](*theirs, **sample.attrs)
    assert y.shape == tuple(z.shape) and str(y.dtype) == str(z.dtype).removeprefix("torch.")
    np.testing.assert_allclose(y.data, z.detach().numpy(), **close)
    if not z.requires_grad:
        return
    (z * torch.from_numpy(weight)).sum().backward()
    for t, g in zip(theirs, grads, strict=True):
        if t.requires_grad:
            expected = np.zeros(t.shape) if t.grad is None else t.grad.numpy()
            np.testing.assert_allclose(g.data, expected, **close)


# -- the corners of the numbers --------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "leaky_relu", "abs", "exp", "softmax", "log_softmax"])
def test_huge_and_tiny_numbers(name: str) -> None:
    x = np.array([[-1e4, -80.0, -1e-30, 0.0, 1e-30, 80.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1e4]], np.float32)
    x = np.minimum(x, 85) if name == "exp" else x
    with Tape():
        ours = Tensor(x)
        y = OPS[name](ours)
        (g,) = backward(y.sum() if name not in ("softmax", "log_softmax") else y[0, 1], [ours])
    theirs = torch.tensor(x, requires_grad=True)
    z = TWINS[name](theirs)
    (z.sum() if name not in ("softmax", "log_softmax") else z[0, 1]).backward()
    assert theirs.grad is not None
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(g.data, theirs.grad.numpy(), rtol=1e-5, atol=1e-6)


def test_sure_and_wrong_costs_much_but_not_infinity() -> None:
    x = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]], np.float32)
    loss = ops.cross_entropy(Tensor(x), Tensor([1, 1]))
    assert loss.item() == F.cross_entropy(torch.tensor(x), torch.tensor([1, 1])).item() == 1000.0


@pytest.mark.parametrize("to", [(3, 2), (4, 5), (1, 1), (2, 5)])
def test_windows_side_by_side_hold_the_adaptive_windows(to: tuple[int, int]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    spread = ops.resize2d(Tensor(x), to=to, how="windows")
    window = (spread.shape[2] // to[0], spread.shape[3] // to[1])
    best = ops.max_pool2d(spread, window=window, stride=window)
    np.testing.assert_array_equal(best.data, F.adaptive_max_pool2d(torch.tensor(x), to).numpy())


def test_of_equal_numbers_in_a_window_the_first_wins_as_in_torch() -> None:
    x = np.zeros((1, 1, 4, 4), np.float32)
    with Tape():
        ours = Tensor(x)
        (g,) = backward(ops.max_pool2d(ours, window=2, stride=2).sum(), [ours])
    theirs = torch.tensor(x, requires_grad=True)
    F.max_pool2d(theirs, 2).sum().backward()
    assert theirs.grad is not None
    np.testing.assert_array_equal(g.data, theirs.grad.numpy())


# -- an unrolled recurrent network with a loss at every step --------------------------------------------------------
def recurrent(x: Any, w: Any, u: Any, b: Any, targets: Any, tanh: Any, square: Any) -> Any:
    """h' = tanh(x w + h u + b); the loss looks at every h, so every h is felt along many roads."""
    h = None
    loss = None
    for t in range(x.shape[1]):
        z = x[:, t] @ w + b
        h = tanh(z if h is None else z + h @ u)
        miss = square(h - targets[:, t])
        loss = miss if loss is None else loss + miss
    return loss


def test_unrolled_recurrent_network_with_a_loss_at_every_step() -> None:
    r = np.random.default_rng(3)
    arrays = [r.normal(size=s) for s in [(2, 7, 3), (3, 4), (4, 4), (4,), (2, 7, 4)]]
    with Tape():
        ours = [Tensor(a) for a in arrays]
        loss = recurrent(*ours, tanh=ops.tanh, square=lambda m: (m * m).mean())
        grads = backward(loss, ours)
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    other = recurrent(*theirs, tanh=torch.tanh, square=lambda m: (m * m).mean())
    other.backward()
    assert loss.item() == pytest.approx(other.item(), rel=1e-12)
    for g, t in zip(grads, theirs, strict=True):
        assert t.grad is not None
        np.testing.assert_allclose(g.data, t.grad.numpy(), rtol=1e-10, atol=1e-12)
