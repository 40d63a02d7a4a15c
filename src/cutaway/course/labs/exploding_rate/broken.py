"""How warm will it be tomorrow? The alpha is the one that worked so well with Adam, times a hundred for plain SGD."""

import cutaway as ct
from cutaway import nn

days = ct.data.load("weather").train.x
scaled = (days - days.mean(axis=0)) / days.std(axis=0)
today, tomorrow = scaled[:-1], scaled[1:, 2:3]  # column 2 is how warm it got

net = nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 1))
run = ct.Run(net, loss=nn.MSELoss(), optimizer=ct.optim.SGD(alpha=1.0), data=(today, tomorrow), batch_size=32)
run.train(epochs=5, progress=False)
print("loss", run.losses[-1])
