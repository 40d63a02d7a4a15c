"""How warm will it be tomorrow? A loss of my own: the mean of the squared misses."""

import numpy as np

import cutaway as ct
from cutaway import nn
from cutaway.engine import Op

days = ct.data.load("weather").train.x
spread = days.std(axis=0)
scaled = (days - days.mean(axis=0)) / spread
today, tomorrow = scaled[:-1], scaled[1:, 2:3]  # column 2 is how warm it got


class MeanMiss(Op):
    """The mean of the squared misses.

    y = mean of (said - truth) ** 2

    said: what we say
    truth: what it was
    y: how far off we are
    """

    @staticmethod
    def forward(said, truth):
        return np.mean((said - truth) ** 2)

    @staticmethod
    def backward(g, y, said, truth):
        return g * 2.0 * (said - truth)

    @staticmethod
    def shape(said, truth):
        return ()


mean_miss = MeanMiss()
net = nn.Sequential(nn.Linear(5, 12), nn.Tanh(), nn.Linear(12, 1))
run = ct.Run(net, loss=mean_miss, optimizer=ct.optim.SGD(alpha=0.01), data=(today, tomorrow), batch_size=64)
run.train(epochs=20, progress=False)
print(f"off by {np.sqrt(run.losses[-10:].mean()) * spread[2]:.2f} degrees")
