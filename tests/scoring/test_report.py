import math

import pytest
from rich.console import Console
from rich.table import Table

from leorn.errors import InputError
from leorn.scoring.report import MeanAndSpread, markdown_table, mean_and_spread, results_table, summarise

ROWS = {
    "LEORN [small]": {"R1@0.5": 41.237, "mIoU": MeanAndSpread(38.0, 0.5)},
    "constant window": {"R1@0.5": 14.0, "R5@0.5": 52.5},
}
PUBLISHED = {"paper": {"R1@0.5": 50.27, "R1@0.7": 30.97}, "another data set": {"R1@0.1": 55.81}}


def printed(table: Table) -> list[list[str]]:
    """The table's rows as a terminal shows them, cut at the column rules."""
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(table)
    lines = capture.get().replace("┃", "│").splitlines()
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if "│" in line]


def test_a_table_has_a_row_a_method_and_the_published_rows_that_share_a_figure() -> None:
    assert printed(results_table(ROWS, PUBLISHED)) == [
        ["", "R1@0.5", "mIoU", "R5@0.5"],
        ["LEORN [small]", "41.24", "38.00 ± 0.50", "–"],
        ["constant window", "14.00", "–", "52.50"],
        ["paper", "50.27", "–", "–"],
    ]


def test_a_line_parts_ours_from_the_published() -> None:
    table = results_table(ROWS, PUBLISHED, title="test [split]")

    assert [row.end_section for row in table.rows] == [False, True, False]
    assert str(table.title) == "test [split]"
    assert results_table(ROWS).title is None


def test_markdown_holds_the_same_rows() -> None:
    assert markdown_table(ROWS, PUBLISHED) == (
        "|  | R1@0.5 | mIoU | R5@0.5 |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| LEORN [small] | 41.24 | 38.00 ± 0.50 | – |\n"
        "| constant window | 14.00 | – | 52.50 |\n"
        "| paper | 50.27 | – | – |\n"
    )


def test_markdown_without_published_results_has_our_rows_alone() -> None:
    assert markdown_table({"a": {"mIoU": 1.0}}) == "|  | mIoU |\n| --- | ---: |\n| a | 1.00 |\n"


def test_spread_is_the_sample_standard_deviation() -> None:
    found = mean_and_spread([{"mIoU": 10.0}, {"mIoU": 12.0}, {"mIoU": 14.0}])

    assert found["mIoU"].mean == 12.0
    assert found["mIoU"].spread == pytest.approx(math.sqrt((4 + 0 + 4) / 2))
    assert str(found["mIoU"]) == "12.00 ± 2.00"


def test_a_single_run_has_no_spread() -> None:
    assert mean_and_spread([{"mIoU": 10.0}]) == {"mIoU": MeanAndSpread(10.0, None)}
    assert str(MeanAndSpread(10.0, None)) == "10.00"


def test_runs_that_cannot_be_summarised_are_refused() -> None:
    with pytest.raises(InputError, match="no runs to summarise"):
        mean_and_spread([])
    with pytest.raises(InputError, match=r"different figures: mIoU and R1@0.5"):
        mean_and_spread([{"mIoU": 10.0}, {"R1@0.5": 10.0}])


def test_one_run_is_shown_as_it_is_and_several_by_mean_and_spread() -> None:
    one, other = {"LEORN": {"mIoU": 10.0}, "window": {"mIoU": 4.0}}, {"LEORN": {"mIoU": 14.0}, "window": {"mIoU": 4.0}}
    assert summarise([one]) == one
    assert summarise([one, other]) == {
        "LEORN": {"mIoU": MeanAndSpread(12.0, math.sqrt(8))},
        "window": {"mIoU": MeanAndSpread(4.0, 0.0)},
    }


def test_runs_of_different_methods_are_not_summarised() -> None:
    with pytest.raises(InputError, match=r"different methods: LEORN; window"):
        summarise([{"LEORN": {"mIoU": 1.0}}, {"window": {"mIoU": 1.0}}])
