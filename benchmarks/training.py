"""A night's training on a million impressions out of the database: what each part takes in time and memory.

    python benchmarks/training.py [--requests 50000] [--only quarter|whole|night]

Writes into a database of its own (var/bench-training, see own_site.py), made at the first run and used again. Each
measurement is a process of its own: `quarter` collects a quarter of the impressions, `whole` is a night on all of them,
`night` is a night as it stands, which keeps pages nobody acted in by chance once there are more than 300,000 rows.
Prints a table and writes benchmarks/results/training.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import own_site  # noqa: E402

own_site.choose("training")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from tqdm import tqdm  # noqa: E402

from accounts.models import User  # noqa: E402
from benchmarks import training_parts as parts, training_site as site  # noqa: E402
from feed.models import Impression  # noqa: E402
from ml.models import ModelVersion  # noqa: E402
from ml.training.dataset import ROWS_WHOLE  # noqa: E402

RESULTS = HERE / "results" / "training.json"
ORDER = ("quarter", "whole", "night")


class Bar:
    """A bar for each step of whatever goes on."""

    def __init__(self) -> None:
        self.bar: Any = None

    def __call__(self, step: str, done: int, of: int) -> None:
        name = step.partition(": ")[0]
        if self.bar is None or self.bar.desc != name:
            self.close()
            self.bar = tqdm(total=of, desc=name, mininterval=5)
        self.bar.total = of
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def prepare(size: site.Size) -> None:
    """Fill the database unless it holds what is wanted; never one that is not the benchmark's own."""
    own_site.claim("training")
    ours = ModelVersion.objects.filter(name=site.MODEL).first()
    if ours and ours.state == ModelVersion.State.SERVING and Impression.objects.count() == size.impressions:
        return
    if User.objects.exists():
        call_command("flush", interactive=False, verbosity=0)
    begun = perf_counter()
    with tqdm(total=size.impressions, desc="fill", mininterval=5) as bar:
        site.fill(size, bar.update)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(f"filled in {perf_counter() - begun:.0f} s", flush=True)


def measure(part: str, impressions: int) -> dict[str, Any]:
    bar = Bar()
    try:
        if part == "quarter":
            return parts.collected(impressions // 4, Path(settings.VAR_DIR) / "quarter", bar)
        return parts.night(parts.ALL if part == "whole" else ROWS_WHOLE, bar)
    finally:
        bar.close()


def apart(part: str) -> dict[str, Any]:
    """The measurement in a process of its own, so that no peak is another's."""
    with TemporaryDirectory() as folder:
        into = Path(folder) / "found.json"
        words = [sys.executable, str(HERE / "training.py"), "--part", part, "--into", str(into)]
        subprocess.run(words, check=True)
        found: dict[str, Any] = json.loads(into.read_text())
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--requests", type=int, default=site.Size.requests, help="page loads of twenty posts")
    asked.add_argument("--only", choices=ORDER, help="one measurement; the others keep the figures they have")
    asked.add_argument("--part", choices=ORDER, help=argparse.SUPPRESS)
    asked.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    told = asked.parse_args()
    if told.part:
        told.into.write_text(json.dumps(measure(told.part, Impression.objects.count())))
        return
    size = site.Size(requests=told.requests)
    prepare(size)
    result: dict[str, Any] = json.loads(RESULTS.read_text()) if told.only and RESULTS.exists() else {}
    result |= {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "impressions": size.impressions,
    }
    for part in [told.only] if told.only else ORDER:
        result[part] = apart(part)
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    report(result)


def report(result: dict[str, Any]) -> None:
    print(f"{result['impressions']} impressions, {result['machine']}")
    shown = ("seconds", "processor_seconds", "peak_mb", "database_processor_seconds", "database_peak_mb", "load")
    print(f"{'':<18}" + "".join(f"{name.replace('database', 'db').replace('processor', 'cpu'):>16}" for name in shown))
    for part in ORDER:
        if part not in result:
            continue
        found = result[part]
        lines = {f"{part}: {name}": stage for name, stage in found.get("stages", {"collect": found}).items()}
        for name, stage in {**lines, **({part: found} if "stages" in found else {})}.items():
            print(f"{name:<18}" + "".join(f"{stage.get(one, ''):>16}" for one in shown))
        kept = f"{found['rows']} rows kept, full histories {found['full_histories']:.0%}"
        learned = f", AUC of likes {found['like_auc']:.4f} ({found['state']})" if "like_auc" in found else ""
        print(f"{'':<18}{kept}{learned}")


if __name__ == "__main__":
    main()
