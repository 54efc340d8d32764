"""Charts of lines: what is drawn is what was given."""

import pytest
from django.template.loader import render_to_string

from feed.charts import lines


def test_higher_values_stand_higher_and_gaps_stay_gaps() -> None:
    chart = lines("c", "A title", ["mon", "tue", "wed", "thu"], {"one": [1, 2, None, 4]})
    one = chart.lines[0]
    assert [point.y for point in one.points] == sorted((point.y for point in one.points), reverse=True)
    assert len(one.points) == 3
    assert len(one.paths) == 1  # the last value stands alone
    assert one.cells == ["1.00", "2.00", "–", "4.00"]


@pytest.mark.parametrize("values", [[0, 0], [-1, 1], [1e-6, 2e-6], [1e6, 3e6], [5], [0.5, 0.5]])
def test_the_axis_holds_every_value(values: list[float]) -> None:
    chart = lines("c", "A title", [str(n) for n in range(len(values))], {"one": values})
    assert all(0 <= point.y <= chart.base for point in chart.lines[0].points)
    assert 2 <= len(chart.ticks) <= 8


def test_a_series_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 values for 1"):
        lines("c", "A title", ["mon"], {"one": [1, 2]})


def test_the_template_draws_every_series_and_its_table() -> None:
    chart = lines("c", "A title", ["mon", "tue"], {"<one>": [1, 2], "two": [None, 3]})
    page = render_to_string("feed/_lines.html", {"chart": chart})
    assert page.count("<polyline") == 3  # one stretch, and two in the legend
    assert "&lt;one&gt;" in page
    assert "<td>3.00</td>" in page
    assert "Nothing to draw yet." in render_to_string("feed/_lines.html", {"chart": lines("c", "t", [], {"one": []})})
