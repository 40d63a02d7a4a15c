"""Digits, with a softmax of my own that is sharper than the usual one."""

import cutaway as ct
from cutaway import nn

digits = ct.data.load("digits")
SHARP = 20.0


class SharpSoftmax(nn.Module):
    """Votes become chances; the larger SHARP, the more the first one takes."""

    def forward(self, votes):
        powers = (votes * SHARP).exp()
        return (powers / powers.sum(1, keepdim=True) + 1e-9).log()


net = nn.Sequential(nn.Flatten(), nn.Linear(784, 40), nn.ReLU(), nn.Linear(40, 10), SharpSoftmax())
run = ct.Run(net, loss=nn.NLLLoss(), optimizer=ct.optim.Adam(alpha=0.01), data=digits.train[:2000], batch_size=32)
run.train(epochs=10, progress=False)
print(run.evaluate(digits.test))
