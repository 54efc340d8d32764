"""The made-up month of benchmarks/training.py: what is written is what the night's own code then collects."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from benchmarks import training_parts, training_site
from feed.models import Bookmark, Comment, Feedback, Impression, Like, Outcome, Repost
from ml import registry
from ml.nets.ranker.data import Dataset
from ml.ranking.features import NAMES
from ml.ranking.heads import HEADS
from ml.ranking.history import LENGTH
from ml.ranking.viewer import VISIT
from ml.training import dataset
from ml.training.evaluate import auc
from ml.training.people import Span

SIZE = training_site.Size(requests=250, posts=1_500, people=40)


@pytest.fixture
def month(db: None, settings: Any, tmp_path: Path) -> Iterator[training_site.Site]:
    settings.VAR_DIR, settings.MODELS_DIR = tmp_path, tmp_path / "models"
    registry.forget()
    told: list[int] = []
    site = training_site.fill(SIZE, told.append)
    assert sum(told) == SIZE.impressions == Impression.objects.count()
    yield site
    registry.forget()


def test_every_impression_is_collected_with_what_came_of_it(month: training_site.Site, tmp_path: Path) -> None:
    meta = dataset.collect(tmp_path / "data", Span.of_days(30, timezone.now()))
    # The made-up people meet a post twice within a visit now and then: one of the two stands for both.
    assert (meta["rows"], meta["requests"]) == (SIZE.impressions - met_again(), SIZE.requests)
    assert {name: count for name, count in meta["left_out"].items() if count} == {"shown_again": met_again()}
    assert meta["left_out_by_consent"] == 0
    data = Dataset(tmp_path / "data")
    assert data.feature_names == NAMES
    assert np.isfinite(data.features).all()
    logged = Impression.objects.get(pk=int(data.impression[777])).features
    assert data.features[777].tolist() == pytest.approx([logged[name] for name in NAMES], rel=1e-6)
    for head in ("like", "follow", "not_interested"):
        done = Outcome.objects.filter(kind=head).values_list("impression_id", flat=True)
        assert sorted(data.impression[data.labels[:, HEADS.index(head)] == 1].tolist()) == sorted(done)
    full = data.hist_post[:, -1] >= 0
    assert full[~month.new[data.person - 1]].mean() > 0.5
    assert not full[month.new[data.person - 1]].any()
    for request in range(len(data) - 10, len(data)):
        acts = acts_before(int(data.person[request]), float(data.shown_at[request]))
        assert (data.hist_post[request] >= 0).sum() == min(acts, LENGTH)


def met_again() -> int:
    """How often somebody saw a post again within half an hour."""
    seen = list(Impression.objects.order_by("person", "post", "shown_at").values_list("person", "post", "shown_at"))
    return sum(one[:2] == then[:2] and then[2] - one[2] <= VISIT for one, then in pairwise(seen))


def acts_before(person: int, seconds: float) -> int:
    when = training_site.moment(seconds)
    mine = [table.objects.filter(person=person, created_at__lt=when) for table in (Like, Repost, Bookmark, Feedback)]
    return sum(acts.count() for acts in mine) + Comment.objects.filter(author=person, created_at__lt=when).count()


def test_likes_follow_the_cosine_to_what_was_liked_before(month: training_site.Site, tmp_path: Path) -> None:
    dataset.collect(tmp_path / "data", Span.of_days(30, timezone.now()))
    data = Dataset(tmp_path / "data")
    batch = data.gather(np.arange(len(data)))
    liked = (batch.history_mask & (batch.history_kind == 0)).astype(np.float32)
    mean = np.einsum("bh,bhd->bd", liked, batch.history)
    cosine = np.einsum("bnd,bd->bn", batch.post, mean) / np.maximum(np.linalg.norm(mean, axis=1), 1e-9)[:, None]
    warm = np.repeat(liked.sum(axis=1) > 0, SIZE.shown)
    label = (batch.labels[..., HEADS.index("like")] == 1).ravel()
    assert label[warm].sum() >= 20
    found = auc(label[warm], cosine.ravel()[warm], np.ones(warm.sum()))
    assert found is not None
    assert found > 0.65


def test_a_part_of_the_month_is_measured_and_forgotten(
    month: training_site.Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "ROWS_WHOLE", dataset.ROWS_WHOLE)
    told: list[tuple[str, int, int]] = []
    found = training_parts.collected(SIZE.impressions // 4, tmp_path / "quarter", lambda *step: told.append(step))
    assert found["rows"] == SIZE.requests // 4 * SIZE.shown + SIZE.shown, "the last page comes whole"
    assert found["peak_mb"] > found["begun_mb"] * 0.9 > 0
    assert found["processor_seconds"] > 0
    assert told[-1][1] == told[-1][2] == found["rows"]
    assert not (tmp_path / "quarter").exists()


def test_what_was_done_stands_where_the_site_keeps_it(month: training_site.Site) -> None:
    likes = set(Outcome.objects.filter(kind="like").values_list("impression__person_id", "impression__post_id"))
    assert likes <= set(Like.objects.values_list("person_id", "post_id"))
    assert Feedback.objects.filter(kind="not_interested").exists()
    silent = [person for person in range(1, SIZE.people + 1) if not month.opens[person - 1]]
    assert not Outcome.objects.filter(kind="open", impression__person_id__in=silent).exists()
    unmeasured = [person for person in range(1, SIZE.people + 1) if not month.reading[person - 1]]
    assert not Impression.objects.filter(person_id__in=unmeasured, read_ms__isnull=False).exists()
    assert Impression.objects.filter(read_ms__gt=0).exists()


def test_the_threads_of_a_night_wait_asleep(tmp_path: Path) -> None:
    """Spinning ones burn the processors that other work wants; the setting must stand before torch is loaded."""
    night = "import django; django.setup(); from ml.training import recipe; from ml.nets.ranker import fit"
    told = {"DJANGO_SETTINGS_MODULE": "socialsite.settings", "VAR_DIR": str(tmp_path), "OMP_DISPLAY_ENV": "verbose"}
    asked = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", night], env={**asked, **told}, capture_output=True, text=True, check=True
    )
    rounds = re.findall(r"GOMP_SPINCOUNT = '(\w+)'", done.stderr)  # torch's comes last; other libraries have their own
    assert rounds[-1:] in (["0"], []), "another OpenMP than GNU's says nothing"
