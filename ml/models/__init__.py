"""The tables of what was learned: vectors, interests, models and their history, weights, and how they are watched."""

from ml.models.steering import HeadWeights, Steering
from ml.models.vectors import InterestAdjustment, InterestVector, Learner, PostVector, TopicVector
from ml.models.versions import ModelVersion, Promotion, TrainingRun
from ml.models.watching import DriftFigure, Experiment, OnlineFigure, PostNeighbours

__all__ = [
    "DriftFigure",
    "Experiment",
    "HeadWeights",
    "InterestAdjustment",
    "InterestVector",
    "Learner",
    "ModelVersion",
    "OnlineFigure",
    "PostNeighbours",
    "PostVector",
    "Promotion",
    "Steering",
    "TopicVector",
    "TrainingRun",
]
