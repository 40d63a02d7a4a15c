"""Whole training programs, split over workers and walked in lockstep: every slot, every result, all that is carried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from cutaway import nn, optim
from cutaway.engine import Tape, Tensor, ops
from cutaway.engine.plan.split import WHOLE, Lockstep, Shards, split
from cutaway.engine.program import from_data, to_data
from cutaway.training import Run
from cutaway.training.executor import Readable
from cutaway.training.program import evaluation_program, training_program


class World(NamedTuple):
    net: nn.Module
    loss: Callable[..., Tensor]
    x: Callable[[int], Any]  # how many examples -> them
    y: Callable[[int], Any]
    optimizer: optim.Optimizer
    metrics: tuple[str, ...] = ()


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def whole(below: int, *shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, below, shape)


class Along(nn.Module):
    """A function as a network, with the parts that it uses."""

    def __init__(self, f: Callable[..., Tensor], **parts: Any) -> None:
        self.f, self.names = f, list(parts)
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self.f(x, *(getattr(self, name) for name in self.names))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Dropout(0.3), nn.Linear(6, 4))


def conv() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Conv2d(4, 3, 2, stride=2, bias=False), nn.BatchNorm2d(3, affine=False), nn.Flatten(), nn.Linear(3, 4),
    )  # fmt: skip


def residual() -> nn.Module:
    def f(x: Tensor, first: Any, norm: Any, second: Any, again: Any, group: Any, last: Any) -> Tensor:
        x = first(x)
        y = second(ops.relu(norm(x)))
        y = ops.relu(again(y) + x)
        return last(group(y).mean((2, 3)))

    return Along(f, first=nn.Conv2d(2, 4, 3, padding=1), norm=nn.BatchNorm2d(4), second=nn.Conv2d(4, 4, 3, padding=1),
                 again=nn.BatchNorm2d(4), group=nn.GroupNorm(2, 4), last=nn.Linear(4, 4))  # fmt: skip


def u_net() -> nn.Module:
    def f(x: Tensor, down: Any, inner: Any, up: Any, last: Any) -> Tensor:
        wide = ops.gelu(down(x))
        deep = ops.silu(inner(ops.avg_pool2d(wide, window=2, stride=2)))
        resized = ops.resize2d(deep, to=(4, 4), how="linear")
        return last(ops.concat(wide, up(deep), resized, dim=1))

    return Along(f, down=nn.Conv2d(2, 3, 3, padding=1), inner=nn.Conv2d(3, 3, 3, padding=1),
                 up=nn.ConvTranspose2d(3, 2, 2, stride=2), last=nn.Conv2d(8, 4, 1))  # fmt: skip


def reader(layer: nn.Module, width: int, lengths: bool = False) -> nn.Module:
    def f(x: Tensor, table: Any, layer: Any, last: Any) -> Tensor:
        if lengths:
            return last(layer(table(x), lengths=ops.not_equal(x, 0).long().sum(1))[0].mean(1))
        return last(layer(table(x))[0][:, -1])

    return Along(f, table=nn.Embedding(6, 3, padding_idx=0), layer=layer, last=nn.Linear(width, 4))


def translator() -> nn.Module:
    def f(x: Tensor, table: Any, place: Any, encode: Any, decode: Any, norm: Any) -> Tensor:
        heard, said = x[:, :5], x[:, 5:]
        padding = ops.equal(heard, 0)
        memory = encode(place(table(heard)), src_key_padding_mask=padding)
        out = decode(place(table(said)), memory, tgt_is_causal=True, memory_key_padding_mask=padding)
        return norm(out) @ table.weight.T  # tied

    return Along(f, table=nn.Embedding(7, 4, padding_idx=0), place=nn.PositionalEncoding(4, dropout=0.1),
                 encode=nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, dropout=0.2), 1),
                 decode=nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, dropout=0.2, norm_first=True), 1),
                 norm=nn.RMSNorm(4))  # fmt: skip


def text() -> nn.Module:
    def f(x: Tensor, table: Any, norm: Any, layer: Any) -> Tensor:
        return ops.matmul(norm(layer(table(x), is_causal=True)), table.weight, flip_w=True)

    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.1, activation="gelu", norm_first=True)
    return Along(f, table=nn.Embedding(6, 4), norm=nn.LayerNorm(4), layer=layer)


def skip_gram() -> nn.Module:
    def f(x: Tensor, inner: Any, outer: Any) -> Tensor:
        return ops.matmul(outer(x[:, 1:]), inner(x[:, 0]).unsqueeze(2)).squeeze(2)

    return Along(f, inner=nn.Embedding(9, 3), outer=nn.Embedding(9, 3))


def listener() -> nn.Module:
    def f(x: Tensor, hear: Any, read: Any, last: Any) -> Tensor:
        y = hear(x).relu().permute(0, 2, 1)
        return ops.log_softmax(last(read(y)[0])).permute(1, 0, 2)

    return Along(f, hear=nn.Conv1d(3, 4, 3, padding=1), read=nn.LSTM(4, 3, bidirectional=True), last=nn.Linear(6, 4))


def strict(x: Tensor, y: Tensor) -> Tensor:
    """A loss of a reader's own that looks at the whole batch: spread, largest, centred outputs, pairs."""
    centred = x - x.mean(0, keepdim=True)
    pairs = ops.matmul(centred, centred, flip_w=True)
    return ops.var(x, dim=0).sum() + x.max() + ops.vector_norm(pairs) + ops.logsumexp(x, dim=0).mean() + (x * y).mean()


