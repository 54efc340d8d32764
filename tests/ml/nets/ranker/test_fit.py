"""Training learns a made-up town's tastes, and nothing from labels dealt out at random; seeds, rates, places."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from ml.nets.ranker import export, fit, together
from ml.nets.ranker.batches import Sampling
from ml.nets.ranker.data import Dataset, View, Writer
from ml.nets.ranker.prior import Prior
from ml.ranking.heads import HEADS
from tests.ml.nets.ranker.town import LIKE, Town, auc

SMALL = fit.Config(width=32, layers=1, batch=32, least_steps=150, epochs=1, threads=1, dropout=0.05)
TINY = replace(SMALL, least_steps=12)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Town(people=60, requests=900).write(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def learned(town: Dataset, tmp_path_factory: pytest.TempPathFactory) -> fit.Result:
    return fit.train(town.folder, tmp_path_factory.mktemp("out"), SMALL)


def cosine_to_mean(view: View) -> float:
    """AUC of like by the cosine to the mean of what was liked."""
    found, liked = [], []
    for batch in view.batches():
        mean = (batch.history * (batch.history_mask & (batch.history_kind != 4))[..., None]).sum(axis=1)
        mean /= np.linalg.norm(mean, axis=1, keepdims=True) + 1e-9
        found.append(np.einsum("bnd,bd->bn", batch.post, mean)[batch.mask])
        liked.append(batch.labels[..., LIKE][batch.mask])
    return auc(np.concatenate(found), np.concatenate(liked))


def test_it_learns_tastes_better_than_cosines_tell(town: Dataset, learned: fit.Result) -> None:
    test = town.split()[2]
    chances, labels, _ = export.scored(export.load(learned.folder), test)
    found = auc(chances[:, LIKE], labels[:, LIKE])
    assert found > 0.8
    assert found > cosine_to_mean(test) + 0.02
    told = learned.card["metrics"]["test"]["heads"]["like"]
    assert told["auc"] == pytest.approx(found, abs=1e-6)
    assert told["normalised_cross_entropy"] < 0.9
    assert told["calibration_error"] < 0.03


def test_labels_dealt_out_at_random_teach_nothing(tmp_path: Path) -> None:
    data = Town(people=60, requests=900, shuffled=True, likes=-2).write(tmp_path / "data")
    card = fit.train(data.folder, tmp_path / "out", SMALL).card
    assert 0.44 < card["metrics"]["test"]["heads"]["like"]["auc"] < 0.56


def test_heads_with_few_positives_predict_their_base_rate(town: Dataset, learned: fit.Result) -> None:
    """Nobody bookmarks here: 0; the same for a head that was not asked for."""
    assert learned.card["trained_heads"] == ["like", "comment", "open", "dwell", "reject"]
    chances, _, _ = export.scored(export.load(learned.folder), town.split()[2])
    assert np.ptp(chances[:, HEADS.index("bookmark")]) == 0
    assert chances[0, HEADS.index("bookmark")] == pytest.approx(0, abs=1e-5)


def test_only_asked_heads_are_trained(town: Dataset, tmp_path: Path) -> None:
    card = fit.train(town.folder, tmp_path, replace(TINY, heads=("like",))).card
    assert card["trained_heads"] == ["like"]
    chances, _, _ = export.scored(export.load(tmp_path), town.split()[2])
    assert chances[:, HEADS.index("open")] == pytest.approx(card["base_rates"]["open"], abs=1e-5)


def test_the_same_seed_gives_the_same_weights(town: Dataset, tmp_path: Path) -> None:
    runs = [fit.train(town.folder, tmp_path / str(n), replace(TINY, seed=seed)) for n, seed in enumerate((3, 3, 4))]
    first, second, other = (load_file(run.folder / export.WEIGHTS) for run in runs)
    assert all((first[name] == second[name]).all() for name in first)
    assert any((first[name] != other[name]).any() for name in first)


def test_without_consent_opens_and_reading_are_unknown(tmp_path: Path) -> None:
    data = Town(people=60, requests=300, consent=False).write(tmp_path / "data")
    card = fit.train(data.folder, tmp_path / "out", TINY).card
    assert "open" not in card["trained_heads"]
    assert card["base_rates"]["open"] == 0
    assert "open" not in card["metrics"]["test"]["heads"]


def test_sampled_passed_rows_leave_the_chances_where_they_were(tmp_path: Path) -> None:
    data = Town(people=60, requests=900, likes=-2).write(tmp_path / "data")
    config = replace(SMALL, least_steps=100, sampling=Sampling(keep_passed=0.2))
    run = fit.Run(data, data.split(), tmp_path, config, together.Team(), lambda message, step, of: None)
    fit.learn(run)
    chances, labels, _ = export.scored(run.model.folded().eval(), run.validation)
    assert chances[:, LIKE].mean() == pytest.approx((labels[:, LIKE] == 1).mean(), rel=0.15)


def test_what_place_alone_explains_goes_to_the_tower(tmp_path: Path) -> None:
    data = Town(people=60, requests=900, likes=-1.5).write(tmp_path / "data")
    config = replace(SMALL, least_steps=100, lr=5e-3)
    run = fit.Run(data, data.split(), tmp_path, config, together.Team(), lambda message, step, of: None)
    fit.learn(run)
    bias = run.model.place.weight.detach()[:20, LIKE]
    assert bias[:5].mean() > bias[15:].mean() + 0.1
    assert not any("place" in name for name in run.model.folded().state_dict())


def test_the_card_tells_what_it_was_made_of(town: Dataset, learned: fit.Result) -> None:
    card = json.loads((learned.folder / export.CARD).read_text())
    assert export.VERSION.fullmatch(card["version"])
    assert (card["encoder"], card["requests"], card["rows"], card["people"]) == ("made-up", 900, 18_000, 60)
    assert (card["seed"], card["config"]["batch"], card["privacy"]) == (0, 32, None)
    assert card["metrics"]["test"]["requests"] == 90
    for name, file in (("onnx_sha256", export.GRAPH), ("safetensors_sha256", export.WEIGHTS)):
        assert card[name] == sha256((learned.folder / file).read_bytes()).hexdigest()
    assert not (learned.folder / fit.CHECKPOINT).exists()


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    with Writer(tmp_path / "data", ["quality"], 4) as writer:
        writer.close()
    with pytest.raises(ValueError, match="nothing to learn from"):
        fit.train(tmp_path / "data", tmp_path / "out", TINY)


def test_missing_and_endless_numbers_in_the_log_are_no_obstacle(tmp_path: Path) -> None:
    data = Town(people=20, requests=100, likes=-2).write(tmp_path / "data")
    rows = np.load(data.folder / "features.npy", mmap_mode="r+")
    rows[::7, 0], rows[::11, 1], rows[:, 2] = np.nan, np.inf, np.nan
    rows.flush()
    card = fit.train(data.folder, tmp_path / "out", TINY).card
    assert "like" in card["metrics"]["test"]["heads"]
    assert all(np.isfinite(values).all() for values in load_file(tmp_path / "out" / export.WEIGHTS).values())


def test_moments_without_a_validation_part_train_to_the_end(town: Dataset, tmp_path: Path) -> None:
    card = fit.train(town.folder, tmp_path, replace(TINY, moments=(60.0 * 800, 60.0 * 800))).card
    assert card["metrics"]["validation"]["requests"] == 0
    assert card["metrics"]["test"]["requests"] == 100
    assert card["calibration"]["slope"] == [1.0] * len(HEADS)


def test_begun_as_a_regression_it_knows_much_before_its_first_step(town: Dataset, tmp_path: Path) -> None:
    def known(warm: bool) -> float:
        config = replace(TINY, warm=warm, lr=0.0)
        run = fit.train(town.folder, tmp_path / str(warm), config)
        return float(run.card["metrics"]["test"]["heads"]["like"]["auc"])

    assert known(warm=False) < 0.55
    assert known(warm=True) > 0.6


def test_few_rows_leave_the_order_hand_set(tmp_path: Path) -> None:
    data = Town(people=60, requests=100).write(tmp_path / "data")
    prior = Prior({"quality": 3.0})

    def agreement(known: Prior | None) -> float:
        """Rank correlation of the chance of a like with the hand-set score."""
        config = replace(TINY, warm=True, lr=0.0, prior=known, heads=("like",), least_positives=10)
        fit.train(data.folder, tmp_path / str(known is None), config)
        chances, *_ = export.scored(export.load(tmp_path / str(known is None)), data.split()[2])
        ranks = [np.argsort(np.argsort(x)) for x in (chances[:, LIKE], data.features[data.split()[2].rows][:, 0])]
        return float(np.corrcoef(*ranks)[0, 1])

    assert agreement(prior) > 0.9 > agreement(None) + 0.2
