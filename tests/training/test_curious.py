"""Networks that look at their own numbers do with every batch what it asks for: trained, judged, used, and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway import Run, nn, optim
from cutaway.engine.errors import CutawayError

pytestmark = pytest.mark.filterwarnings("ignore:This network cannot be planned ahead")
RANDOM = np.random.default_rng(8)
X, Y = RANDOM.normal(size=(22, 5)).astype(np.float32), RANDOM.normal(size=(22, 3)).astype(np.float32)
X[8:16] *= 0.01  # of these nothing is large


class Curious(nn.Module):
    """Halves what is large, and takes its middle off the tape."""

    def __init__(self) -> None:
        self.layer = nn.Linear(5, 3)

    def forward(self, x: Any) -> Any:
        y = self.layer(x)
        y = y - float(y.data.mean())
        return y * 0.5 if float(y.max()) > 0.4 else y


def by_hand(net: nn.Module, x: Any) -> Any:
    w, b = net.layer.weight.data, net.layer.bias.data
    y = x @ w.T + b
    y = y - np.float32(y.mean())
    return y * 0.5 if y.max() > 0.4 else y


def run(**how: Any) -> Run:
    return Run(Curious(), nn.MSELoss(), optim.SGD(0.05), data=(X, Y), batch_size=8, **how)


def test_every_part_is_judged_and_used_by_what_it_holds() -> None:
    one = run().train(batches=4, progress=False)
    parts = [slice(0, 8), slice(8, 16), slice(16, 22)]
    outputs = np.concatenate([by_hand(one.net, X[p]) for p in parts])
    np.testing.assert_allclose(one.predict(X, batch_size=8), outputs, rtol=1e-5, atol=1e-6)
    losses = [np.mean((by_hand(one.net, X[p]) - Y[p]) ** 2) * (p.stop - p.start) for p in parts]
    for _ in range(2):
        np.testing.assert_allclose(one.evaluate((X, Y), batch_size=8)["loss"], sum(losses) / 22, rtol=1e-5)
    one.train(batches=3, progress=False)
    np.testing.assert_allclose(one.predict(X[8:16]), by_hand(one.net, X[8:16]), rtol=1e-5, atol=1e-6)


def test_with_averaged_weights_these_decide_what_is_done() -> None:
    one = Run(Curious(), nn.MSELoss(), optim.SGD(0.5, average=0.9), data=(X, Y), batch_size=8)
    one.train(batches=5, progress=False)
    used = Curious()
    used.load_state({name: one.state[f"optim/average/{name}"] for name in ("layer.weight", "layer.bias")})
    np.testing.assert_allclose(one.predict(X[:8]), by_hand(used, X[:8]), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(one.net.layer.weight.data, one.state["layer.weight"])  # left as it was


def test_the_smaller_last_batch_is_recorded_anew_like_all_others() -> None:
    one, slow = run(), run(plan=False)
    for each in (one, slow):
        each.train(epochs=4, progress=False)
    np.testing.assert_allclose(one.losses, slow.losses, rtol=1e-6)
    net = Curious()
    with_hand = []
    for batch in range(12):
        x, y = (np.asarray(a) for a in one.loader().batch(batch))
        with_hand.append((x, y))
    assert {len(x) for x, _ in with_hand} == {8, 6}
    back = run()
    for batch, (x, y) in enumerate(with_hand):  # each batch as it is, by the network as it then was
        net.load_state({name: back.state[name] for name in ("layer.weight", "layer.bias")})
        np.testing.assert_allclose(one.losses[batch], np.mean((by_hand(net, x) - y) ** 2), rtol=1e-5)
        back.train(batches=1, progress=False)


def test_resumed_with_its_network_it_goes_on_looking_and_without_it_says_so(tmp_path: Path) -> None:
    one = run().train(batches=5, progress=False)
    one.save(tmp_path)
    again = Run.resume(tmp_path, net=Curious(), loss=nn.MSELoss(), data=(X, Y))
    for each in (one, again):
        each.train(batches=7, progress=False)
    np.testing.assert_array_equal(one.losses, again.losses)
    np.testing.assert_array_equal(one.predict(X[8:16]), again.predict(X[8:16]))
    alone = Run.resume(tmp_path, data=(X, Y))
    for ask in (lambda: alone.train(batches=1, progress=False), lambda: alone.predict(X[:3]), alone.executor):
        with pytest.raises(CutawayError, match=r"hangs on more than shapes.*net="):
            ask()


def test_a_run_that_was_not_to_be_planned_is_not_planned_when_it_goes_on(tmp_path: Path) -> None:
    def net() -> nn.Module:
        return nn.Sequential(nn.Linear(5, 40), nn.GELU(), nn.LayerNorm(40), nn.Linear(40, 3))

    plain = Run(net(), nn.MSELoss(), optim.Adam(0.01), data=(X, Y), batch_size=8, plan=False)
    plain.train(batches=5, progress=False)
    plain.save(tmp_path)
    again = Run.resume(tmp_path, data=(X, Y))
    assert not again.programs.plan
    for each in (plain, again):
        each.train(batches=9, progress=False)
    np.testing.assert_array_equal(plain.losses, again.losses)
