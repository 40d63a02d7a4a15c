"""Layers for pictures and rows against their twins in PyTorch, and whole networks made of them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import cutaway as ct
from cutaway import nn, ops
from cutaway.engine import Tape, Tensor, backward
from cutaway.engine.errors import CutawayError

torch = pytest.importorskip("torch", reason='torch is not installed (to get it: pip install "torch==2.13.0")')
torch.set_num_threads(1)  # two pools of threads in one process get into each other's way
T: Any = torch.nn

CLOSE: dict[str, dict[str, float]] = {
    "float64": {"rtol": 1e-9, "atol": 1e-11},
    "float32": {"rtol": 1e-4, "atol": 2e-5},
}
both = pytest.mark.parametrize("dtype", ["float64", "float32"])


def numbers(*shape: int, seed: int = 0, dtype: str = "float64") -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def pair(ours: nn.Module, twin: Any, dtype: str) -> tuple[nn.Module, Any]:
    """Both with PyTorch's numbers, shaken so that no bias is 0 and no weight is 1."""
    twin.to(getattr(torch, dtype))
    with torch.no_grad():
        for k, (name, t) in enumerate(twin.state_dict().items()):
            if t.is_floating_point():
                shaken = t.numpy() + 0.2 * numbers(*t.shape, seed=k)
                t.copy_(torch.from_numpy(np.abs(shaken) if "var" in name else shaken))
    ours.to(dtype)
    ours.load_state(twin.state_dict())
    names = [name for name in twin.state_dict() if not name.endswith("num_batches_tracked")]
    assert list(ours.state()) == names
    assert list(ours.named_parameters()) == [name for name, _ in twin.named_parameters()]
    return ours, twin


def agree(ours: nn.Module, twin: Any, dtype: str, x: Any) -> None:
    """The same output, the same gradient for x and every parameter, and the same running averages afterwards."""
    twin.zero_grad()
    parameters = ours.named_parameters()
    with Tape() as tape:
        given = Tensor(x)
        y = ours(given) * 1.0  # so that something is recorded where a layer lets all pass
        weight = np.cos(np.arange(y.numel()) + 1.0).reshape(y.shape).astype(dtype)
        grads = backward(y, [given, *parameters.values()], Tensor(weight))
    theirs = torch.tensor(x, requires_grad=True)
    z = twin(theirs)
    (z * torch.from_numpy(weight)).sum().backward()
    assert y.shape == tuple(z.shape) and str(y.dtype) == dtype
    np.testing.assert_allclose(y.data, z.detach().numpy(), **CLOSE[dtype])
    expected = [theirs.grad, *(p.grad for p in twin.parameters())]
    for what, g, other in zip(["x", *parameters], grads, expected, strict=True):
        size = max(1.0, float(other.abs().max()))
        np.testing.assert_allclose(g.data / size, other.numpy() / size, err_msg=f"of {what}", **CLOSE[dtype])
    moved = {name: tape.values[slot] for name, slot in tape.carry.items()}
    for name, t in twin.state_dict().items():
        if name in moved:
            np.testing.assert_allclose(moved[name], t.numpy(), err_msg=name, **CLOSE[dtype])
    ours.load_state({**ours.state(), **moved})


# -- one layer at a time -------------------------------------------------------------------------------------------
def both_sides(name: str, *args: Any, **how: Any) -> tuple[nn.Module, Any]:
    return getattr(nn, name)(*args, **how), getattr(T, name)(*args, **how)


