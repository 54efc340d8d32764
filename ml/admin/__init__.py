"""The admin's pages about what was learned: models, their watching, and interests. They decide nothing themselves."""

from ml.admin.interests import InterestAdmin
from ml.admin.training import TrainingRunAdmin
from ml.admin.versions import ModelVersionAdmin
from ml.admin.watching import WatchingAdmin
from ml.admin.weights import HeadWeightsAdmin

__all__ = ["HeadWeightsAdmin", "InterestAdmin", "ModelVersionAdmin", "TrainingRunAdmin", "WatchingAdmin"]
