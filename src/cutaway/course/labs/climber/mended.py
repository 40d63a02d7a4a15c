"""Will it rain tomorrow? A surprise of my own as the loss: how little I expected what came."""

import numpy as np

import cutaway as ct
from cutaway import nn
from cutaway.engine import Op, ops

weather = ct.data.load("weather")
mean, spread = weather.train.x.mean(axis=0), weather.train.x.std(axis=0)
wet = weather.train.y[:, None].astype(np.float32)


class Surprise(Op):
    """How surprised we are, on average, by dry and by wet days.

    y = mean of log(1 + e ** vote) - truth * vote

    vote: above 0 for wet
    truth: 1 for wet, 0 for dry
    y: the mean surprise
    """

    @staticmethod
    def forward(vote, truth):
        return np.mean(np.logaddexp(0, vote) - truth * vote)

    @staticmethod
    def backward(g, y, vote, truth):
        error = ops.sigmoid(vote) - truth  # what we say minus what is true
        return g * error / vote.numel()

    @staticmethod
    def shape(vote, truth):
        return ()


surprise = Surprise()
net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
data = ((weather.train.x - mean) / spread, wet)
run = ct.Run(net, loss=surprise, optimizer=ct.optim.SGD(alpha=0.1), data=data, batch_size=32)
run.train(epochs=5, progress=False)
print("surprise at first", run.losses[0], "and now", run.losses[-1])
