"""Whole nights with the real net on a small site: what is better serves, what is not does not, and each says why."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from io import StringIO
from time import time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import actions as people
from feed.models import Outcome
from ml import registry
from ml.models import ModelVersion, Promotion, TrainingRun
from ml.nets.ranker import fit
from ml.tasks import expire_datasets
from ml.training import diary, errand, recipe
from ml.training.diary import AlreadyRunning, Diary, Stopped
from ml.training.gate import Limits
from ml.training.recipe import Plan, night
from ml.training.told import words
from tests.ml.training.conftest import MODEL, Site

CONFIG = fit.Config(
    epochs=1,
    least_steps=60,
    lr=5e-3,
    batch=16,
    width=16,
    layers=1,
    attention_heads=2,
    fractions=(0.5, 0.2, 0.3),
    threads=1,
)
LIMITS = Limits(requests=100, positives=100, judged=30)


UNKNOWN = "ranker-20260101-000000-00000000"


def tonight(**changes: Any) -> Plan:
    return Plan(**{"config": CONFIG, "limits": LIMITS, **changes})


@pytest.fixture
def lively(site: Site) -> Site:
    site.live()
    return site


def test_a_better_model_is_promoted_and_the_next_night_judges_itself_against_it(lively: Site) -> None:
    run = night(tonight())
    assert run.state == "promoted", words(run.message)
    first = run.version
    assert (registry.serving_ranker(), first.state) == (first.name, "serving")
    test = first.card["metrics"]["test"]
    assert test["ndcg10"] > first.card["rivals"]["recipe"]["ndcg10"] + 0.1
    assert test["auc"]["like"] > 0.8
    assert set(first.card["rivals"]) == {"recipe", "newest", "popular", "as_shown"}
    assert first.card["gate"]["promote"] is True
    assert first.card["rows"] == 4000
    assert first.card["scale"] > 0
    assert {"interest", "score"} <= set(first.card["reference"])  # what drift is measured against
    assert json.loads((registry.ranker_folder(first.name) / "card.json").read_text()) == first.card
    assert list(recipe.workshop().iterdir()) == [], "no dataset is left: it is about people"

    again = night(tonight())  # the same data and seed: the same model, which is no better than itself
    assert again.state == "refused"
    assert "It is not better than the serving version: nDCG@10 differs by +0.0000" in words(again.message)
    assert registry.serving_ranker() == first.name
    assert again.version.card["refused"] == words(again.message)


def test_shuffled_labels_are_refused(site: Site) -> None:
    """With the net that nights of a small site train, begun from the hand-set recipe; only for fewer steps."""
    site.live(pages=300, shown=6, shuffled=True)
    for seed in (1, 2):
        run = night(tonight(config=None, changes={"seed": seed, "epochs": 1, "least_steps": 60}))
        assert run.state == "refused", words(run.message)
        assert run.version.state == "refused"
        assert run.version.card["config"]["prior"] is not None
        assert run.version.card["config"]["warm"] is True
        assert run.version.card["config"]["seed"] == seed
    assert registry.serving_ranker() == ""
    assert not Promotion.objects.exists()


def test_too_little_is_said_and_nothing_changes(site: Site) -> None:
    site.live(pages=20)
    run = night(tonight())
    assert run.state == "too_little"
    assert "There are only 20 requests to learn from; 100 are needed." in words(run.message)
    assert "The serving model was left alone." in words(run.message)
    assert not ModelVersion.objects.filter(kind="ranker").exists()
    assert list(recipe.workshop().iterdir()) == []


def test_an_empty_site_has_too_little(site: Site) -> None:
    assert night(tonight()).state == "too_little"


def test_a_failure_leaves_the_serving_model_and_says_what_it_was(lively: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(fit, "train", fail)
    run = night(tonight())
    assert run.state == "failed"
    assert "MemoryError: no room" in words(run.message)
    assert registry.serving_ranker() == ""
    assert list(recipe.workshop().iterdir()) == []


def test_a_night_that_was_stopped_is_gone_on_with(lively: Site) -> None:
    def stop(step: str, done: int, of: int) -> None:
        if step.startswith("train: validation") and done >= 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        night(tonight(), stop)
    assert TrainingRun.objects.get().state == "failed"
    assert (recipe.workshop() / "dataset" / "meta.json").exists()

    steps: list[str] = []
    run = night(tonight(), lambda step, done, of: steps.append(step))
    assert run.state == "promoted", words(run.message)
    assert "collect" not in steps


@pytest.mark.parametrize("switch", ["opens", "reading_time", "behaviour"])
def test_what_was_stopped_is_thrown_away_when_somebody_turned_a_switch(lively: Site, switch: str) -> None:
    """What stood on it is in the files, and not in the database any more; given again, it begins anew."""
    stopped(lively)
    reader = lively.people[-1]
    people.give_consent(reader, **{switch: False})
    people.give_consent(reader, **{switch: True})
    assert recipe.unfinished(recipe.DAYS) is None


@pytest.mark.parametrize("why", ["deleted", "withdrew", "old"])
def test_a_stopped_dataset_does_not_outlive_those_in_it(lively: Site, why: str) -> None:
    stopped(lively)
    expire_datasets()
    meta = recipe.workshop() / "dataset" / "meta.json"
    assert meta.exists(), "it waits to be gone on with"
    if why == "deleted":
        people.delete_account(lively.people[-1])
    elif why == "withdrew":
        people.give_consent(lively.people[-1], training=False)
    else:
        os.utime(meta, (time() - 13 * 3600,) * 2)
    expire_datasets()
    assert list(recipe.workshop().iterdir()) == []


def test_a_night_of_other_days_collects_anew(lively: Site) -> None:
    """A shorter span is the remedy after one that was killed for want of memory."""
    stopped(lively)
    assert recipe.unfinished(10) is None


def stopped(lively: Site) -> None:
    def stop(step: str, done: int, of: int) -> None:
        if step.startswith("train: validation") and done >= 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        night(tonight(), stop)
    assert recipe.unfinished(recipe.DAYS) is not None


def test_what_was_stopped_is_thrown_away_when_somebody_withdrew(lively: Site) -> None:
    def stop(step: str, done: int, of: int) -> None:
        if step.startswith("train"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        night(tonight(), stop)
    reader = lively.people[-1]
    people.give_consent(reader, training=False)
    steps: list[str] = []
    run = night(tonight(), lambda step, done, of: steps.append(step))
    assert "collect" in steps
    assert run.version.card["left_out_by_consent"] > 0
    assert run.version.card["people"] == 15


def test_whoever_started_it_is_gone(site: Site) -> None:
    record = Diary.begin()
    record.parent = os.getppid() + 1
    with pytest.raises(Stopped):
        record("train", 1, 2)


def test_two_nights_at_once(site: Site) -> None:
    from psycopg import connect

    params = connection.get_connection_params()
    told = {name: params[name] for name in ("dbname", "host", "port", "user", "password") if params.get(name)}
    with connect(**told) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [diary.LOCK])
        with pytest.raises(AlreadyRunning):
            night(tonight())
        with pytest.raises(CommandError, match="Another training runs already"):
            call_command("ranker", "train", "--no-progress")
        assert not TrainingRun.objects.exists()
        other.execute("SELECT pg_advisory_unlock(%s)", [diary.LOCK])
        assert night(tonight()).state == "too_little"


def test_a_night_that_died_is_marked_by_the_next(site: Site) -> None:
    dead = TrainingRun.objects.create(step="train: validation loss 0.9", done=3, of=10)
    night(tonight())
    dead.refresh_from_db()
    assert dead.state == "failed"
    assert "ended without a word" in words(dead.message)


def test_a_process_that_is_killed_harms_nothing_and_is_marked_at_once(site: Site) -> None:
    run = TrainingRun.objects.create()
    status = errand.train_apart([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    run.refresh_from_db()
    assert (status, run.state) == (-9, "failed")


def test_a_process_that_dies_before_it_begins_is_written_down(site: Site) -> None:
    status = errand.train_apart([sys.executable, "-c", "raise SystemExit('no module named torch')"])
    run = TrainingRun.objects.get()
    assert (status, run.state) == (1, "failed")
    assert "no module named torch" in words(run.message)


def test_a_process_that_hangs_is_ended(site: Site) -> None:
    run = TrainingRun.objects.create()
    status = errand.train_apart([sys.executable, "-c", "import time; time.sleep(60)"], longest=0.5)
    run.refresh_from_db()
    assert (status, run.state) == (-9, "failed")


def test_the_night_of_the_worker_is_the_command_of_everybody() -> None:
    words = errand.command(7)
    assert words[1].endswith("manage.py")
    assert words[2:] == ["ranker", "train", "--no-progress", "--by-id", "7"]


def test_the_command_trains_compares_and_rolls_back(lively: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ranker train` ends with a comparison and a decision; the other words do what they say."""
    monkeypatch.setattr("ml.management.commands.ranker._config", lambda options: CONFIG)
    monkeypatch.setattr(recipe.gate, "Limits", lambda: LIMITS)

    def said(*words: str) -> str:
        out = StringIO()
        call_command("ranker", *words, stdout=out)
        return out.getvalue()

    trained = said("train", "--no-progress")
    name = registry.serving_ranker()
    for row in (name, "hand-set recipe", "newest first", "most popular", "as shown"):
        assert row in trained
    assert "promoted: " in trained
    assert "better than the hand-set recipe" in trained
    assert f"{name}  serving" in said("list")
    evaluated = said("evaluate")
    assert f"{name} was trained on" not in evaluated
    assert f"nDCG@10 of {name} over hand-set recipe: +" in evaluated
    twin = name[:-8] + "0" * 8
    shutil.copytree(registry.ranker_folder(name), registry.ranker_folder(twin))
    registry.register_ranker(twin, registry.card_of(name))
    compared = said("compare", name, twin)
    assert f"nDCG@10 of {name} over {twin}: +0.0000" in compared
    assert f"nDCG@10 of {name} over newest first: +" in compared
    assert "hand-set recipe serves" in said("rollback").lower()
    with pytest.raises(CommandError, match="no promotion to take back"):
        said("rollback")
    assert f"{name} serves" in said("promote", name, "--why", "by hand")
    assert Promotion.objects.first().why == "by hand"
    said("shadow", name)
    assert registry.shadow_ranker() == name
    assert list(recipe.workshop().iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["promote", UNKNOWN], f"There is no ranker called {UNKNOWN}."),
        (["promote", "recipes"], "There is no ranker called recipes."),
        (["promote", MODEL], f"There is no ranker called {MODEL}."),  # an encoder
        (["evaluate", UNKNOWN], f"There is no ranker called {UNKNOWN}."),
        (["evaluate"], "Nobody who allows it was shown anything yet."),
        (["compare", UNKNOWN, UNKNOWN[:-1] + "1"], f"There is no ranker called {UNKNOWN}."),
        (["compare", "a", "b"], "“a” is no name of a ranker."),
        (["compare", "a"], "compare takes two different versions; “ranker list” names them."),
        (["compare", "a", "a"], "compare takes two different versions; “ranker list” names them."),
        (["compare"], "compare takes two different versions; “ranker list” names them."),
        (["shadow", "nothing"], "There is no ranker called nothing."),
        (["rollback"], "There is no promotion to take back: the hand-set recipe serves."),
        (["train"], "Nobody who allows it was shown anything yet. The serving model was left alone."),
        (["train", "--days", "0"], "--days must be 1 or more, and at most 3650."),
        (["evaluate", "--days", "99999999999"], "--days must be 1 or more, and at most 3650."),
        (["train", "--seed", "-1"], "--seed must be 0 or more."),
        (["train", "--epochs", "0"], "--epochs must be 1 or more."),
        (["train", "--private", "-1"], "--private must be more than 0, and finite."),
        (["train", "--private", "nan"], "--private must be more than 0, and finite."),
        (["train", "--private", "1", "--private-steps", "0"], "--private-steps must be 1 or more."),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(words: list[str], said: str, site: Site) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("ranker", *words)
    assert str(refused.value) == said
    assert refused.value.returncode != 0
    assert registry.serving_ranker() == ""


