"""Digits, the faint ones first: learn from light strokes before heavy ones."""

import numpy as np

import cutaway as ct
from cutaway import nn

digits = ct.data.load("digits")
x, y = digits.train.x[:2000], digits.train.y[:2000]

order = np.argsort(x.mean(axis=(1, 2, 3)))  # from faint to bold
x = x[order]

net = nn.Sequential(nn.Flatten(), nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
run = ct.Run(net, loss=nn.CrossEntropyLoss(), optimizer=ct.optim.Adam(alpha=1e-3), data=(x, y), batch_size=32)
run.train(epochs=2, progress=False)
print(run.evaluate(digits.test))