PICTURE, ROW = (2, 4, 7, 6), (2, 4, 9)
LAYERS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = [
    ("Conv2d", (4, 6, 3, 2, 1, 2, 2), {}, PICTURE),
    ("Conv2d", (4, 8, (3, 2)), {"stride": (1, 2), "padding": (2, 1), "dilation": (2, 1), "groups": 4}, PICTURE),
    ("Conv2d", (4, 6, 3), {"padding": "same"}, PICTURE),
    ("Conv2d", (4, 6, (4, 3)), {"padding": "same", "dilation": (1, 2)}, PICTURE),
    ("Conv2d", (4, 2, 2), {"padding": "same", "dilation": 3, "bias": False}, PICTURE),
    ("Conv2d", (4, 6, 3), {"padding": "valid"}, PICTURE),
    ("Conv2d", (4, 6, 1, 2), {"bias": False}, PICTURE),
    ("Conv1d", (4, 6, 3), {}, ROW),
    ("Conv1d", (4, 6, 3, 2, 1, 2, 2), {}, ROW),
    ("Conv1d", (4, 4, 4), {"padding": "same", "groups": 4, "bias": False}, ROW),
    ("Conv1d", (4, 2, (2,)), {"stride": (2,), "padding": (1,)}, ROW),
    ("ConvTranspose2d", (4, 6, 2, 2), {}, PICTURE),
    ("ConvTranspose2d", (4, 6, 3, 2, 1, 1), {"groups": 2}, PICTURE),
    ("ConvTranspose2d", (4, 3, (3, 2), (2, 3), (1, 0), (0, 2)), {"dilation": (2, 1)}, PICTURE),
    ("ConvTranspose2d", (4, 4, 3, 1, 1, 0, 4, False, 2), {}, PICTURE),
    ("ConvTranspose1d", (4, 6, 4, 2, 1), {}, ROW),
    ("ConvTranspose1d", (4, 6, 3, 3, 1, 2), {"groups": 2, "dilation": 2, "bias": False}, ROW),
    ("MaxPool2d", (3, 2, 1), {}, PICTURE),
    ("MaxPool2d", ((2, 4), (1, 2)), {"padding": (0, 2)}, PICTURE),
    ("MaxPool1d", (3, 2, 1), {}, ROW),
    ("MaxPool1d", (2,), {}, ROW),
    ("AvgPool2d", (2,), {}, PICTURE),
    ("AvgPool2d", ((7, 3),), {}, PICTURE),
    ("AvgPool2d", (3, 2, 1), {}, PICTURE),
    ("AvgPool2d", ((2, 3), 1), {"padding": 1, "count_include_pad": False}, PICTURE),
    ("AvgPool1d", (3, 2, 1), {}, ROW),
    ("AvgPool1d", (3, 3), {"count_include_pad": False, "padding": 1}, ROW),
    ("AdaptiveAvgPool2d", (1,), {}, PICTURE),
    ("AdaptiveAvgPool2d", ((7, 3),), {}, PICTURE),
    ("AdaptiveAvgPool2d", ((3, 4),), {}, PICTURE),
    ("AdaptiveAvgPool2d", ((None, 2),), {}, PICTURE),
    ("AdaptiveAvgPool2d", (9,), {}, PICTURE),
    ("AdaptiveAvgPool1d", (3,), {}, ROW),
    ("AdaptiveAvgPool1d", (4,), {}, ROW),
    ("AdaptiveAvgPool1d", (1,), {}, ROW),
    ("AdaptiveMaxPool2d", (1,), {}, PICTURE),
    ("AdaptiveMaxPool2d", ((7, 2),), {}, PICTURE),
    ("AdaptiveMaxPool2d", ((3, 4),), {}, PICTURE),
    ("AdaptiveMaxPool2d", ((None, 5),), {}, PICTURE),
    ("AdaptiveMaxPool2d", (8,), {}, PICTURE),
    ("AdaptiveMaxPool1d", (3,), {}, ROW),
    ("AdaptiveMaxPool1d", (4,), {}, ROW),
    ("Upsample", (), {"scale_factor": 2}, PICTURE),
    ("Upsample", ((9, 13),), {}, PICTURE),
    ("Upsample", ((3, 4),), {}, PICTURE),
    ("Upsample", (), {"scale_factor": (2, 3), "mode": "bilinear"}, PICTURE),
    ("Upsample", (), {"size": (5, 11), "mode": "bilinear", "align_corners": False}, PICTURE),
    ("Upsample", (), {"size": (1, 11), "mode": "bilinear", "align_corners": True}, PICTURE),
    ("Upsample", (), {"scale_factor": 2, "mode": "bilinear", "align_corners": True}, PICTURE),
    ("Upsample", (20,), {}, ROW),
    ("Upsample", (), {"scale_factor": 3, "mode": "linear"}, ROW),
    ("Upsample", (), {"size": 5, "mode": "linear", "align_corners": True}, ROW),
    ("ZeroPad2d", (2,), {}, PICTURE),
    ("ZeroPad2d", ((1, 0, 2, 3),), {}, PICTURE),
    ("Identity", (), {}, PICTURE),
    ("Flatten", (2,), {}, PICTURE),
    ("Flatten", (1, 2), {}, PICTURE),
    ("Flatten", (0, 1), {}, PICTURE),
    ("Flatten", (-2,), {}, ROW),
    ("BatchNorm1d", (4,), {}, (5, 4)),
    ("BatchNorm1d", (4, 1e-2, 0.3), {}, ROW),
    ("BatchNorm1d", (4,), {"affine": False}, ROW),
    ("BatchNorm2d", (4, 1e-2, 0.3, False), {}, PICTURE),
    ("LayerNorm", (6,), {}, PICTURE),
    ("LayerNorm", ((7, 6), 1e-2), {}, PICTURE),
    ("LayerNorm", (9,), {"bias": False}, ROW),
    ("LayerNorm", (9,), {"elementwise_affine": False}, ROW),
    ("RMSNorm", (9,), {}, ROW),
    ("RMSNorm", ((4, 9), 1e-2), {}, ROW),
    ("RMSNorm", (9,), {"elementwise_affine": False}, ROW),
    ("GroupNorm", (2, 4), {}, PICTURE),
    ("GroupNorm", (4, 4, 1e-2), {}, ROW),
    ("GroupNorm", (1, 4), {"affine": False}, (3, 4)),
    ("InstanceNorm2d", (4,), {}, PICTURE),
    ("InstanceNorm2d", (4, 1e-2), {"affine": True}, PICTURE),
    ("InstanceNorm1d", (4,), {"affine": True}, ROW),
]


