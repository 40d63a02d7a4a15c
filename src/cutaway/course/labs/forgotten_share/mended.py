"""Digits, with an activation of my own: x times its own sigmoid, a soft door that is never quite shut."""

import cutaway as ct
from cutaway import nn
from cutaway.engine import Op, ops

digits = ct.data.load("digits")


class SoftDoor(Op):
    """A door that opens by itself, the more the harder one pushes.

    y = x * sigmoid(x)

    x: the push
    y: what gets through
    """

    kind = "elementwise"

    @staticmethod
    def forward(x):
        return x * ops.sigmoid.forward(x)

    @staticmethod
    def backward(g, y, x):
        s = ops.sigmoid(x)
        return g * (s + x * s * (1.0 - s))  # x is used twice: two shares

    @staticmethod
    def shape(x):
        return x


soft_door = SoftDoor()


class Doors(nn.Module):
    """A layer of soft doors."""

    def forward(self, x):
        return soft_door(x)


net = nn.Sequential(nn.Flatten(), nn.Linear(784, 60), Doors(), nn.Linear(60, 40), Doors(), nn.Linear(40, 10))
run = ct.Run(
    net, loss=nn.CrossEntropyLoss(), optimizer=ct.optim.SGD(alpha=0.1), data=digits.train[:1000], batch_size=32
)
run.train(epochs=5, progress=False)
print(run.evaluate(digits.test))
