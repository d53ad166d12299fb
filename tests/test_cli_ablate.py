"""`leorn ablate` and `leorn train --seeds`: what they print and write, and what they refuse."""

import json
import re
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from leorn.checkpoints import load_network
from leorn.cli import main
from tests.commands import Refused, files
from tests.tiny import Tiny


def write_ablation(tiny: Tiny, folder: Path) -> Path:
    """Write an ablation of the tiny experiment in three variants, a seed each."""
    experiment = yaml.safe_load(tiny.write_experiment(folder / "e.yaml", folder / "runs").read_text())
    variants = {"full": {}, "no-shift": {"model.temporal_shift": 0}, "mean": {"model.attentive_pooling": False}}
    path = folder / "a.yaml"
    path.write_text(yaml.safe_dump({"experiment": experiment, "seeds": 1, "variants": variants}, sort_keys=False))
    return path


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")[1:-1]]


def checkpoints(out: Path) -> dict[str, int]:
    return {str(path.relative_to(out)): path.stat().st_mtime_ns for path in out.rglob("*.ckpt")}


def test_an_ablation_writes_its_tables_and_numbers_and_again_the_same(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "runs"
    command = [
        "ablate",
        str(write_ablation(tiny, tmp_path)),
        "--only",
        "mean",
        "--seeds",
        "2",
        "--splits",
        "test",
        "val",
    ]
    main(command)
    said = capsys.readouterr()
    trained = checkpoints(out)
    assert {*trained} == {
        f"{name}/seed-{seed}/checkpoints/{kind}.ckpt"
        for name in ("full", "mean")
        for seed in (0, 1)
        for kind in ("best", "last")
    }
    assert {name for name in files(out) if "/" not in name} == {"test.md", "test.json", "val.md", "val.json"}
    table, numbers = (out / "test.md").read_text(), json.loads((out / "test.json").read_text())
    assert table in said.out
    assert f"wrote {out}/test.md and {out}/test.json\n" in said.err

    title, _, head, _, full, mean, _, second, _, _, _, difference = table.splitlines()
    assert title == "test, 10 queries, mean ± standard deviation of 2 seeds"
    assert second == (
        "Difference from full, with the range that holds it at 95% confidence (resamples of whole videos)"
    )
    figures = cells(head)[1:]
    assert figures == ["R1@0.3", "R1@0.5", "R1@0.7", "R5@0.3", "R5@0.5", "R5@0.7", "mIoU"]
    for name, line in (("full", full), ("mean", mean)):
        rows = numbers["rows"][name]
        assert cells(line) == [
            name,
            *(
                f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"
                for figure in figures
                for values in [[row[figure] for row in rows]]
            ),
        ]
    assert list(numbers["differences"]) == ["mean"]
    assert cells(difference) == [
        "mean",
        *(
            f"{one['mean']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"
            for one in numbers["differences"]["mean"].values()
        ),
    ]

    main(command)
    again = capsys.readouterr().out
    assert checkpoints(out) == trained
    assert (out / "test.md").read_text() == table
    assert again.endswith(said.out[said.out.index("test, 10 queries") :])


def test_only_one_variant_is_the_first_alone_and_one_seed_has_no_spread(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["ablate", str(write_ablation(tiny, tmp_path)), "--only", "full"])
    title, _, _, _, row, *_ = (tmp_path / "runs/test.md").read_text().splitlines()
    assert title == "test, 10 queries, one seed"
    (figures,) = json.loads((tmp_path / "runs/test.json").read_text())["rows"]["full"]
    assert cells(row) == ["full", *(f"{value:.2f}" for value in figures.values())]
    assert [path.name for path in (tmp_path / "runs").iterdir() if path.is_dir()] == ["full"]
    assert "variant full, 1 of 1\n" in capsys.readouterr().out


def test_what_cannot_be_ablated_is_refused_before_anything_is_trained(
    tiny: Tiny, tmp_path: Path, refused: Refused
) -> None:
    path = write_ablation(tiny, tmp_path)
    assert refused("ablate", path, "--only", "mean", "shift") == (
        "--only shift: no such variant; expected full, no-shift, mean"
    )
    assert refused("ablate", path, "--seeds", 0) == "--seeds: expected a whole number above 0, got 0"
    assert "no query of split 'dev' left; it has test, train, val" in refused("ablate", path, "--splits", "test", "dev")
    missing = tmp_path / "none.yaml"
    assert refused("ablate", missing).startswith(f"{missing}: no such file; expected an ablation")
    assert "required: FILE" in refused("ablate")
    path.write_text(path.read_text().replace("temporal_shift: 0", "shift: 0"))
    assert refused("ablate", path).startswith(f"{path}: no-shift: unknown key model.shift; ")
    assert not (tmp_path / "runs").exists()


def test_an_interrupted_ablation_says_how_to_go_on(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("leorn.training.ablate.ablate", interrupt)
    with pytest.raises(SystemExit) as caught:
        main(["ablate", str(write_ablation(tiny, tmp_path))])
    assert caught.value.code == 130
    assert capsys.readouterr() == ("", "leorn: stopped; the same command goes on where it stopped\n")


def test_seeds_are_printed_with_their_mean_and_spread(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: Refused
) -> None:
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "runs")
    command = ["train", "--config", str(config), "--seeds", "2"]
    main(command)
    shown = capsys.readouterr().out
    metrics = [load_network(tmp_path / f"runs/seed-{seed}/checkpoints/best.ckpt")[1].metrics for seed in range(2)]
    table: dict[str, Any] = {
        name.strip(): [value.strip() for value in values]
        for name, *values in (line.split("│")[1:-1] for line in shown.splitlines() if line.startswith("│"))
    }
    assert list(table) == ["seed-0", "seed-1", "mean of 2 seeds"]
    for seed in range(2):
        assert table[f"seed-{seed}"] == [f"{value:.2f}" for value in metrics[seed].values()]
    assert table["mean of 2 seeds"] == [
        f"{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}"
        for values in ([one[name] for one in metrics] for name in metrics[0])
    ]
    assert statistics.stdev([one["loss"] for one in metrics]) > 0
    assert "validation, the epoch with the best R1@0.5; mean ± standard deviation" in shown
    hint = f"on another split: leorn evaluate {tmp_path}/runs/seed-*/checkpoints/best.ckpt --split test\n"
    assert shown.endswith(hint)

    held = f"{tmp_path}/runs/seed-0 holds a run already; go on with --resume, or choose another --out"
    before = checkpoints(tmp_path)
    assert refused(*command) == held
    capsys.readouterr()
    main([*command, "--resume"])
    assert capsys.readouterr().out.endswith(shown[shown.index("validation, the epoch") :].lstrip())
    assert checkpoints(tmp_path) == before


@pytest.mark.parametrize("seeds", ["0", "-1", "two", "1.5"])
def test_a_number_of_seeds_that_is_none_is_refused(tiny: Tiny, tmp_path: Path, refused: Refused, seeds: str) -> None:
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "runs")
    assert refused("train", "--config", config, f"--seeds={seeds}") == (
        f"--seeds: expected a whole number above 0, got {seeds}"
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "ablate",
            ["--only VARIANT", "These and the first; all if not given.", "Seeds of each variant, in place of the"],
        ),
        ("train", ["--seeds SEEDS", "each in a folder seed-… of its own, and print mean and spread"]),
    ],
)
def test_help_says_what_the_options_are_for(capsys: pytest.CaptureFixture[str], command: str, said: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert [text for text in said if text not in shown] == []