@both
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize(("name", "args", "how", "shape"), LAYERS, ids=lambda v: v if isinstance(v, str) else None)
def test_a_layer_and_its_twin(
    name: str, args: tuple[Any, ...], how: dict[str, Any], shape: tuple[int, ...], dtype: str
) -> None:
    ours, twin = pair(*both_sides(name, *args, **how), dtype)
    agree(ours, twin, dtype, numbers(*shape, seed=9, dtype=dtype))
    agree(ours.eval(), twin.eval(), dtype, numbers(*shape, seed=10, dtype=dtype)) if "Norm" in name else None
    repr(ours)


@pytest.mark.parametrize(("name", "args", "how", "shape"), LAYERS, ids=lambda v: v if isinstance(v, str) else None)
def test_a_recorded_layer_takes_other_batches(
    name: str, args: tuple[Any, ...], how: dict[str, Any], shape: tuple[int, ...]
) -> None:
    """What is recorded on one batch is used on batches of other sizes."""
    layer = getattr(nn, name)(*args, **how).eval()
    with Tape() as tape:
        y = layer(tape.input("x", numbers(*shape, dtype="float32")))
    more = numbers(shape[0] + 3, *shape[1:], seed=1, dtype="float32")
    values = [*tape.values]
    values[tape.inputs["x"]] = more
    for step in tape.steps:
        values[step.output] = step.op.forward(*[values[slot] for slot in step.inputs], **step.attrs)
    np.testing.assert_allclose(values[y.slot or 0], layer(Tensor(more)).data, rtol=1e-5, atol=1e-6)


