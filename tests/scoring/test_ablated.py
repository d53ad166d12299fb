import json
import math
import re
from dataclasses import replace
from typing import Any

import pytest

from leorn.errors import InputError
from leorn.scoring.ablated import AblatedSplit, restore_ablated
from leorn.scoring.bootstrap import Interval

ABLATED = AblatedSplit(
    "test-compositional",
    249,
    {"full": ({"mIoU": 60.0}, {"mIoU": 64.0}), "no-shift": ({"mIoU": 50.0}, {"mIoU": 58.0})},
    {"no-shift": {"mIoU": Interval(-8.0, -9.5, 1.25)}},
)


def plain() -> dict[str, Any]:
    return json.loads(json.dumps(ABLATED.to_dict()))


def test_two_tables_say_what_each_variant_scores_and_how_much_less_than_the_first() -> None:
    assert ABLATED.tables() == (
        "test-compositional, 249 queries, mean ± standard deviation of 2 seeds\n"
        "\n"
        "|  | mIoU |\n"
        "| --- | ---: |\n"
        "| full | 62.00 ± 2.83 |\n"
        "| no-shift | 54.00 ± 5.66 |\n"
        "\n"
        "Difference from full, with the range that holds it at 95% confidence (resamples of whole videos)\n"
        "\n"
        "|  | mIoU |\n"
        "| --- | ---: |\n"
        "| no-shift | -8.00 [-9.50, 1.25] |\n"
    )


def test_one_seed_has_no_deviation() -> None:
    split = AblatedSplit("test", 1, {"full": ({"mIoU": 60.0},)}, {})
    assert split.tables().startswith("test, 1 query, one seed\n\n|  | mIoU |\n| --- | ---: |\n| full | 60.00 |\n")


def test_one_variant_has_nothing_to_differ_from() -> None:
    split = AblatedSplit("test", 2, {"full": ({"mIoU": 60.0}, {"mIoU": 64.0})}, {})
    assert split.tables() == (
        "test, 2 queries, mean ± standard deviation of 2 seeds\n"
        "\n"
        "|  | mIoU |\n"
        "| --- | ---: |\n"
        "| full | 62.00 ± 2.83 |\n"
    )


def test_it_survives_json() -> None:
    restored = restore_ablated(plain(), "file")
    assert restored.tables() == ABLATED.tables()
    assert restored.differences == ABLATED.differences
    assert {name: tuple(rows) for name, rows in restored.rows.items()} == ABLATED.rows


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rows": {"full": [{"mIoU": "60"}]}}, "file: rows is {'full': [{'mIoU': '60'}]}; expected keys with their "),
        ({"rows": {"full": []}}, "file: seeds of the variants: full has 0; expected the same number of each, at "),
        ({"rows": {"a": [{}], "b": [{}, {}]}}, "file: seeds of the variants: a has 1, b has 2; expected the same"),
        ({"rows": {}}, "file: seeds of the variants: none; expected the same number of each, at least one"),
        ({"differences": {"a": {"mIoU": {"mean": 1.0}}}}, "file: differences: a: mIoU: missing low, high"),
        ({"metrics": {}}, "file: unknown key metrics; is it of another version of leorn?"),
    ],
)
def test_what_is_no_ablation_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        restore_ablated({**plain(), **changes}, "file")


def test_a_difference_without_a_range_survives_json_too() -> None:
    one_video = replace(ABLATED, differences={"no-shift": {"mIoU": Interval(1.0, math.nan, math.nan)}})
    text = json.dumps(one_video.to_dict(), allow_nan=False)
    found = restore_ablated(json.loads(text), "a.json")
    assert not found.differences["no-shift"]["mIoU"].is_known
    assert found.tables() == one_video.tables()
    assert "| no-shift | 1.00 |" in found.tables()
