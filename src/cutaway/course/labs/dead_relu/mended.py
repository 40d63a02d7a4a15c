"""Digits with a gentle start: a few short steps to get going, then ordinary ones."""

import cutaway as ct
from cutaway import nn

digits = ct.data.load("digits")
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.ReLU(), nn.Linear(40, 10))
run = ct.Run(
    net,
    loss=nn.CrossEntropyLoss(),
    optimizer=ct.optim.SGD(alpha=0.05, momentum=0.9),
    data=digits.train[:1000],
    batch_size=32,
)
run.train(batches=8, progress=False)
run.edit("alpha", 0.1)
run.train(epochs=12, progress=False)
print(run.evaluate(digits.test))