def test_first_numbers_are_as_widely_spread_as_torch() -> None:
    for name, args in (
        ("Conv1d", (8, 200, 3)),
        ("Conv2d", (8, 200, 3, 1, 0, 1, 4)),
        ("ConvTranspose1d", (200, 8, 3)),
        ("ConvTranspose2d", (200, 8, 3, 1, 0, 0, 2)),
    ):
        ours, twin = both_sides(name, *args)
        for key, theirs in twin.state_dict().items():
            array = ours.state()[key]
            assert array.shape == tuple(theirs.shape) and array.dtype == np.float32
            if key == "weight":
                assert np.abs(array).max() == pytest.approx(np.abs(theirs.numpy()).max(), rel=0.05)
                assert array.std() == pytest.approx(theirs.numpy().std(), rel=0.05)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: nn.Conv2d(3, 4, 3, groups=2), "split into 2 groups"),
        (lambda: nn.Conv2d(3, 4, 3, stride=2, padding="same"), "with stride 1, 'same'"),
        (lambda: nn.Conv1d(3, 4, 3, padding="sane"), "'sane'"),
        (lambda: nn.Conv1d(3, 4, (3, 3)), "A row has one side"),
        (lambda: nn.ConvTranspose2d(3, 4, 3, stride=2, output_padding=2), "less than the stride"),
        (lambda: nn.GroupNorm(3, 4), "So many groups would do: 1, 2, 4"),
        (lambda: nn.Upsample(), "either size= or scale_factor="),
        (lambda: nn.Upsample(2, mode="bicubic"), "'bicubic'"),
        (lambda: nn.Upsample(2, align_corners=True), "leave it out"),
        (lambda: nn.MaxPool2d(3, padding=2)(Tensor(np.zeros((1, 1, 8, 8)))), "at most half the window"),
        (lambda: nn.Upsample(scale_factor=1.3)(Tensor(np.zeros((1, 1, 8, 8)))), "Say size="),
        (lambda: nn.Upsample(2, mode="linear")(Tensor(np.zeros((1, 1, 8, 8)))), "takes x with 3 sides"),
        (lambda: nn.Conv1d(2, 3, 3)(Tensor(np.zeros((4, 9), np.float32))), "unsqueeze"),
        (lambda: nn.Conv1d(2, 3, 3)(Tensor(np.zeros((4, 3, 9), np.float32))), "3 channels"),
        (lambda: nn.BatchNorm1d(3)(Tensor(np.zeros((2, 3, 4, 4)))), "nn.BatchNorm2d takes"),
        (lambda: nn.LayerNorm(3)(Tensor(np.zeros((2, 4), np.float32))), "nn.LayerNorm"),
        (lambda: nn.ConvTranspose2d(2, 3, 3)(Tensor(np.zeros((2, 4, 5, 5), np.float32))), "nn.ConvTranspose2d"),
        (lambda: nn.ConvTranspose2d(1, 1, 1, padding=2)(Tensor(np.zeros((1, 1, 2, 2), np.float32))), "less padding"),
        (lambda: nn.AdaptiveAvgPool2d(2)(Tensor(np.zeros((2, 4, 5)))), "four sides"),
    ],
)
def test_what_does_not_fit_is_said_kindly(make: Any, said: str) -> None:
    with pytest.raises(CutawayError, match=re.escape(said)):
        make()


# -- whole networks ------------------------------------------------------------------------------------------------
def residual(lib: Any) -> Any:
    """ResNet-like: two blocks, the second halves the sides and doubles the channels, with a 1 x 1 shortcut."""

    class Block(lib.Module):  # type: ignore[misc]
        def __init__(self, channels: int, out: int, stride: int) -> None:
            super().__init__()
            self.conv1 = lib.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
            self.bn1 = lib.BatchNorm2d(out)
            self.conv2 = lib.Conv2d(out, out, 3, padding=1, bias=False)
            self.bn2 = lib.BatchNorm2d(out)
            self.relu = lib.ReLU()
            self.shortcut = lib.Sequential()
            if stride > 1:
                self.shortcut = lib.Sequential(lib.Conv2d(channels, out, 1, stride, bias=False), lib.BatchNorm2d(out))

        def forward(self, x: Any) -> Any:
            y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
            return self.relu(y + self.shortcut(x))

    return lib.Sequential(
        lib.Conv2d(3, 4, 3, padding=1, bias=False),
        lib.BatchNorm2d(4),
        lib.ReLU(),
        Block(4, 4, 1),
        Block(4, 8, 2),
        lib.AdaptiveAvgPool2d(1),
        lib.Flatten(),
        lib.Linear(8, 5),
    )


