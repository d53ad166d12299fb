"""Checkpoints, predictions and published networks that cannot be used: one line that says why."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from leorn.data.annotations import read_queries
from leorn.data.word_files import load_word_vectors, save_word_vectors
from tests.commands import Refused, files
from tests.model.published_layout import published_layout
from tests.model.small import SMALL
from tests.tiny import Tiny


@pytest.fixture(scope="module")
def bad_checkpoints(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "truncated.ckpt").write_bytes(trained.read_bytes()[:4000])
    content = torch.load(trained, weights_only=True)
    content["leorn"]["model"]["hidden_size"] = 12
    torch.save(content, folder / "other.ckpt")
    content["leorn"]["model"]["hiden_size"] = 8
    torch.save(content, folder / "unknown.ckpt")
    torch.save({"weights": torch.zeros(1)}, folder / "anything.ckpt")
    return folder


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.ckpt", "no such file; expected a network (.safetensors) or a checkpoint (.ckpt)"),
        ("truncated.ckpt", "not a whole file of tensors"),
        ("other.ckpt", "weights do not fit the configuration: text.gru.weight_ih_l0 is (24, 6), expected (36, 6)"),
        ("unknown.ckpt", "model: unknown key hiden_size; is it of another version of leorn?"),
        ("anything.ckpt", "no LEORN checkpoint; expected one that leorn train wrote"),
    ],
)
def test_a_checkpoint_that_is_wrong_is_named(
    bad_checkpoints: Path, tmp_path: Path, refused: Refused, name: str, message: str
) -> None:
    path = bad_checkpoints / name
    assert refused("evaluate", path, "--out", tmp_path / "out").startswith(f"{path}: {message}")
    assert not (tmp_path / "out").exists()


def test_data_that_the_network_was_not_trained_on_are_refused(
    tiny: Tiny, trained: Path, tmp_path: Path, refused: Refused
) -> None:
    mine = tiny.copy(tmp_path / "data")
    index = mine.objects / "index.json"
    index.write_text(index.read_text().replace('"mean word vector of the label"', '"appearance"'))
    assert refused("evaluate", trained, "--objects", mine.objects, "--out", tmp_path / "out") == (
        f"{mine.objects}: not the features that {trained} was trained on: "
        "features 'appearance' instead of 'mean word vector of the label'"
    )
    words = load_word_vectors(tiny.words)
    save_word_vectors(mine.words, [*words.index], words.vectors + 1)
    message = refused("evaluate", trained, "--words", mine.words, "--out", tmp_path / "out")
    assert message.startswith(f"{tiny.objects}: its labels have the word vectors words.npz sha256:")
    assert "the queries words.npz sha256:" in message
    assert not (tmp_path / "out").exists()


def test_results_that_cannot_be_written_are_named(trained: Path, refused: Refused) -> None:
    out = trained / "test"
    assert refused("evaluate", trained, "--accelerator", "cpu", "--out", out) == (
        f"cannot write {out}/predictions.jsonl: Not a directory"
    )


@pytest.mark.parametrize(
    ("answered", "hint"),
    [
        (["test"], "; all predictions are of one split: --split test scores them"),
        (["test", "val"], "; the queries are of several splits: --split scores one of them"),
    ],
)
def test_predictions_of_one_split_are_sent_to_it(
    tiny: Tiny, tmp_path: Path, refused: Refused, answered: list[str], hint: str
) -> None:
    queries = read_queries(tiny.queries, "jsonl").queries
    rows = [
        {"query_id": query.query_id, "video": query.video, "moments": [[0, 8]]}
        for query in queries
        if query.split in answered
    ]
    path = tmp_path / "p.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    error = refused("score", "--predictions", path, "--queries", tiny.queries)
    missing = len(queries) - len(rows)
    assert error == (
        f"queries without a prediction ({missing}): train-0#0, train-0#1, train-1#0, …; "
        f"expected one prediction for each query{hint}"
    )
    path.write_text("\n".join(map(json.dumps, rows[1:])))
    one_split = refused("score", "--predictions", path, "--queries", tiny.queries, "--split", answered[0])
    assert "--split" not in one_split


def test_score_refuses_recalls_beyond_the_moments_kept(tiny: Tiny, refused: Refused) -> None:
    error = refused("score", "--predictions", "p", "--queries", tiny.queries, "--recalls", "[1,20]")
    assert error == "--top_k 10: too few moments for R@20; expected 20 or more"


def test_an_accelerator_that_does_not_exist_is_refused_before_the_network_is_read(refused: Refused) -> None:
    assert refused("evaluate", "none.ckpt", "--accelerator", "abacus") == (
        "--accelerator abacus: no such accelerator; expected auto, cpu, gpu, cuda, mps, tpu"
    )


def test_plot_names_a_query_that_is_not_there(trained: Path, tmp_path: Path, refused: Refused) -> None:
    error = refused("plot", trained, "--out", tmp_path / "out", "--query", "train-0#0")
    assert error == "no query train-0#0 in split 'test'; expected ids such as test-0#0"
    assert not (tmp_path / "out").exists()


def test_a_bad_line_of_detections_is_named_and_nothing_is_written(tiny: Tiny, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks/v.csv").write_text("time_seconds,track,label,score,x1,y1,x2,y2\n0,1,cup,2,0,0,1,1\n")
    options = ["--out", tmp_path / "store", "--words", tiny.words]
    assert refused("import-detections", tmp_path / "tracks", *options) == (
        f"{tmp_path}/tracks/v.csv:2: score '2'; expected a confidence in 0..1"
    )
    assert files(tmp_path) == {"tracks/v.csv"}
    error = refused("import-detections", tmp_path / "tracks", *options, "--frames", "0")
    assert error == "--frames: expected a whole number above 0, got 0"


def test_convert_names_what_is_wrong(tmp_path: Path, refused: Refused) -> None:
    layout = published_layout(replace(SMALL, num_heads=4))
    layout["TAN"]["MAP_MODUL"] = layout["TAN"].pop("MAP_MODULE")
    (tmp_path / "published.yaml").write_text(yaml.safe_dump(layout))
    torch.save({}, tmp_path / "published.pkl")
    options = ["--config", tmp_path / "published.yaml", "--weights", tmp_path / "published.pkl"]
    out = tmp_path / "network.safetensors"
    assert "unknown key TAN.MAP_MODUL" in refused("convert", *options, "--out", out)
    assert not out.exists()
