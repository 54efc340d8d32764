"""Training from a shell, alone or as several processes: torchrun --nproc-per-node 2 -m ml.nets.ranker DATASET OUT."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from ml.nets.ranker.fit import Config, Privacy, train


def main() -> None:
    asked = argparse.ArgumentParser(prog="ml.nets.ranker", description=__doc__)
    asked.add_argument("dataset", type=Path)
    asked.add_argument("out", type=Path)
    for name in ("seed", "epochs", "batch", "threads", "checkpoint_every", "least_steps"):
        asked.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(Config, name))
    asked.add_argument("--epsilon", type=float, help="train with differential privacy")
    told = vars(asked.parse_args())
    dataset, out, epsilon = told.pop("dataset"), told.pop("out"), told.pop("epsilon")
    config = replace(Config(), **told, private=Privacy(epsilon=epsilon) if epsilon else None)
    train(dataset, out, config, lambda message, step, of: print(f"{step}/{of} {message}", file=sys.stderr, flush=True))  # noqa: T201


if __name__ == "__main__":
    main()
