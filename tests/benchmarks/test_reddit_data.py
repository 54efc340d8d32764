"""The files of the conversations as they are given: messages, and in May the names of who joins later."""

from pathlib import Path

import pytest

from benchmarks import public_data, reddit_data


def line(*parts: object) -> str:
    return "\t".join(str(part) for part in parts) + "\n"


def message(thread: str, name: str, parent: str, person: str, at: int) -> str:
    return line(thread, name, parent, "Said so", "say so", person, at, 1, 0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    first, second, third = reddit_data.MONTHS
    (tmp_path / first).write_text(message("a", "m2", "m1", "bob", 20) + message("a", "m1", "null", "ann", 10))
    (tmp_path / second).write_text(message("b", "m3", "null", "null", 30))
    (tmp_path / third).write_text("")
    (tmp_path / reddit_data.MAY).write_text(message("c", "m4", "null", "ann", 40) + line("c", "bob null ann bob"))
    return tmp_path


def test_messages_stand_by_time_and_name_whom_they_answer(data: Path) -> None:
    messages, past, _may = reddit_data.read(data)
    assert [one.place for one in messages] == [0, 1, 2, 3]
    assert [(one.person, one.answers, one.at) for one in past["a"].messages] == [("ann", "", 10), ("bob", "ann", 20)]


def test_threads_of_may_say_who_joins_and_leave_out_accounts_that_are_gone(data: Path) -> None:
    _messages, past, may = reddit_data.read(data)
    assert (sorted(past), sorted(may)) == (["a", "b"], ["c"])
    assert may["c"].joins == {"ann", "bob"}


def test_missing_data_is_said_and_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BENCHMARK_DATA", str(tmp_path))
    with pytest.raises(SystemExit) as left:
        public_data.folder("reddit_dcr", reddit_data.MAY)
    assert left.value.code == 0
    assert f"lacks {reddit_data.MAY}" in capsys.readouterr().out
