"""The machine room: the only place with torch, transformers and sentence-transformers; serves no request."""

import os

# Torch's threads wait for each other asleep. By default they spin, and where other work shares the processors they
# burn four to twelve times the time (docs/experiments.md). It is read when torch is loaded, which is after this.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
