"""The page that watches the ranker: charts from what is stored, and switches for those who may."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from ml import registry
from ml.models import DriftFigure, Experiment, ModelVersion, OnlineFigure
from ml.ranking import arms
from ml.watching import series
from tests.ml.ranking import artifacts

pytestmark = pytest.mark.django_db
PAGE = "admin:ml_onlinefigure_changelist"


@pytest.fixture
def enter(person: Any, client: Client) -> Any:
    def enter(role: str) -> Client:
        user = person(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        return client

    arms.forget()
    yield enter
    arms.forget()


@pytest.fixture
def whole(db: None, tmp_path: Any, settings: Any) -> ModelVersion:
    """A version whose files are all there."""
    settings.MODELS_DIR = tmp_path
    folder = artifacts.publish()
    return registry.register_ranker(artifacts.VERSION, json.loads((folder / "card.json").read_text()))


@pytest.fixture
def version(db: None) -> ModelVersion:
    test = {"auc": {"like": 0.71}, "ndcg10": 0.4, "mrr": 0.3, "ece": {"like": 0.01}, "coverage": 0.5}
    return ModelVersion.objects.create(
        name="ranker-a",
        kind=ModelVersion.Kind.RANKER,
        state=ModelVersion.State.SERVING,
        card={"metrics": {"test": test}, "reference": {"interest": {"edges": [0.5], "shares": [0.5, 0.5]}}},
    )


def test_an_empty_site_has_a_page_that_says_so(enter: Any) -> None:
    page = enter("analyst").get(reverse(PAGE)).content.decode()
    assert "no learned model has been promoted" in page
    assert "Nothing was shown yet." in page
    assert "Start the experiment" not in page  # an analyst reads


def test_charts_show_what_is_stored(enter: Any, version: ModelVersion) -> None:
    today = timezone.now().date()
    for day, liked in ((today, 30), (today - timedelta(days=1), 10)):
        OnlineFigure.objects.create(
            day=day, version="ranker-a", source="interests", band="1-5", impressions=100, counts={"positive": liked}
        )
        DriftFigure.objects.create(day=day, version="ranker-a", number="interest", psi=0.31, mean=1.0)
    page = enter("administrator").get(reverse(PAGE)).content.decode()
    assert "0.710" in page  # AUC
    assert "30.0" in page  # percent of today
    assert "20.0 %" in page  # of both days
    assert "0.31" in page
    assert "Start the experiment" in page


def test_sources_acts_and_positions_are_named_for_the_reader(enter: Any, version: ModelVersion) -> None:
    today = timezone.now().date()
    for band, impressions in (("21-60", 900), ("6-20", 500), ("1-5", 100)):
        facts = {"version": "ranker-a", "source": "liked by followed", "band": band, "counts": {"positive": 5}}
        OnlineFigure.objects.create(day=today, impressions=impressions, **facts)
    assert [row.name for row in series.table(today, "band")] == ["1-5", "6-20", "21-60"]
    with translation.override("zh-hans"):
        assert [row.name for row in series.table(today, "source")] == ["关注的人喜欢"]
        assert [row.name for row in series.table(today, "bucket")] == ["其他人"]
        (auc, *_others) = series.offline()
        assert [line.name for line in auc.lines] == ["喜欢"]


def test_the_page_of_a_version_shows_its_figures_before_its_card(enter: Any, version: ModelVersion) -> None:
    version.card["rivals"] = {"recipe": {"ndcg10": 0.35}, "newest": None}
    version.card["metrics"]["test"]["heads"] = {"like": {"auc": 0.71, "positives": 31, "calibration_error": 0.012}}
    version.card["from"] = 1795000000.0
    version.save()
    client = enter("analyst")
    page = client.get(reverse("admin:ml_modelversion_change", args=[version.pk])).content.decode()
    for words in ("0.400", "0.350", "The hand-set recipe", "0.710", "31", "0.012", "Everything on the card"):
        assert words in page
    assert "1.795e+09" not in page  # moments are dates
    encoder = ModelVersion.objects.create(name="an encoder", kind=ModelVersion.Kind.ENCODER, card={"dimensions": 384})
    page = client.get(reverse("admin:ml_modelversion_change", args=[encoder.pk])).content.decode()
    assert "384" in page
    assert "Trained without differential privacy." not in page


def test_an_experiment_is_started_and_ended_by_an_administrator_only(enter: Any, whole: ModelVersion) -> None:
    client = enter("administrator")
    fields = {"name": "First", "holdout": "5", "version": whole.name, "share": "10"}
    client.post(reverse("admin:ml_experiment_start"), fields)
    running = Experiment.objects.get()
    assert [(arm["name"], arm["share"], arm["serves"]) for arm in running.arms] == [
        ("holdout", 0.05, "following"),
        ("trial", 0.1, whole.name),
        ("control", 0.1, "serving"),
    ]
    assert "First" in client.get(reverse(PAGE)).content.decode()
    again = client.post(reverse("admin:ml_experiment_start"), fields, follow=True)
    assert "runs already" in again.content.decode()
    client.post(reverse("admin:ml_experiment_end"))
    assert Experiment.objects.get().ended_at is not None


@pytest.mark.parametrize("fields", [{"holdout": "many"}, {"holdout": "-5"}, {"holdout": "nan"}, {}])
def test_nonsense_starts_nothing_and_is_no_error_page(fields: dict[str, str], enter: Any) -> None:
    answer = enter("administrator").post(reverse("admin:ml_experiment_start"), fields, follow=True)
    assert answer.status_code == 200
    assert not Experiment.objects.exists()


def test_an_analyst_may_change_nothing(enter: Any, version: ModelVersion) -> None:
    client = enter("analyst")
    for name in ("ml_experiment_start", "ml_experiment_end", "ml_shadow"):
        assert client.post(reverse(f"admin:{name}"), {"version": "ranker-a"}).status_code == 403
        assert client.get(reverse(f"admin:{name}")).status_code == 405


def test_one_version_at_most_scores_in_the_shadow(enter: Any, version: ModelVersion, whole: ModelVersion) -> None:
    other = ModelVersion.objects.create(name="ranker-b", kind=ModelVersion.Kind.RANKER, shadow=True)
    client = enter("administrator")
    told = client.post(reverse("admin:ml_shadow"), {"version": version.name}, follow=True).content.decode()
    assert list(ModelVersion.objects.filter(shadow=True)) == [other]  # what has no files cannot score, and it is said
    assert version.name in told
    client.post(reverse("admin:ml_shadow"), {"version": whole.name})
    assert list(ModelVersion.objects.filter(shadow=True)) == [whole]
    client.post(reverse("admin:ml_shadow"), {"version": ""})
    assert not ModelVersion.objects.filter(shadow=True).exists()
    assert other.pk
