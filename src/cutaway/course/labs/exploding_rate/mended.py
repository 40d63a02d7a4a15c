"""How warm will it be tomorrow? Plain SGD, with a small alpha."""

import cutaway as ct
from cutaway import nn

days = ct.data.load("weather").train.x
scaled = (days - days.mean(axis=0)) / days.std(axis=0)
today, tomorrow = scaled[:-1], scaled[1:, 2:3]  # column 2 is how warm it got

net = nn.Sequential(nn.Linear(5, 24), nn.ReLU(), nn.Linear(24, 1))
run = ct.Run(net, loss=nn.MSELoss(), optimizer=ct.optim.SGD(alpha=0.02), data=(today, tomorrow), batch_size=32)
run.train(epochs=5, progress=False)
print("loss", run.losses[-1])