def pictures(n: int) -> Any:
    return numbers(n, 2, 4, 4, seed=n)


def rows(n: int) -> Any:
    return numbers(n, 5, seed=n)


def classes(n: int) -> Any:
    return whole(4, n, seed=n)


def masked(*shape: int) -> Callable[[int], Any]:
    def y(n: int) -> Any:
        answers = whole(4, n, *shape, seed=n)
        answers.reshape(-1)[::3] = -100
        return answers

    return y


def ragged(n: int) -> Any:
    """Words, and after the end of each sentence zeros."""
    x = 1 + whole(5, n, 6, seed=n)
    return x * (np.arange(6) < whole(6, n, 1, seed=n + 1) + 1)


def sentences(n: int) -> Any:
    return np.concatenate([ragged(n)[:, :5], 1 + whole(6, n, 4, seed=n)], axis=1)


def swapped(x: Tensor, y: Tensor) -> Tensor:
    """Cross entropy of texts: the classes belong on side 1."""
    return ops.cross_entropy(x.transpose(1, 2), y, ignore_index=-100, label_smoothing=0.1)


SGD = optim.SGD(0.1)
WORLDS: dict[str, World] = {
    "mlp": World(mlp(), nn.CrossEntropyLoss(), rows, classes, optim.Adam(0.01), ("accuracy",)),
    "momentum, clipping": World(mlp(), nn.CrossEntropyLoss(), rows, classes,
                                optim.SGD(0.1, 0.9, nesterov=True, clip_norm=0.1, weight_decay=0.01)),
    "adamw, averaging, schedule": World(mlp(), nn.CrossEntropyLoss(), rows, classes, optim.AdamW(
        0.01, average=0.9, schedule=optim.Cosine(9), groups={"*.bias": {"weight_decay": 0.0, "alpha": 0.02}})),
    "rmsprop": World(mlp(), nn.CrossEntropyLoss(), rows, classes, optim.RMSprop(0.01)),
    "muon": World(conv(), nn.CrossEntropyLoss(), pictures, classes, optim.Muon(0.02, others=["8.*"], clip_norm=1.0)),
    "conv, batch norm, dropout": World(conv(), nn.CrossEntropyLoss(label_smoothing=0.1), pictures, classes,
                                       optim.Adam(0.01), ("accuracy",)),
    "residual": World(residual(), nn.CrossEntropyLoss(), pictures, classes, optim.SGD(0.1, 0.9)),
    "u-net": World(u_net(), nn.CrossEntropyLoss(ignore_index=-100, weight=[1.0, 2.0, 0.5, 1.5]), pictures,
                   masked(4, 4), SGD),
    "batch norm of sequences": World(nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.Tanh(), nn.Flatten(),
                                                   nn.Linear(9, 4)), nn.CrossEntropyLoss(reduction="sum"),
                                     lambda n: numbers(n, 2, 4, seed=n), classes, SGD),
    "lstm": World(reader(nn.LSTM(3, 4, num_layers=2, dropout=0.2), 4), nn.CrossEntropyLoss(), ragged, classes, SGD),
    "gru, lengths": World(reader(nn.GRU(3, 4), 4, True), nn.CrossEntropyLoss(), ragged, classes, optim.Adam(0.01)),
    "bilstm, lengths": World(reader(nn.LSTM(3, 4, bidirectional=True), 8, True), nn.CrossEntropyLoss(), ragged,
                             classes, SGD),
    "rnn, time first": World(Along(lambda x, layer, last: last(layer(x.permute(1, 0, 2))[0][-1]),
                                   layer=nn.RNN(3, 4, batch_first=False), last=nn.Linear(4, 4)),
                             nn.CrossEntropyLoss(), lambda n: numbers(n, 5, 3, seed=n), classes, SGD),
    "translator": World(translator(), swapped, sentences, masked(4), optim.Adam(0.01, clip_norm=0.5)),
    "text": World(text(), swapped, lambda n: whole(6, n, 5, seed=n), masked(5), optim.AdamW(0.01)),
    "skip-gram": World(skip_gram(), nn.BCEWithLogitsLoss(pos_weight=2.0), lambda n: whole(9, n, 4, seed=n),
                       lambda n: (np.arange(3) == 0) * np.ones((n, 1)), SGD),
    "ctc": World(listener(), nn.CTCLoss(zero_infinity=True), lambda n: numbers(n, 3, 8, seed=n),
                 lambda n: ragged(n)[:, :3].clip(0, 3), optim.Adam(0.01)),
    "mse": World(nn.Linear(5, 3), nn.MSELoss(), rows, lambda n: numbers(n, 3), SGD),
    "l1": World(nn.Linear(5, 3), nn.L1Loss(), rows, lambda n: numbers(n, 3), SGD),
    "huber": World(nn.Linear(5, 3), nn.SmoothL1Loss(beta=0.5), rows, lambda n: numbers(n, 3), SGD),
    "bce": World(nn.Linear(5, 3), nn.BCEWithLogitsLoss(pos_weight=[1.0, 2.0, 3.0], reduction="sum"), rows,
                 lambda n: whole(2, n, 3).astype(float), SGD),
    "kl": World(nn.Sequential(nn.Linear(5, 3), nn.LogSoftmax()), nn.KLDivLoss(reduction="batchmean"), rows,
                lambda n: np.abs(numbers(n, 3)), SGD),
    "nll": World(nn.Sequential(nn.Linear(5, 4), nn.LogSoftmax()), nn.NLLLoss(weight=[1, 2, 3, 4], ignore_index=1),
                 rows, classes, SGD),
    "soft targets": World(nn.Linear(5, 4), nn.CrossEntropyLoss(label_smoothing=0.1, weight=[1, 2, 3, 4]), rows,
                          lambda n: np.abs(numbers(n, 4)), SGD),
    "a loss each": World(mlp(), lambda x, y: (nn.CrossEntropyLoss(reduction="none")(x, y) ** 2).mean(), rows, classes,
                         SGD),
    "all at once": World(nn.Linear(5, 3), strict, rows, lambda n: numbers(n, 3), SGD),
}  # fmt: skip
# What asks for all examples at once, and so cannot be done piece by piece.
ALL_AT_ONCE = {"all at once"}