def test_a_version_whose_files_are_gone_or_damaged_is_refused_in_one_line(site: Site) -> None:
    registry.register_ranker(UNKNOWN, {})
    for asked in (["evaluate", UNKNOWN], ["compare", UNKNOWN, UNKNOWN[:-1] + "1"]):
        with pytest.raises(CommandError, match=f"^The files of {UNKNOWN} are deleted; only its card is left.$"):
            call_command("ranker", *asked)
    registry.ranker_folder(UNKNOWN).mkdir(parents=True)
    (registry.ranker_folder(UNKNOWN) / "card.json").write_text("{}")
    with pytest.raises(CommandError, match=f"^model.onnx of {UNKNOWN} is missing.$"):
        call_command("ranker", "evaluate", UNKNOWN)


def test_too_few_requests_to_hold_any_out(site: Site) -> None:
    site.live(pages=3)
    with pytest.raises(CommandError, match=r"^There are too few requests"):
        call_command("ranker", "evaluate")


def test_a_refused_version_serves_only_by_force(site: Site) -> None:
    registry.register_ranker("ranker-20260101-000000-00000000", {})
    registry.refuse_ranker("ranker-20260101-000000-00000000", "It is no better.")
    with pytest.raises(CommandError, match="was refused: It is no better"):
        call_command("ranker", "promote", "ranker-20260101-000000-00000000")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("ranker", "promote", "ranker-20260101-000000-00000000", "--force")


def test_outcomes_are_the_only_teachers(lively: Site) -> None:
    """Without any outcome there is nothing to learn."""
    Outcome.objects.all().delete()
    run = night(tonight())
    assert run.state == "too_little"
    assert "People acted on only 0 of the posts shown" in words(run.message)


def test_a_seed_of_the_command_leaves_everything_else_as_the_site_asks(
    lively: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []
    monkeypatch.setattr(recipe.gate, "Limits", lambda: LIMITS)
    monkeypatch.setattr(recipe, "_train", lambda data, out, config, diary: trained.append((data, config)) or 1 / 0)
    with pytest.raises(CommandError, match="division by zero"):
        call_command("ranker", "train", "--no-progress", "--seed", "5", stdout=StringIO())
    ((data, config),) = trained
    assert config == replace(recipe.config_for(data), seed=5)
    assert config.prior is not None
