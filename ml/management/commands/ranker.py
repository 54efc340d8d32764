"""The ranker on the command line: train, evaluate, list, promote, rollback, compare, shadow. Decides nothing itself."""

from __future__ import annotations

import math
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import localtime
from tqdm import tqdm

from accounts.models import User
from ml import registry
from ml.models import ModelVersion, TrainingRun
from ml.registry import RankerBroken

BASELINES = {"recipe": "hand-set recipe", "newest": "newest first", "popular": "most popular", "as_shown": "as shown"}
MOST_DAYS = 3650
PRIVATE_STEPS = 100  # the more steps, the more noise in each
ORDER_FIGURES = ("ndcg10", "mrr", "coverage", "diversity", "novelty")


class Command(BaseCommand):
    help = "Train, judge and choose the model that orders home pages."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
        self._train_arguments(what.add_parser("train", help="one night now: train, judge, promote if better"))
        evaluate = what.add_parser("evaluate", help="figures of versions and baselines on the newest days")
        evaluate.add_argument("versions", nargs="*", metavar="VERSION", help="without one, the serving version")
        compare = what.add_parser("compare", help="two versions on the same requests, request by request")
        compare.add_argument("versions", nargs="*", metavar="VERSION", help="two of them")
        for one in (evaluate, compare):
            one.add_argument("--days", type=int, default=30, help="days of impressions to look at (default: 30)")
        what.add_parser("list", help="all versions, newest first")
        promote = what.add_parser("promote", help="let a version serve, or “recipe” for the hand-set recipe")
        promote.add_argument("version", metavar="VERSION")
        promote.add_argument("--why", default="", help="noted with the promotion")
        promote.add_argument("--force", action="store_true", help="also a version that was refused")
        rollback = what.add_parser("rollback", help="take the last promotion back")
        rollback.add_argument("--why", default="", help="noted with the rollback")
        shadow = what.add_parser("shadow", help="let a version score beside the serving one; “off” ends it")
        shadow.add_argument("version", metavar="VERSION")

    def _train_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="days of impressions to learn from (default: 30)")
        parser.add_argument("--epochs", type=int, help="times the data is gone through at most")
        parser.add_argument("--seed", type=int, help="of everything left to chance (default: 0)")
        parser.add_argument(
            "--private", type=float, metavar="EPSILON", help="train with differential privacy, and tell what it costs"
        )
        parser.add_argument(
            "--private-steps",
            type=int,
            default=PRIVATE_STEPS,
            help=f"of it (default: {PRIVATE_STEPS}); more for more people",
        )
        parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
        parser.add_argument("--by-id", type=int, help="the person who asked for it")

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        if not 1 <= options.get("days", 1) <= MOST_DAYS:
            raise CommandError(f"--days must be 1 or more, and at most {MOST_DAYS}.")
        try:
            getattr(self, f"_{what}")(**options)
        except ModelVersion.DoesNotExist:
            raise CommandError(f"There is no ranker called {options.get('version')}.") from None
        except RankerBroken as error:
            raise CommandError(str(error)) from error

    # --- train ---

    def _train(self, *, no_progress: bool, by_id: int | None, days: int, **options: Any) -> None:
        from ml.training.diary import AlreadyRunning, Stopped
        from ml.training.recipe import Plan, night
        from ml.training.told import words

        config, changes = _config(options), _changes(options)
        by = User.objects.filter(pk=by_id).first() if by_id else None
        signal.signal(signal.SIGTERM, _leave)
        with _bar(no_progress) as show:
            try:
                run = night(Plan(days=days, config=config, changes=changes, by=by), show)
            except AlreadyRunning:
                raise CommandError("Another training runs already; this one leaves.", returncode=3) from None
            except Stopped:
                raise CommandError("Whoever started this is gone; it stopped.", returncode=4) from None
            except KeyboardInterrupt:
                raise CommandError(
                    "It was stopped; the next one within twelve hours goes on.", returncode=130
                ) from None
        if run.state == TrainingRun.State.FAILED:
            raise CommandError(words(run.message))
        if run.state == TrainingRun.State.TOO_LITTLE:
            raise CommandError(words(run.message), returncode=5)
        self._told(run)

    def _told(self, run: TrainingRun) -> None:
        from ml.training.told import words

        if run.version is not None:
            rivals = run.version.card.get("rivals", {})
            figures = {run.version.name: run.version.card["metrics"]["test"], **rivals}
            self._table({name: value for name, value in figures.items() if value})
            self._privacy(run.version.card.get("privacy") or {})
        self.stdout.write(f"{run.get_state_display()}: {words(run.message)}")

    def _privacy(self, told: dict[str, Any]) -> None:
        if not told:
            return
        self.stdout.write(f"Private: epsilon {told['epsilon']:.2f}, delta {told['delta']:g}, for each {told['unit']}.")
        cost = told.get("cost")
        if cost is None:
            self.stdout.write("What it cost was not measured: it went on from a training that was stopped.")
            return
        for head, lost in cost["auc_lost"].items():
            without, private = cost["auc_without"][head], cost["auc"][head]
            self.stdout.write(f"AUC {head}: {without:.4f} without noise, {private:.4f} with it, {-lost:+.4f}")

    # --- evaluate, compare ---

    def _evaluate(self, *, versions: list[str], days: int, **options: Any) -> None:
        self._contest(versions or [name for name in [registry.serving_ranker()] if name], days)

    def _compare(self, *, versions: list[str], days: int, **options: Any) -> None:
        if len(versions) != 2 or versions[0] == versions[1]:
            raise CommandError("compare takes two different versions; “ranker list” names them.")
        self._contest(versions, days)

    def _contest(self, names: list[str], days: int) -> None:
        from ml.training.contest import contest, newest_days
        from ml.training.dataset import NothingToLearn
        from ml.training.diary import AlreadyRunning

        _known(names)
        try:
            with _bar(False) as show, newest_days(days, show) as view:
                if not len(view):
                    raise CommandError(f"There are too few requests in {days} days to hold any of them out.")
                found = contest(view, names)
                requests, since = len(view), view.figures()["from"]
        except AlreadyRunning:
            raise CommandError("A training runs; try again when it has ended.") from None
        except NothingToLearn as error:
            raise CommandError(str(error)) from None
        begun = f" since {datetime.fromtimestamp(since).astimezone():%Y-%m-%d %H:%M}" if since else ""
        self.stdout.write(f"{requests} held-out requests{begun}.")
        self._seen(names, since)
        self._table({name: one.figures for name, one in found.judged.items()})
        first = next(iter(found.judged))
        for name, difference in found.differences.items():
            told = difference.words if difference else "cannot be told: nobody acted"
            self.stdout.write(f"nDCG@10 of {BASELINES.get(first, first)} over {BASELINES.get(name, name)}: {told}")

    def _seen(self, names: list[str], since: float | None) -> None:
        """A version that was trained on these days looks better than it is."""
        for name in names:
            until = (registry.card_of(name).get("trained_on") or {}).get("to")
            if until and since and until > since:
                self.stdout.write(self.style.WARNING(f"{name} was trained on some of these days."))

    def _table(self, rows: dict[str, dict[str, Any]]) -> None:
        width = max(len(BASELINES.get(name, name)) for name in rows)
        heads = ("nDCG@10", "MRR", "coverage", "diversity", "novelty", "AUC like", "ECE like")
        self.stdout.write(" " * width + "".join(f"{head:>10}" for head in heads))
        for name, figures in rows.items():
            values = [figures.get(figure) for figure in ORDER_FIGURES]
            values += [figures.get(figure, {}).get("like") for figure in ("auc", "ece")]
            shown = "".join(f"{'–' if value is None else format(value, '.4f'):>10}" for value in values)
            self.stdout.write(f"{BASELINES.get(name, name):<{width}}{shown}")

    # --- list, promote, rollback, shadow ---

    def _list(self, **options: Any) -> None:
        rows = ModelVersion.objects.filter(kind=ModelVersion.Kind.RANKER).order_by("-created_at", "-pk")
        if not rows.filter(state=ModelVersion.State.SERVING).exists():
            self.stdout.write("The hand-set recipe serves.")
        for row in rows:
            test = row.card.get("metrics", {}).get("test", {})
            ndcg = test.get("ndcg10")
            figures = f"nDCG@10 {ndcg:.4f}" if ndcg is not None else "not measured"
            served = f", served from {localtime(row.served_from):%Y-%m-%d %H:%M}" if row.served_from else ""
            kept = "" if registry.ranker_folder(row.name).exists() else ", files deleted"
            shadow = ", shadow" if row.shadow else ""
            self.stdout.write(f"{row.name}  {row.get_state_display():<10} {figures}{served}{shadow}{kept}")

    def _promote(self, *, version: str, why: str, force: bool, **options: Any) -> None:
        if version == "recipe":
            done = registry.promote_ranker("", why=why)
        else:
            row = ModelVersion.objects.get(name=version, kind=ModelVersion.Kind.RANKER)
            if row.state == ModelVersion.State.REFUSED and not force:
                raise CommandError(f"{version} was refused: {_why_refused(row.card)} With --force it serves.")
            done = registry.promote_ranker(version, why=why)
        self.stdout.write(_serves() if done else f"Nothing changed. {_serves()}")

    def _rollback(self, *, why: str, **options: Any) -> None:
        if registry.rollback_ranker(why=why) is None:
            raise CommandError("There is no promotion to take back: the hand-set recipe serves.")
        self.stdout.write(_serves())

    def _shadow(self, *, version: str, **options: Any) -> None:
        registry.set_shadow("" if version == "off" else version)
        self.stdout.write("Nothing scores in the shadow." if version == "off" else f"{version} scores in the shadow.")