def program(world: World, n: int) -> tuple[Tape, list[Any], dict[str, Any]]:
    """The training program of n examples in float64, its inputs and its state."""
    world.net.root().to(np.float64)
    x, y = world.x(n), world.y(n)
    tape = training_program(world.net, world.loss, world.optimizer, x, y, seed=3, metrics=world.metrics)
    return tape, [x, y, np.asarray(2), np.asarray(0)], {name: tape.values[slot] for name, slot in tape.state.items()}


def agree(tape: Tape, shards: Shards, inputs: list[Any], state: dict[str, Any]) -> None:
    """Every slot joined is the slot of the whole batch; what is whole is the same to the bit on all ranks."""
    one, other = Readable(tape, dict(state)), dict(state)
    for _ in one.walk(tuple(inputs)):
        pass
    walk = Lockstep(shards)
    results = walk.run(inputs, other)
    for slot, expected in enumerate(one.values):
        if expected is None or all(values[slot] is None for values in walk.values):
            continue
        found = walk.see(slot)
        assert found.shape == np.shape(expected) and found.dtype == np.asarray(expected).dtype, slot
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10, err_msg=f"slot {slot}")
    for slot, layout in enumerate(shards.layouts):
        if layout == WHOLE and walk.values[0][slot] is not None:
            bits = {np.asarray(values[slot]).tobytes() for values in walk.values}
            assert len(bits) == 1, f"slot {slot} differs between ranks"
    for name, slot in tape.results.items():
        np.testing.assert_allclose(results[name], one.values[slot], rtol=1e-10, atol=1e-12)
    assert other.keys() == one.state.keys()
    for name, expected in one.state.items():
        assert other[name].dtype == expected.dtype
        np.testing.assert_allclose(other[name], expected, rtol=1e-9, atol=1e-10, err_msg=name)


