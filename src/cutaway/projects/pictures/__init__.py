"""What the projects on pictures share: a stage of a network, whitening, looking several times, the report, the run.

blocks (layers in a row that see more and more of a picture), views (the same picture mirrored and moved, and asked
about several times), report (score, confusion, worst mistakes), training (the run of a recipe, begun and brought to its
goal), weights (those that come along).
"""

from .blocks import stage, whiten
from .report import Mistake, Report, report, shares
from .training import begun, go_on
from .views import Reader, Views
from .weights import NotTrainedError, packed, shipped, used

__all__ = [
    "Mistake",
    "NotTrainedError",
    "Reader",
    "Report",
    "Views",
    "begun",
    "go_on",
    "packed",
    "report",
    "shares",
    "shipped",
    "stage",
    "used",
    "whiten",
]
