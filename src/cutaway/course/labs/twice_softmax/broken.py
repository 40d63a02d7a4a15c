"""Digits, with proper chances at the end of the network."""

import cutaway as ct
from cutaway import nn

digits = ct.data.load("digits")
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.ReLU(), nn.Linear(40, 10), nn.Softmax(1))
run = ct.Run(
    net, loss=nn.CrossEntropyLoss(), optimizer=ct.optim.SGD(alpha=0.1), data=digits.train[:1000], batch_size=32
)
run.train(epochs=5, progress=False)
print(run.evaluate(digits.test))
