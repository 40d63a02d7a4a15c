"""Digits from a start by chance."""

import cutaway as ct
from cutaway import nn

digits = ct.data.load("digits")
net = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.Tanh(), nn.Linear(40, 10))
net.init(0)  # from chance

run = ct.Run(
    net, loss=nn.CrossEntropyLoss(), optimizer=ct.optim.SGD(alpha=0.1), data=digits.train[:1000], batch_size=32
)
run.train(epochs=5, progress=False)
print(run.evaluate(digits.test))
