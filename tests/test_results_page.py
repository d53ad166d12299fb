"""The page of results, and the script that makes it."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from docs import make_results
from docs.make_results import collect, make_page
from leorn.errors import InputError
from leorn.scoring.ablated import AblatedSplit
from leorn.scoring.bootstrap import Interval
from leorn.scoring.corpus import SearchRun
from tests.commands import only_line
from tests.metrics_files import metrics_file

DOCS = Path(__file__).parents[1] / "docs"
TEMPLATE = (DOCS / "results.md.in").read_text(encoding="utf-8")
CALLS = re.findall(r"\{\{ (?:table|ablation)\(.*?\) \}\}", TEMPLATE, re.DOTALL)
"""For tables of ours; those in a comment will take the place of the table that is typed below it."""
HEAD = "|  | R1@0.5 | R5@0.5 |\n| --- | ---: | ---: |\n"
WINDOW = "| constant window | 11.00 ± 0.00 | 44.50 ± 0.00 |"


def ablated(split: str = "test") -> dict[str, Any]:
    rows = {"full": ({"mIoU": 60.0},), "no-shift": ({"mIoU": 50.0},)}
    table = AblatedSplit(split, 10, rows, {"no-shift": {"mIoU": Interval(-10.0, -12.0, -7.5)}})
    return json.loads(json.dumps(table.to_dict()))


def search_run(library: str) -> dict[str, Any]:
    metrics = {"R@1,video": 40.0, "AUROC, video gone": 0.75}
    return asdict(SearchRun(library, 3, 60, "demo", "labels", 20, 5, 0, 0, metrics))


def page(folder: Path, template: str, **files: object) -> str:
    """Make a page of a template and files of results, and return it without its note."""
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results.md.in").write_text(template, encoding="utf-8")
    for name, content in files.items():
        (folder / "results" / f"{name}.json").write_text(json.dumps(content))
    made = make_page(folder)
    assert made.startswith(make_results.NOTE)
    return made.removeprefix(make_results.NOTE)


def test_the_page_is_what_the_script_makes_of_what_is_here() -> None:
    assert (DOCS / "results.md").read_text(encoding="utf-8") == make_page(), "run `make results`"


def test_a_search_has_a_row_of_recall_and_one_of_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = search_run(str(tmp_path / "lib"))
    Path("search.json").write_text(json.dumps(run))
    collected = collect("mine", ["search.json"], tmp_path)
    assert json.loads(collected.read_text())[0]["library"] == "lib"
    template = '{{ table(search("mine", "here", recall=true)) }}\n{{ table(search("mine", "here", recall=false)) }}\n'
    made = page(tmp_path, template)
    assert made == (
        "|  | R@1,video |\n| --- | ---: |\n| here | 40.00 |\n"
        "|  | AUROC, video gone |\n| --- | ---: |\n| here | 0.75 |\n"
    )
    with pytest.raises(InputError, match="2 searches; expected one"):
        page(tmp_path, template, mine=[run] * 2)
    Path("run.json").write_text(json.dumps(metrics_file()))
    with pytest.raises(InputError, match=r"^mine: both runs and searches; expected one kind in a file$"):
        collect("mine", ["search.json", "run.json"], tmp_path)


def test_a_table_has_mean_and_deviation_over_seeds(tmp_path: Path) -> None:
    runs = [metrics_file(seed=seed, recall=recall) for seed, recall in enumerate((70.0, 74.0))]
    made = page(tmp_path, 'Before\n\n{{ table(runs("mine")) }}\n\nAfter\n', mine=runs)
    assert made == f"Before\n\n{HEAD}| LEORN-P | 72.00 ± 2.83 | 92.00 ± 2.83 |\n{WINDOW}\n\nAfter\n"


def test_a_table_of_several_experiments_names_their_rows(tmp_path: Path) -> None:
    template = (
        '{{ table(runs("one"), runs("two", row="LEORN-P, synonyms", baselines=false)) }}\n'
        '{{ table(runs("one", before="test: "), runs("one", split="other", before="other: ")) }}\n'
    )
    one = [metrics_file(recall=70.0), metrics_file(recall=60.0, split="other")]
    made = page(tmp_path, template, one=one, two=metrics_file(recall=50.0))
    assert made == (
        f"{HEAD}| LEORN-P | 70.00 | 90.00 |\n| constant window | 11.00 | 44.50 |\n"
        f"| LEORN-P, synonyms | 50.00 | 70.00 |\n"
        f"{HEAD}| test: LEORN-P | 70.00 | 90.00 |\n| test: constant window | 11.00 | 44.50 |\n"
        f"| other: LEORN-P | 60.00 | 80.00 |\n| other: constant window | 11.00 | 44.50 |\n"
    )


def test_an_ablation_is_shown_as_leorn_ablate_prints_it(tmp_path: Path) -> None:
    made = page(tmp_path, '{{ ablation("mine", split="other") }}\n', mine=[ablated(), ablated("other")])
    assert made == (
        "other, 10 queries, one seed\n\n|  | mIoU |\n| --- | ---: |\n| full | 60.00 |\n| no-shift | 50.00 |\n\n"
        "Difference from full, with the range that holds it at 95% confidence (resamples of whole videos)\n\n"
        "|  | mIoU |\n| --- | ---: |\n| no-shift | -10.00 [-12.00, -7.50] |\n"
    )


def test_published_figures_stand_beside_ours(tmp_path: Path) -> None:
    template = '{{ published("tacos", ours=[("objects", "LEORN-P", "mine"), ("objects", "LEORN", none)]) }}\n'
    mine = [metrics_file(seed=seed, recall=recall) for seed, recall in enumerate((40.0, 44.0))]
    lines = page(tmp_path, template, mine=mine).splitlines()
    start = lines.index("Features: objects")
    assert lines[start + 2 : start + 7] == [
        "|  | R1@0.1 | R1@0.3 | R1@0.5 | R5@0.1 | R5@0.3 | R5@0.5 | hit | source |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | :---: | --- |",
        "| LEORN-P, ours | – | – | 42.00 ± 2.83 | – | – | 62.00 ± 2.83 | > | 2 seeds |",
        "| LEORN, ours | – | – | – | – | – | – | – | not measured |",
        "| LEORN | 55.81 | 46.09 | 35.29 | 73.58 | 64.08 | 53.11 | > "
        "| [LEORN paper](https://github.com/CFM-MSG/Code_LEORN) |",
    ]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join(call.split()))
def test_a_call_of_the_template_makes_its_tables(call: str, tmp_path: Path) -> None:
    splits = ("test", "test-compositional")
    files: dict[str, object] = {
        name: [ablated(split) for split in splits] for name in re.findall(r'ablation\("(.*?)"', call)
    }
    for name in re.findall(r'runs\("(.*?)"', call):
        network = "LEORN-P" if "LEORN-P" in name else "LEORN"
        recall = 40.0 if "synonyms" in name else 70.0
        files[name] = [metrics_file(network, seed, split, recall) for split in splits for seed in (0, 1)]
    for name in (searches := re.findall(r'search\("(.*?)"', call)):
        files[name] = search_run("lib")
    made = page(tmp_path, f"{call}\n", **files)
    if searches:
        assert re.findall(r"(40\.00|0\.75) \|\n", made) == ["40.00" if "true" in call else "0.75"] * len(searches)
    assert made.count("| --- |") == (2 if "ablation" in call else 1)
    if "synonyms" in call:
        assert "| LEORN-P, synonyms | 40.00 ± 0.00 | 60.00 ± 0.00 |" in made
    if "before" in call:
        assert re.findall(r"\| (\w+): LEORN", made) == ["test", "compositional"]
    if "split" in call and "ablation" in call:
        assert made.startswith("test-compositional, 10 queries, one seed\n")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('{{ table(runs("none")) }}', "cannot read results {}/none.json: No such file or directory"),
        ('{{ table(runs("mine", split="val")) }}', "{}/mine.json: results on test; expected some on val"),
        ('{{ table(runs("twice")) }}', "{}/twice.json: runs of seeds 0, 0; expected each seed once"),
        ('{{ table(runs("mixed")) }}', "{}/mixed.json: network of runs/1/best.ckpt is not that of runs/0/best.ckpt"),
        ('{{ table(runs("ablation")) }}', "{}/ablation.json: 1: unknown key rows; is it of another version of leorn?"),
        ('{{ ablation("mine") }}', "{}/mine.json: 1: unknown key checkpoint; is it of another version of leorn?"),
        ('{{ ablation("again") }}', "{}/again.json: split test stands there 2 times"),
        ('{{ table(runs("text")) }}', "{}/text.json: expected a list of what leorn evaluate or leorn ablate wrote"),
        ('{{ table(runs("empty")) }}', "{}/empty.json: results on nothing; expected some on test"),
        ('{{ table(runs("mine"), runs("less")) }}', "two rows LEORN-P in one table; row= or before= gives one another"),
        ('{{ published("tacos", split="val") }}', "no published figures on split val of tacos"),
        ('{{ published("tacos", ours=[("objects", "LEORN", "mine")]) }}', "runs of LEORN-P in the row of LEORN"),
        ("a\n{{ ablations() }}", "{template}: 'ablations' is undefined"),
        ("a\n{{ table( }}", "{template}:2: unexpected "),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_one_line(template: str, message: str, tmp_path: Path) -> None:
    files = {
        "mine": [metrics_file()],
        "less": [metrics_file(recall=10.0)],
        "twice": [metrics_file(), metrics_file()],
        "mixed": [metrics_file(), metrics_file("LEORN", seed=1)],
        "ablation": ablated(),
        "again": [ablated(), ablated()],
        "text": "text",
        "empty": [],
    }
    expected = message.replace("{template}", str(tmp_path / "results.md.in")).replace("{}", str(tmp_path / "results"))
    with pytest.raises(InputError, match=f"^{re.escape(expected)}") as error:
        page(tmp_path, template, **files)
    assert "\n" not in str(error.value)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results/cut.json").write_text('[{"split": ')
    with pytest.raises(InputError, match=rf"^{tmp_path}/results/cut.json: not JSON, or truncated \("):
        page(tmp_path, '{{ table(runs("cut")) }}')


def test_collected_runs_say_nothing_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in (0, 1):
        content = metrics_file(
            seed=seed, checkpoint=f"{tmp_path}/runs/{seed}/best.ckpt" if seed else "runs/0/best.ckpt"
        )
        Path(f"{seed}.json").write_text(json.dumps(content))
    written = collect("mine.1", ["0.json", "1.json"], tmp_path)
    assert written == tmp_path / "results/mine.1.json"
    assert json.loads(written.read_text()) == [metrics_file(seed=0), metrics_file(seed=1)]
    assert str(tmp_path) not in written.read_text()


def test_the_splits_of_an_ablation_are_collected(tmp_path: Path) -> None:
    for split in ("test", "other"):
        (tmp_path / f"{split}.json").write_text(json.dumps(ablated(split)))
    collect("mine", [str(tmp_path / "test.json"), str(tmp_path / "other.json")], tmp_path)
    assert json.loads((tmp_path / "results/mine.json").read_text()) == [ablated(), ablated("other")]
    assert page(tmp_path, '{{ ablation("mine", split="other") }}').startswith("other, 10 queries")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"checkpoint": "/elsewhere/best.ckpt"}, "a.json: checkpoint is /elsewhere/best.ckpt, which lies not below "),
        ({"checkpoint": "../best.ckpt"}, "a.json: checkpoint is ../best.ckpt, which lies not below "),
        ({"checkpoint": "C:\\runs\\best.ckpt"}, "a.json: checkpoint is C:\\runs\\best.ckpt, which lies not below "),
        ({"features": {"model": "~/yolo"}}, "a.json: features: model is ~/yolo, which lies not below "),
        ({"seed": None}, "a.json: seed is None; expected a whole number"),
    ],
)
def test_what_another_machine_does_not_have_is_not_collected(
    change: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.json").write_text(json.dumps(metrics_file(**change)))
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        collect("mine", ["a.json"], tmp_path)
    assert not (tmp_path / "results").exists()


def test_a_file_of_results_holds_one_kind_and_has_a_plain_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").write_text(json.dumps(metrics_file()))
    (tmp_path / "ablation.json").write_text(json.dumps(ablated()))
    both = [str(tmp_path / "run.json"), str(tmp_path / "ablation.json")]
    with pytest.raises(InputError, match=r"^mine: both ablations and runs; expected one kind in a file$"):
        collect("mine", both, tmp_path)
    with pytest.raises(SystemExit) as left:
        make_results.main(["collect", "../mine", *both])
    assert left.value.code == 2
    assert only_line(capsys.readouterr().err) == "name '../mine'; expected letters, digits, dots and dashes"
