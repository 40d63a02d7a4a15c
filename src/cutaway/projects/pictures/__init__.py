"""What the projects on pictures share: a stage of a network, whitening, several looks at a picture, and the report.

blocks (layers in a row that see more and more of a picture), views (the same picture mirrored and moved, and asked
about several times), report (score, confusion, worst mistakes).
"""

from .blocks import stage, whiten
from .report import Mistake, Report, report, shares
from .views import Reader, Views

__all__ = ["Mistake", "Reader", "Report", "Views", "report", "shares", "stage", "whiten"]