def _serves() -> str:
    registry.forget()
    return f"{registry.serving_ranker() or 'The hand-set recipe'} serves from the next request on."


def _why_refused(card: dict[str, Any]) -> str:
    from ml.training.told import grounds

    return grounds(card.get("gate") or {}) or str(card.get("refused", ""))


def _known(names: Sequence[str]) -> None:
    """Raises `CommandError` or `RankerBroken` for a version that is unknown, or whose files are not all there."""
    for name in names:
        folder = registry.ranker_folder(name)
        if not ModelVersion.objects.filter(name=name, kind=ModelVersion.Kind.RANKER).exists():
            raise CommandError(f"There is no ranker called {name}.")
        if not folder.exists():
            raise CommandError(f"The files of {name} are deleted; only its card is left.")
        registry.check_ranker(name)


def _changes(options: dict[str, Any]) -> dict[str, Any]:
    """What was asked for on the command line in place of what is usual."""
    given = {name: options[name] for name in ("seed", "epochs") if options.get(name) is not None}
    if given.get("seed", 0) < 0:
        raise CommandError("--seed must be 0 or more.")
    if given.get("epochs", 1) < 1:
        raise CommandError("--epochs must be 1 or more.")
    return given


def _config(options: dict[str, Any]) -> Any:
    """Of a private training; None where the size of the site decides."""
    epsilon = options.get("private")
    if epsilon is None:
        return None
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise CommandError("--private must be more than 0, and finite.")
    if options["private_steps"] < 1:
        raise CommandError("--private-steps must be 1 or more.")
    return _private(_changes(options), epsilon, options["private_steps"])


def _private(given: dict[str, Any], epsilon: float, steps: int) -> Any:
    """A small net, because noise is added to every weight. On the demo town (46 people, epsilon 8, a hundred steps) its
    AUC of likes was .762, after three hundred steps .762, and .775 without noise."""
    from ml.nets.ranker.fit import Config, Privacy

    private = Privacy(epsilon=epsilon, steps=steps)
    return Config(
        **given, width=32, layers=1, attention_heads=2, dropout=0.0, least_steps=400, threads=1, private=private
    )


def _leave(*_signal: Any) -> None:
    """Asked to end: the run is noted as stopped on the way out."""
    raise SystemExit(143)


@contextmanager
def _bar(hidden: bool) -> Iterator[Any]:
    """A progress bar for each step of the night, on standard error."""
    with tqdm(total=0, disable=True if hidden else None, file=sys.stderr) as bar:

        def show(step: str, done: int, of: int) -> None:
            bar.set_description_str(step, refresh=False)
            bar.total, bar.n = of, done
            bar.refresh()

        yield show