@pytest.mark.parametrize(("n", "count"), [(4, 2), (7, 2), (7, 3), (1, 2)])
@pytest.mark.parametrize("name", WORLDS)
def test_the_workers_together_do_what_one_does(name: str, n: int, count: int) -> None:
    tape, inputs, state = program(WORLDS[name], n)
    shards = split(tape, count)
    if n >= count and name not in ALL_AT_ONCE:
        assert shards.gathers == []
    agree(tape, shards, inputs, state)


def test_each_gradient_is_added_up_once_right_before_the_update() -> None:
    tape, _, _ = program(WORLDS["translator"], 6)
    steps = split(tape, 2).tapes[1].steps
    update = next(k for k, step in enumerate(steps) if step.label.startswith("update"))
    sums = [step for step in steps if step.label.startswith("together/")]
    assert steps[update - len(sums) : update] == sums
    assert sorted(step.label for step in sums) == sorted(f"together/{name}" for name in tape.gradients)
    assert not [step for step in steps[update:] if step.op.name == "together"]
    shards = split(tape, 2)
    assert {shards.sums[name] for name in tape.gradients} == {step.output for step in sums}
    assert all(shards.layouts[slot].kind == "partial" for slot in tape.gradients.values())


def test_a_drop_out_mask_does_not_depend_on_the_workers() -> None:
    tape, inputs, state = program(WORLDS["mlp"], 7)
    roll = next(step.output for step in tape.steps if step.op.name == "dropout_mask")
    expected = Readable(tape, dict(state))
    for _ in expected.walk(tuple(inputs)):
        pass
    walk = Lockstep(split(tape, 3))
    walk.run(inputs, dict(state))
    assert np.array_equal(walk.see(roll), expected.values[roll])


def test_using_the_network_is_split_as_well() -> None:
    world = WORLDS["conv, batch norm, dropout"]
    world.net.root().to(np.float64)
    tape = evaluation_program(world.net, world.loss, pictures(5), classes(5), metrics=("accuracy",))
    shards = split(tape, 2)
    outputs = tape.results["outputs"]
    assert (shards.axis(outputs), shards.bounds(outputs)) == (0, (0, 3, 5))
    zero = np.asarray(0)
    inputs = [array for array, _ in zip([pictures(5), classes(5), zero, zero], tape.inputs, strict=False)]
    agree(tape, shards, inputs, {name: tape.values[slot] for name, slot in tape.state.items()})


def test_a_tape_that_knows_no_shapes_says_so() -> None:
    tape, _, _ = program(WORLDS["mlp"], 4)
    with pytest.raises(Exception, match="loaded"):
        split(from_data(*to_data(tape)), 2)


def test_the_recorded_tape_stays_as_it_is() -> None:
    tape, _, _ = program(WORLDS["conv, batch norm, dropout"], 4)
    before, slots = str(tape), len(tape.values)
    split(tape, 2)
    assert str(tape) == before and len(tape.values) == slots


