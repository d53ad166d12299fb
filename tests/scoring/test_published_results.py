import re
from typing import get_args

import pytest

from leorn.config import DatasetName
from leorn.errors import InputError
from leorn.scoring.published_results import all_published, parse_published, published_results

FILE = """
- paper: AAAI 2020
  source: https://example.org/readme
  strict: true
  results:
  - {dataset: tacos, network: A, features: C3D, metrics: {R1@0.5: 25.5}}
- paper: CVPR 2024
  source: https://example.org/page
  strict: null
  split: val
  results:
  - {dataset: qvhighlights, network: B, features: CLIP, metrics: {R1@0.5: 62.0, mAP: 39.86}}
"""


def test_rows_of_leorn_are_those_of_its_paper() -> None:
    leorn = {name: row for name, row in published_results("charades-sta").items() if "LEORN paper" in name}
    assert leorn == {
        "LEORN, objects (LEORN paper)": {"R1@0.5": 50.27, "R1@0.7": 30.97, "R5@0.5": 85.73, "R5@0.7": 62.42},
        "LEORN-F, I3D + objects (LEORN paper)": {"R1@0.5": 61.10, "R1@0.7": 40.97, "R5@0.5": 87.50, "R5@0.7": 70.54},
    }
    (metrics,) = (row for name, row in published_results("tacos").items() if "LEORN paper" in name)
    assert [metrics[f"R1@{iou}"] for iou in (0.1, 0.3, 0.5)] == [55.81, 46.09, 35.29]
    assert [metrics[f"R5@{iou}"] for iou in (0.1, 0.3, 0.5)] == [73.58, 64.08, 53.11]


def test_rows_of_2d_tan_are_those_of_its_page() -> None:
    rows = published_results("activitynet-captions")
    assert list(rows["2D-TAN (pool), C3D (AAAI 2020)"].values()) == [59.45, 44.51, 26.54, 85.53, 77.13, 61.96]
    assert list(rows["2D-TAN (conv), C3D (AAAI 2020)"].values()) == [58.75, 44.05, 27.38, 85.65, 76.65, 62.26]


def test_only_rows_of_the_same_split_and_rule_are_comparable() -> None:
    strict, loose = published_results("charades-sta"), published_results("charades-sta", strict=False)
    assert "2D-TAN (pool), VGG (AAAI 2020)" in strict
    assert "SnAG, I3D (CVPR 2024)" not in strict
    assert set(loose) == {"LGI, I3D (CVPR 2020)", "SnAG, C3D (CVPR 2024)", "SnAG, I3D (CVPR 2024)"}
    # nobody saw how these count
    assert not any("MS-2D-TAN" in name for name in {*strict, *loose})
    assert published_results("charades-sta", "val") == {}
    test, val = (published_results("qvhighlights", split, strict=False) for split in ("test", "val"))
    name = "CG-DETR, CLIP + SlowFast (Lighthouse, EMNLP 2024)"
    assert (test[name], val[name]) == ({"R1@0.5": 64.9, "R1@0.7": 48.1}, {"R1@0.5": 65.6, "R1@0.7": 52.1})
    assert published_results("qvhighlights") == {}


@pytest.mark.parametrize("dataset", ["jsonl", "charades-cd", "charades-sta-reannotated"])
def test_a_data_set_without_published_results_has_no_rows(dataset: str) -> None:
    assert dataset in get_args(DatasetName)
    assert published_results(dataset) == published_results(dataset, strict=False) == {}


def test_every_row_is_one_of_a_kind_with_figures_as_we_name_them() -> None:
    rows = all_published()
    assert len({(row.dataset, row.split, row.network, row.features, row.paper) for row in rows}) == len(rows)
    for row in rows:
        assert row.metrics
        assert all(re.fullmatch(r"R[15]@0\.[1357]|mIoU|mAP(@0\.5|@0\.75)?", name) for name in row.metrics)
        for n in (1, 5):
            recalls = [row.metrics[name] for name in sorted(row.metrics) if name.startswith(f"R{n}@")]
            assert recalls == sorted(recalls, reverse=True)
        for name, value in row.metrics.items():
            assert value <= row.metrics.get(name.replace("R1", "R5"), 100)
        assert all(isinstance(value, float) and 0 < value < 100 for value in row.metrics.values())
        assert row.source.startswith("https://")


def test_what_rows_have_in_common_stands_once() -> None:
    first, second = parse_published(FILE, "file.yaml")
    assert (first.paper, first.source, first.strict, first.split) == (
        "AAAI 2020", "https://example.org/readme", True, "test"
    )  # fmt: skip
    assert (second.paper, second.strict, second.split) == ("CVPR 2024", None, "val")
    assert second.metrics == {"R1@0.5": 62.0, "mAP": 39.86}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "dataset: tacos",
            "dataset: cooking",
            "file.yaml: https://example.org/readme: dataset is 'cooking'; expected ",
        ),
        ("{R1@0.5: 25.5}", "{R1@0.5: high}", "file.yaml: https://example.org/readme: metrics is {'R1@0.5': 'high'}; "),
        ("  strict: true\n", "", "file.yaml: missing strict"),
        ("network: A,", "network: A, network: C,", "file.yaml:6: not YAML: "),
        (FILE, "rows: 1", "file.yaml: expected a list of sources, each with its results"),
    ],
)
def test_a_wrong_row_is_named(old: str, new: str, message: str) -> None:
    assert old in FILE
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        parse_published(FILE.replace(old, new), "file.yaml")