def unet(lib: Any, concat: Any) -> Any:
    """U-Net-like: down twice, up once with a transposed convolution and once with Upsample, with bridges across."""

    class Twice(lib.Module):  # type: ignore[misc]
        def __init__(self, channels: int, out: int) -> None:
            super().__init__()
            self.conv1, self.norm1 = lib.Conv2d(channels, out, 3, padding="same"), lib.GroupNorm(2, out)
            self.conv2, self.norm2 = lib.Conv2d(out, out, 3, padding=2, dilation=2), lib.BatchNorm2d(out)
            self.act = lib.SiLU()

        def forward(self, x: Any) -> Any:
            return self.act(self.norm2(self.conv2(self.act(self.norm1(self.conv1(x))))))

    class Net(lib.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.down1, self.down2, self.bottom = Twice(2, 4), Twice(4, 6), Twice(6, 8)
            self.pool, self.blur = lib.MaxPool2d(3, stride=2, padding=1), lib.AvgPool2d(2)
            self.up2, self.wide = lib.ConvTranspose2d(8, 6, 2, stride=2), Twice(12, 6)
            self.up1 = lib.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.last, self.head = Twice(10, 4), lib.Conv2d(4, 1, 1)

        def forward(self, x: Any) -> Any:
            a = self.down1(x)
            b = self.down2(self.pool(a))
            y = self.up2(self.bottom(self.blur(b)))
            y = self.wide(concat([y, b]))
            return self.head(self.last(concat([self.up1(y), a])))

    return Net()


def depthwise(lib: Any) -> Any:
    """MobileNet-like: every channel by itself, then a 1 x 1 mixture; and the same along rows."""

    def separable(channels: int, out: int, stride: int) -> list[Any]:
        return [
            lib.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False),
            lib.BatchNorm2d(channels),
            lib.ReLU6(),
            lib.Conv2d(channels, out, 1, bias=False),
            lib.InstanceNorm2d(out, affine=True),
            lib.ReLU6(),
        ]

    return lib.Sequential(
        lib.ZeroPad2d((0, 1, 0, 1)),
        lib.Conv2d(2, 4, 3, stride=2, bias=False),
        *separable(4, 8, 1),
        *separable(8, 6, 2),
        lib.AdaptiveMaxPool2d((3, 2)),
        lib.Flatten(2),
        lib.Conv1d(6, 6, 3, padding=1, groups=6),
        lib.BatchNorm1d(6),
        lib.ConvTranspose1d(6, 4, 2, 2),
        lib.MaxPool1d(2),
        lib.AdaptiveAvgPool1d(4),
        lib.LayerNorm(4),
        lib.Flatten(),
        lib.RMSNorm(16),
        lib.Linear(16, 3),
    )


def concatenated(tensors: list[Tensor]) -> Tensor:
    return ops.concat(*tensors, dim=1)


NETS = {
    "residual": (lambda: (residual(nn), residual(T)), (6, 3, 12, 8)),
    "unet": (lambda: (unet(nn, concatenated), unet(T, lambda t: torch.cat(t, 1))), (3, 2, 12, 8)),
    "depthwise": (lambda: (depthwise(nn), depthwise(T)), (5, 2, 21, 16)),
}


@both
@pytest.mark.parametrize("name", NETS)
def test_a_network_and_its_twin(name: str, dtype: str) -> None:
    """Values, every gradient, and the running averages after three batches; then the same in use."""
    make, shape = NETS[name]
    torch.manual_seed(0)
    ours, twin = pair(*make(), dtype)
    for k in range(3):
        agree(ours, twin, dtype, (1 + k) * numbers(*shape, seed=k, dtype=dtype) + k)
    agree(ours.eval(), twin.eval(), dtype, numbers(*shape, seed=9, dtype=dtype))


@pytest.mark.parametrize("name", NETS)
def test_a_network_trained_beside_its_twin(name: str) -> None:
    """Ten steps of SGD with momentum in float64: the same losses, and the same state in the end."""
    make, shape = NETS[name]
    torch.manual_seed(1)
    ours, twin = pair(*make(), "float64")
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.02, momentum=0.9)
    x = numbers(*shape, seed=3, dtype="float32").astype(np.float64)  # data sets are held in float32
    y = numbers(*ours.eval()(Tensor(x)).shape, seed=4, dtype="float32").astype(np.float64)
    run = ct.Run(ours.train(), nn.MSELoss(), ct.optim.SGD(0.02, momentum=0.9), (x, y), len(x))
    for _ in range(10):
        optimizer.zero_grad()
        loss = T.functional.mse_loss(twin(torch.tensor(x)), torch.tensor(y))
        loss.backward()
        optimizer.step()
    run.train(batches=10, progress=False)
    for key, t in twin.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            np.testing.assert_allclose(run.state[key], t.numpy(), rtol=1e-6, atol=1e-8, err_msg=key)


def test_summary_counts_the_products_of_every_kind_of_convolution() -> None:
    table = nn.Sequential(
        nn.Conv2d(4, 8, 3, padding=1, groups=2),
        nn.ConvTranspose2d(8, 6, 2, stride=2),
        nn.AvgPool2d(2),
        nn.GroupNorm(2, 6),
    ).summary((4, 5, 7))
    assert [r.multiply_adds for r in table.rows] == [8 * 5 * 7 * 2 * 9, 8 * 5 * 7 * 6 * 4, 0, 0]
    row = nn.Sequential(nn.Conv1d(3, 2, 4), nn.ConvTranspose1d(2, 5, 4)).summary((3, 10))
    assert [r.multiply_adds for r in row.rows] == [2 * 7 * 3 * 4, 2 * 7 * 5 * 4]
    assert [r.output for r in row.rows] == [(2, 7), (5, 10)]
