import pytest

from leorn.errors import InputError
from leorn.scoring import comparison
from leorn.scoring.comparison import Ours, comparison_tables
from leorn.scoring.published_results import parse_published
from leorn.scoring.runs import restore_run
from tests.metrics_files import metrics_file

PUBLISHED = """
- paper: A 2020
  source: https://a
  strict: true
  results:
  - {dataset: tacos, network: Two, features: C3D, metrics: {R5@0.5: 45.04, R1@0.5: 25.0}}
  - {dataset: tacos, network: Three, features: objects, metrics: {R1@0.5: 35.29, mIoU: 20.0}}
  - {dataset: charades-sta, network: Two, features: VGG, metrics: {R1@0.7: 22.85}}
- {paper: B 2021, source: https://b, strict: null, results: [
    {dataset: tacos, network: Four, features: C3D, metrics: {R1@0.3: 43.0, R1@0.5: 33.5}}]}
"""


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "all_published", lambda: parse_published(PUBLISHED, "file"))


def test_each_kind_of_features_has_its_table() -> None:
    assert comparison_tables("tacos") == (
        "Features: C3D\n"
        "\n"
        "|  | R1@0.3 | R1@0.5 | R5@0.5 | hit | source |\n"
        "| --- | ---: | ---: | ---: | :---: | --- |\n"
        "| Two | – | 25.00 | 45.04 | > | [A 2020](https://a) |\n"
        "| Four | 43.00 | 33.50 | – | – | [B 2021](https://b) |\n"
        "\n"
        "Features: objects\n"
        "\n"
        "|  | R1@0.5 | mIoU | hit | source |\n"
        "| --- | ---: | ---: | :---: | --- |\n"
        "| Three | 35.29 | 20.00 | > | [A 2020](https://a) |\n"
    )


def test_ours_stand_first_with_a_dash_where_nothing_is_measured() -> None:
    runs = [restore_run(metrics_file(seed=seed, recall=recall), "a") for seed, recall in ((0, 30.0), (1, 34.0))]
    ours = [Ours("objects", "LEORN-P", runs), Ours("objects", "LEORN"), Ours("I3D + objects", "LEORN-F")]
    _, _, objects, fusion = comparison_tables("tacos", ours=ours).split("Features: ")
    assert objects == (
        "objects\n\n"
        "|  | R1@0.5 | mIoU | hit | source |\n"
        "| --- | ---: | ---: | :---: | --- |\n"
        "| LEORN-P, ours | 32.00 ± 2.83 | – | > | 2 seeds |\n"
        "| LEORN, ours | – | – | – | not measured |\n"
        "| Three | 35.29 | 20.00 | > | [A 2020](https://a) |\n\n"
    )
    # nobody published on these features: the figures of the data set, for ours to come
    assert fusion == (
        "I3D + objects\n\n"
        "|  | R1@0.3 | R1@0.5 | R5@0.5 | mIoU | hit | source |\n"
        "| --- | ---: | ---: | ---: | ---: | :---: | --- |\n"
        "| LEORN-F, ours | – | – | – | – | – | not measured |\n"
    )


def test_one_run_has_no_deviation_and_its_own_rule() -> None:
    loose = metrics_file(recall=30.0)
    loose["evaluation"]["strict"] = False
    shown = comparison_tables("tacos", ours=[Ours("objects", "LEORN-P", [restore_run(loose, "a")])])
    assert "| LEORN-P, ours | 30.00 | – | ≥ | 1 seed |\n" in shown


def test_runs_of_another_network_are_refused() -> None:
    ours = [Ours("objects", "LEORN", [restore_run(metrics_file(), "a")])]
    with pytest.raises(InputError, match=r"^runs of LEORN-P in the row of LEORN$"):
        comparison_tables("tacos", ours=ours)


def test_where_nothing_is_published_there_is_no_table() -> None:
    with pytest.raises(InputError, match=r"^no published figures on split val of tacos$"):
        comparison_tables("tacos", "val")
