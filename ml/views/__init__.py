"""The pages about what was learned: a person's own interests, the models in use, and how home pages are ranked."""

from ml.views.interests import interest_change, interests, interests_reset, models
from ml.views.ranking import about_ranking, tune

__all__ = ["about_ranking", "interest_change", "interests", "interests_reset", "models", "tune"]