def test_a_value_put_in_by_hand_is_felt_as_in_the_whole_batch() -> None:
    tape, inputs, state = program(WORLDS["residual"], 7)
    shards = split(tape, 3)
    for k in range(0, len(tape.steps), 3):
        step = tape.steps[k]
        if step.label.startswith("update"):
            break
        one, walk = Readable(tape, dict(state)), Lockstep(shards)
        changed: Any = None
        for done in one.walk(tuple(inputs)):
            if done is step:
                changed = np.asarray(one.see(done.output)) + 0.25
                one.put(done.output, changed)
        for done in walk.walk(inputs, dict(state)):
            if done.output == step.output:
                walk.put(done.output, changed)
        for name, slot in tape.results.items():
            found = walk.see(shards.tapes[0].results[name])
            np.testing.assert_allclose(found, one.values[slot], rtol=1e-9, err_msg=str(step))
        for name, slot in tape.gradients.items():
            found = walk.see(shards.sums[name])
            np.testing.assert_allclose(found, one.values[slot], rtol=1e-8, atol=1e-9, err_msg=f"{name}, {step}")


def test_gradients_of_tables_tell_their_look_ups() -> None:
    tape, _, _ = program(WORLDS["skip-gram"], 6)
    shards = split(tape, 2)
    for name, slot in tape.gradients.items():
        ((g, rows),) = shards.look_ups(name)
        made = next(step for step in tape.steps if step.output == slot)
        assert made.op.name == "add_rows" and made.inputs == (g, rows)
        assert shards.bounds(g) == shards.bounds(rows) == (0, 3, 6)
    tape, _, _ = program(WORLDS["translator"], 6)  # tied: its rows are felt by the last layer, too
    assert split(tape, 2).look_ups("table.weight") == []


def test_a_value_put_in_late_reaches_what_was_made_of_it_before() -> None:
    with Tape() as tape:
        x = tape.input("x", numbers(5, 2))
        total = x.sum(0)
        first = ops.tanh(total)  # the ranks' parts have been added up for this one
        tape.results["y"] = tape.slot(total * first + x[:2].sum(0))
    walk = Lockstep(split(tape, 2))
    for step in walk.walk([numbers(5, 2)], {}):
        if step.output == first.slot:
            walk.put(total.slot, np.array([3.0, 5.0]))
    seen = numbers(5, 2)
    np.testing.assert_allclose(walk.see(tape.results["y"]), [3.0, 5.0] * np.tanh(seen.sum(0)) + seen[:2].sum(0))


def test_batch_norm_asks_the_others_twice_there_and_twice_back() -> None:
    for name, kind in (("conv, batch norm, dropout", "1"), ("residual", "norm"), ("residual", "again")):
        steps = split(program(WORLDS[name], 7)[0], 2).tapes[0].steps
        for way in ("forward", "backward"):
            met = [s for s in steps if s.op.name == "together" and s.label == f"{way}/{kind}"]
            assert len(met) == 2, (name, way)


def test_part_of_the_examples_is_found_whoever_holds_them() -> None:
    def f(x: Tensor, layer: Any) -> Tensor:
        return ops.concat(layer(x)[1:], layer(x[:3]), layer(x[-1:]), x[::2, :4], dim=0).sum(1)

    world = World(Along(f, layer=nn.Linear(5, 4)), lambda y, t: (y**2).mean() + t.sum(), rows, rows, SGD)
    tape, inputs, state = program(world, 7)
    agree(tape, split(tape, 3), inputs, state)


def test_predictions_and_judgements_are_shared_out_and_put_together_again() -> None:
    """Every rank answers for its own examples; also where their number is odd, and where there is only one."""
    x, y = numbers(9, 5).astype("f"), whole(4, 9)
    runs = [
        Run(mlp(), nn.CrossEntropyLoss(), optim.SGD(0.1), (x, y), 4, workers=count).train(batches=3, progress=False)
        for count in (1, 2)
    ]
    for count in (1, 2, 7, 9):
        alone, shared = (run.predict(x[:count]) for run in runs)
        assert shared.shape == (count, 4)
        np.testing.assert_allclose(shared, alone, rtol=1e-5, atol=1e-6)
    again = runs[1].predict(x)
    runs[1].train(batches=1, progress=False)
    assert (runs[1].predict(x) != again).any()  # with the weights of now
    np.testing.assert_allclose(list(runs[0].train(batches=1, progress=False).evaluate((x, y)).values()),
                               list(runs[1].evaluate((x, y)).values()), rtol=1e-5)  # fmt: skip
    for run in runs:
        run.programs.planner.close()
