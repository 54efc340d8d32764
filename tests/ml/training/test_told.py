"""How a night ended is kept as a code and facts, and read in either language; older rows, which are sentences, too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import translation

from feed.models import Outcome
from ml.models import ModelVersion, TrainingRun
from ml.nets.ranker import fit
from ml.training import told
from ml.training.diary import bury_dead
from ml.training.recipe import night
from tests.ml.training.conftest import Site
from tests.ml.training.test_recipe import tonight


def said(run: TrainingRun, language: str) -> str:
    run.refresh_from_db()
    with translation.override(language):
        return told.words(run.message)


def code(run: TrainingRun) -> tuple[str, dict[str, Any]]:
    kept = json.loads(run.message)
    return kept["code"], kept["facts"]


def chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_too_little_is_kept_as_figures(site: Site) -> None:
    run = night(tonight())
    assert code(run) == ("too_little", {"reasons": [{"code": "nobody", "facts": {}}]})
    assert said(run, "en") == "Nobody who allows it was shown anything yet. The serving model was left alone."
    assert chinese(said(run, "zh-hans"))
    assert "Nobody" not in said(run, "zh-hans")

    site.live(pages=20)
    Outcome.objects.all().delete()
    run = night(tonight())
    few = {"code": "requests", "facts": {"found": 20, "wanted": 100}}
    none = {"code": "positives", "facts": {"found": 0, "wanted": 100}}
    assert code(run) == ("too_little", {"reasons": [few, none]})
    assert said(run, "en").startswith(
        "There are only 20 requests to learn from; 100 are needed. People acted on only 0"
    )
    assert "20" in said(run, "zh-hans")
    assert "There are" not in said(run, "zh-hans")


def test_no_vectors(site: Site) -> None:
    from ml.models import PostVector

    site.live(pages=20)
    PostVector.objects.all().delete()
    run = night(tonight())
    assert code(run) == ("too_little", {"reasons": [{"code": "no_vectors", "facts": {}}]})


def test_a_failure_a_stop_and_a_death(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.live()

    def fail(*_args: Any) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(fit, "train", fail)
    failed = night(tonight())
    assert code(failed) == ("failed", {"error": "MemoryError: no room"})
    assert "MemoryError: no room" in said(failed, "zh-hans")
    assert chinese(said(failed, "zh-hans"))

    def stop(*_args: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        night(tonight(), stop)
    stopped = TrainingRun.objects.latest("pk")
    assert code(stopped) == ("stopped", {})
    assert chinese(said(stopped, "zh-hans"))

    dead = TrainingRun.objects.create()
    bury_dead()
    assert said(dead, "en").startswith("It ended without a word")
    assert code(dead) == ("died", {})
    assert chinese(said(dead, "zh-hans"))


def test_a_decision_is_kept_by_its_checks_even_when_the_version_is_gone(site: Site) -> None:
    site.live(shuffled=True)
    run = night(tonight())
    kept = code(run)
    assert kept[0] == "decided"
    assert kept[1] == run.version.card["gate"]
    worded = said(run, "zh-hans")
    ModelVersion.objects.filter(kind="ranker").delete()
    assert said(run, "zh-hans") == worded != said(run, "en")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_older_rows_are_read_back_from_their_sentences(language: str) -> None:
    with translation.override(language):
        olds = {
            "died": told._SENTENCES["died"](),
            "stopped": told._SENTENCES["stopped"](),
            "failed": told._SENTENCES["failed"]() % {"error": "OSError: [Errno 28] No space left on device"},
            "too_little": told._SENTENCES["too_little"]()
            % {"why": told._REASONS["requests"]() % {"found": 7, "wanted": 200}},
        }
    assert {name: told.recognised(old)[0] for name, old in olds.items()} == {name: name for name in olds}
    with translation.override("en"):
        english = "There are only 7 requests to learn from; 200 are needed. The serving model was left alone."
        assert told.words(olds["too_little"]) == english
        assert told.words(olds["failed"]).endswith("left alone. OSError: [Errno 28] No space left on device")


@pytest.mark.parametrize("message", ["No better.", "", "12", "null", '{"code": "from the future", "facts": {}}', "[]"])
def test_what_nobody_knows_is_shown_as_it_is(message: str) -> None:
    assert told.words(message) == message


def test_an_unknown_reason_is_kept_as_it_was_said() -> None:
    assert (
        told.words("The moon was full. The serving model was left alone.")
        == "The moon was full. The serving model was left alone."
    )


def test_the_admin_words_it_for_its_reader(site: Site, client: Client) -> None:
    staff = site.person("boss")
    type(staff).objects.filter(pk=staff.pk).update(is_staff=True)
    staff.groups.add(Group.objects.get(name="administrator"))
    client.force_login(staff)
    night(tonight())
    TrainingRun.objects.create(state="failed", message="An old row that says something else.")
    with translation.override("en"):  # a request leaves its language behind
        pages = {
            language: client.get(reverse("admin:ml_trainingrun_changelist"), headers={"accept-language": language})
            for language in ("en", "zh-hans")
        }
    assert "Nobody who allows it was shown anything yet." in pages["en"].content.decode()
    assert "Nobody who allows it" not in pages["zh-hans"].content.decode()
    for page in pages.values():
        assert "An old row that says something else." in page.content.decode()
        assert "&quot;code&quot;" not in page.content.decode()
