"""The commands, on the tiny data set."""

import json
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
import yaml

from leorn import __version__
from leorn.checkpoints import load_network
from leorn.cli import main
from leorn.config import EvaluationConfig
from leorn.data.annotations import read_queries
from leorn.features.store import FeatureStore
from leorn.scoring.metrics import evaluate_predictions
from leorn.scoring.predictions import read_predictions
from leorn.scoring.protocols import PROTOCOLS
from leorn.scoring.published_results import PublishedResult
from leorn.scoring.runs import restore_run
from tests.commands import LEORN, Refused, files, heed_interrupts
from tests.model.published_layout import published_layout, published_weights
from tests.model.small import SMALL, random_inputs, random_network
from tests.tiny import Tiny
from tests.videos import write_video


def test_help_and_configuration_errors_import_no_torch(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "run", training__monitor="R9@0.5")
    script = """
import json, sys
from leorn.cli import main
for arguments in json.loads(sys.argv[1]):
    try:
        main(arguments)
    except SystemExit as left:
        print("status", left.code)
slow = {"torch", "lightning", "matplotlib", "h5py", "tensorboard"}
print("imported", sorted(slow & {name.split(".")[0] for name in sys.modules}))
"""
    commands = [
        ["--help"], ["train", "--help"], ["train", "--config", "none.yaml"],
        ["train", "--config", str(config)], ["train", "--config", str(config), "--training.epoch", "3"],
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(commands)], capture_output=True, text=True, check=True
    )
    assert [line for line in done.stdout.splitlines() if line.startswith("status")] == [
        "status 0", "status 0", "status 2", "status 2", "status 2",
    ]  # fmt: skip
    assert done.stdout.endswith("imported []\n")
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == [" error"] * 3


def test_every_command_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for name in ("train", "evaluate", "score", "plot", "simulate", "import-detections", "convert"):
        assert f"\n    {name} " in shown
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"leorn {__version__}\n"


def test_an_option_says_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "--training.batch_size BATCH_SIZE Queries a step, on each device. (type: int, default: 16)" in shown


def test_evaluate_prints_the_table_and_writes_what_score_finds_again(
    tiny: Tiny, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["evaluate", str(trained), "--accelerator", "cpu", "--out", str(tmp_path)])
    shown = capsys.readouterr().out
    assert files(tmp_path) == {"predictions.jsonl", "metrics.json"}
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert (written["checkpoint"], written["split"], written["queries"]) == (str(trained), "test", 10)
    assert written["evaluation"] == {
        "ious": [0.3, 0.5, 0.7], "recalls": [1, 5], "nms": "greedy", "nms_threshold": 0.5, "strict": True,
        "against": "any", "top_k": 10, "map_ious": [], "length_ranges": False,
    }  # fmt: skip
    shares = [share for window in written["constant_windows"] for share in window]
    assert 2 <= len(shares) <= 10
    assert all(0 <= share <= 1 for share in shares)
    assert list(written["metrics"]) == ["LEORN", "constant window"]
    # what is written can be read again, for the page of results
    assert restore_run(written, "metrics.json").metrics == written["metrics"]
    for name, figures in written["metrics"].items():
        (row,) = (line for line in shown.splitlines() if name in line)
        assert [cell.strip() for cell in row.split("│")[2:-1]] == [f"{value:.2f}" for value in figures.values()]

    predictions = tmp_path / "predictions.jsonl"
    rows = [json.loads(line) for line in predictions.read_text().splitlines()]
    assert [list(row) for row in rows] == [["query_id", "video", "moments"]] * 10
    main(
        ["score", "--predictions", str(predictions), "--queries", str(tiny.queries), "--split", "test",
         "--format", "json"]
    )  # fmt: skip
    scored = json.loads(capsys.readouterr().out)
    assert (scored["queries"], scored["metrics"]) == (10, written["metrics"]["LEORN"])


def test_evaluate_writes_the_answers_of_the_blinded_network_and_leaves_none_of_another_time(
    tiny: Tiny, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects, sentences = "objects-of-another-video.jsonl", "sentences-about-another-video.jsonl"
    command = ["evaluate", str(trained), "--accelerator", "cpu", "--out", str(tmp_path)]
    (tmp_path / objects).write_text("of another time")
    main([*command, "--shuffle-sentences"])
    assert files(tmp_path) == {"predictions.jsonl", "metrics.json", sentences}
    name = "same network, sentences about another video"
    assert name in capsys.readouterr().out
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert list(written["metrics"]) == ["LEORN", "constant window", name]
    queries = read_queries(tiny.queries, "jsonl", "test").queries
    blind = read_predictions(tmp_path / sentences)
    assert written["metrics"][name] == evaluate_predictions(blind, queries, EvaluationConfig())

    main([*command, "--shuffle-objects"])
    assert files(tmp_path) == {"predictions.jsonl", "metrics.json", objects}
    main(command)
    assert files(tmp_path) == {"predictions.jsonl", "metrics.json"}


def test_evaluate_says_what_its_figures_depend_on(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    main(["evaluate", str(trained), "--accelerator", "cpu", "--out", str(tmp_path)])
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert list(written) == [
        "checkpoint", "split", "queries", "network", "seed", "precision", "selected_by", "features", "frame_features",
        "words", "evaluation", "constant_windows", "metrics",
    ]  # fmt: skip
    assert (written["network"], written["seed"], written["selected_by"]) == ("LEORN", 0, "R1@0.5 on val")
    assert written["features"] == json.loads(json.dumps(FeatureStore(tiny.objects).fingerprint))
    assert written["frame_features"] == {}
    assert written["words"] == load_network(trained)[1].words
    assert written["words"].startswith("words.npz sha256:")


def test_evaluate_reads_queries_of_another_format(
    tiny: Tiny, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    videos: dict[str, Any] = {}
    queries = read_queries(tiny.queries, "jsonl", "test").queries
    for query in queries:
        video = videos.setdefault(
            query.video, {"video_duration": query.duration_seconds, "timestamps": [], "sentences": []}
        )
        video["timestamps"].append(query.moments[0].span)
        video["sentences"].append(query.text)
    (tmp_path / "charades_test_ood.json").write_text(json.dumps(videos))
    (tmp_path / "charades_train.json").write_text(json.dumps(videos))

    elsewhere = ["--queries", str(tmp_path), "--dataset", "charades-cd", "--split", "test-ood"]
    main(["evaluate", str(trained), "--accelerator", "cpu", *elsewhere, "--out", str(tmp_path / "ood")])
    main(["evaluate", str(trained), "--accelerator", "cpu", "--out", str(tmp_path / "test")])

    ood, test = (read_predictions(tmp_path / name / "predictions.jsonl") for name in ("ood", "test"))
    assert ood == test
    written = json.loads((tmp_path / "ood/metrics.json").read_text())
    assert (written["split"], written["queries"]) == ("test-ood", len(queries))
    assert "constant window" in written["metrics"]


def test_evaluate_by_a_protocol_finds_what_score_finds(
    tiny: Tiny, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--protocol", "qvhighlights"]
    main(["evaluate", str(trained), "--accelerator", "cpu", "--out", str(tmp_path), *options])
    assert f"\nqvhighlights: {PROTOCOLS['qvhighlights'].rule}\n" in capsys.readouterr().out
    written = json.loads((tmp_path / "metrics.json").read_text())
    assert restore_run(written, "metrics.json").protocol == "qvhighlights"
    # the network's own NMS stays, for the protocol has none
    assert (written["evaluation"]["nms_threshold"], written["evaluation"]["strict"]) == (0.5, False)
    assert {*written["metrics"]["LEORN"]} >= {"R1@0.5", "mAP@0.5", "mAP@0.75", "mAP", "mAP-short"}
    main(
        ["score", "--predictions", str(tmp_path / "predictions.jsonl"), "--queries", str(tiny.queries),
         "--split", "test", "--format", "json", *options]
    )  # fmt: skip
    assert json.loads(capsys.readouterr().out)["metrics"] == written["metrics"]["LEORN"]


def test_evaluate_prints_published_figures_that_count_hits_alike(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tuple(
        PublishedResult("jsonl", name, features, {"R1@0.5": figure}, "a paper", "https://example.org", strict, split)
        for name, features, figure, strict, split in (
            ("A", "C3D", 25.25, True, "test"), ("B", "I3D", 26.5, False, "test"),
            ("C", "VGG", 27.75, None, "test"), ("D", "VGG", 28.25, True, "val"),
        )
    )  # fmt: skip
    monkeypatch.setattr("leorn.scoring.published_results.all_published", lambda: rows)
    options = ["evaluate", str(trained), "--accelerator", "cpu", "--format", "markdown", "--out", str(tmp_path)]
    for more, expected in (
        ([], "| A, C3D (a paper) | – | 25.25 | – | – | – | – | – |"),
        (["--split", "val"], "| D, VGG (a paper) | – | 28.25 | – | – | – | – | – |"),
        (["--protocol", "moment-detr"], "| B, I3D (a paper) | 26.50 | – | – | – | – | – |"),
    ):
        main([*options, *more])
        assert [line for line in capsys.readouterr().out.splitlines() if "(a paper)" in line] == [expected]


def test_evaluate_writes_beside_the_checkpoint_by_default(trained: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.ckpt"
    mine.write_bytes(trained.read_bytes())
    main(["evaluate", str(mine), "--split", "val", "--accelerator", "cpu"])
    assert files(tmp_path) == {"mine.ckpt", "val/predictions.jsonl", "val/metrics.json"}
    assert "LEORN" in json.loads((tmp_path / "val/metrics.json").read_text())["metrics"]


def test_several_runs_give_their_mean_and_spread_in_markdown(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = [tmp_path / name / "best.ckpt" for name in ("a", "b")]
    for copy in copies:
        copy.parent.mkdir()
        copy.write_bytes(trained.read_bytes())
    main(["evaluate", *map(str, copies), "--split", "val", "--accelerator", "cpu", "--format", "markdown"])
    figures = json.loads((tmp_path / "a/val/metrics.json").read_text())["metrics"]["LEORN"]
    assert (tmp_path / "b/val/predictions.jsonl").read_bytes() == (tmp_path / "a/val/predictions.jsonl").read_bytes()
    shown = capsys.readouterr().out
    assert "val, 6 queries, mean ± standard deviation of 2 runs\n" in shown
    assert f"| LEORN | {' | '.join(f'{value:.2f} ± 0.00' for value in figures.values())} |\n" in shown


def test_the_results_of_several_runs_do_not_go_to_one_folder(trained: Path, refused: Refused) -> None:
    message = refused("evaluate", trained, trained, "--out", "somewhere")
    assert "--out is for one checkpoint" in message


def test_evaluate_reads_data_from_where_it_lies_now(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    mine = tiny.copy(tmp_path / "data")
    lines = [line for line in mine.queries.read_text().splitlines() if '"test-4"' in line]
    mine.queries.write_text("\n".join(lines))
    main(
        ["evaluate", str(trained), "--accelerator", "cpu", "--out", str(tmp_path / "out"),
         "--queries", str(mine.queries), "--objects", str(mine.objects), "--words", str(mine.words)]
    )  # fmt: skip
    predictions = read_predictions(tmp_path / "out/predictions.jsonl")
    assert [prediction.query_id for prediction in predictions] == ["test-4#0", "test-4#1"]


def test_score_takes_anybodys_predictions(tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queries = read_queries(tiny.queries, "jsonl", "val").queries
    rows = [
        {"query_id": query.query_id, "video": query.video, "moments": [[0, 8], [0, 7.9], [1, 4], [5, 8]]}
        for query in queries
    ]
    path = tmp_path / "theirs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ["score", "--predictions", str(path), "--queries", str(tiny.queries), "--split", "val"]
    kinds = ["--ious", "[0.5]", "--recalls", "[1,3]", "--strict", "false"]
    for nms, kept in (("0.5", [0, 2, 3]), ("null", [0, 1, 2, 3])):
        main([*options, *kinds, "--nms_threshold", nms, "--format", "json"])
        found = json.loads(capsys.readouterr().out)
        thinned = [
            replace(prediction, moments=tuple(prediction.moments[index] for index in kept))
            for prediction in read_predictions(path)
        ]
        evaluation = EvaluationConfig(ious=(0.5,), recalls=(1, 3), strict=False)
        assert found == {
            "queries": 6,
            "evaluation": json.loads(json.dumps(asdict(replace(evaluation, nms_threshold=json.loads(nms))))),
            "metrics": evaluate_predictions(thinned, queries, evaluation),
        }
    main(options)
    assert "theirs" in capsys.readouterr().out


def test_plot_draws_the_evidence_for_the_queries_asked_for(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["plot", str(trained), "--out", str(tmp_path), "--query", "test-1#0", "test-0#1"])
    shown = capsys.readouterr().out.splitlines()
    assert shown[1] == f"{tmp_path}/evidence-1.png: The person is alone. (test-0#1)"
    for number in range(2):
        assert (tmp_path / f"evidence-{number}.png").read_bytes().startswith(b"\x89PNG\r\n")
    main(["plot", str(trained), "--out", str(tmp_path), "--split", "val", "--query", "val-0#1", "--format", "svg"])
    root = ElementTree.parse(tmp_path / "evidence-0.svg").getroot()
    assert root.tag.endswith("svg")
    assert files(tmp_path) == {"evidence-0.png", "evidence-1.png", "evidence-0.svg"}


def test_plot_reads_data_from_where_it_lies_now(
    tiny: Tiny, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tiny.copy(tmp_path / "data")
    lines = [line for line in mine.queries.read_text().splitlines() if '"test-4"' in line]
    mine.queries.write_text("\n".join(lines))
    main(
        ["plot", str(trained), "--out", str(tmp_path / "out"),
         "--queries", str(mine.queries), "--objects", str(mine.objects), "--words", str(mine.words)]
    )  # fmt: skip
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("(test-4#0)")


def test_plot_draws_frames_where_the_video_is_at_hand(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("av")
    videos = tmp_path / "videos"
    videos.mkdir()
    write_video(videos / "test-0.mp4", 30)
    main(
        ["plot", str(trained), "--out", str(tmp_path), "--query", "test-1#0", "test-0#0", "--format", "svg",
         "--videos", str(videos)]
    )  # fmt: skip
    shown = capsys.readouterr().out.splitlines()
    assert [line for line in shown if "no frames" in line] == [
        f"{videos}: no video 'test-1'; its picture has no frames"
    ]
    without, with_frames = (
        len(ElementTree.parse(tmp_path / f"evidence-{number}.svg").findall(".//{http://www.w3.org/2000/svg}image"))
        for number in range(2)
    )
    # the images of one panel are written as one
    assert with_frames == without + 1


def test_plot_asks_for_frames_at_the_middles_of_equal_parts(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def read_frames(path: Path, times: list[float]) -> list[tuple[float, np.ndarray]]:
        asked.append((path, times))
        return [(time, np.zeros((9, 16, 3), dtype=np.uint8)) for time in times]

    monkeypatch.setattr("leorn.features.video.read_frames", read_frames)
    (tmp_path / "test-0.mp4").touch()
    main(["plot", str(trained), "--out", str(tmp_path), "--query", "test-0#0", "--videos", str(tmp_path)])
    assert asked == [(tmp_path / "test-0.mp4", [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5])]


def test_plot_names_a_folder_of_videos_that_is_missing(trained: Path, tmp_path: Path, refused: Refused) -> None:
    message = refused("plot", trained, "--out", tmp_path, "--videos", tmp_path / "none")
    assert message == f"{tmp_path / 'none'}: No such file or directory; expected a folder of videos"


def test_simulate_makes_a_data_set_that_can_be_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"train_videos": 2, "val_videos": 1, "test_videos": 1, "compositional_videos": 1, "word_size": 8}
    main(["simulate", "--out", str(tmp_path), *(f"--{name}={count}" for name, count in counts.items())])
    assert capsys.readouterr().out == f"wrote simulated scenes to {tmp_path}\n"
    assert len(list((tmp_path / "detections").glob("*.csv.gz"))) == 5
    assert {"train", "val", "test"} <= {
        query.split for query in read_queries(tmp_path / "queries.jsonl", "jsonl").queries
    }
    main(
        ["import-detections", str(tmp_path / "detections"), "--out", str(tmp_path / "store"), "--frames", "4",
         "--slots", "2", "--words", str(tmp_path / "words.npz"), "--queries", str(tmp_path / "queries.jsonl")]
    )  # fmt: skip
    store = FeatureStore(tmp_path / "store")
    assert [store.shape(video) for video in store.videos] == [(4, 2, 8)] * 5


def test_import_detections_is_the_same_by_command(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str], refused: Refused
) -> None:
    command = [
        "import-detections", str(tiny.folder / "detections"), "--out", str(tmp_path / "store"),
        "--words", str(tiny.words), "--queries", str(tiny.queries), "--frames", "16", "--slots", "3",
    ]  # fmt: skip
    main(command)
    assert capsys.readouterr().out == f"wrote the objects of 15 videos to {tmp_path / 'store'}\n"
    made, expected = FeatureStore(tmp_path / "store"), FeatureStore(tiny.objects)
    assert made.fingerprint == expected.fingerprint
    for video in expected.videos:
        one, other = made.read(video), expected.read(video)
        assert one.duration_seconds == other.duration_seconds == 8
        np.testing.assert_array_equal(one.features, other.features)
        np.testing.assert_array_equal(one.boxes, other.boxes)
    assert refused(*command) == (
        f"{tmp_path / 'store'} holds a store already; replace it with --overwrite, or choose another --out"
    )
    main([*command, "--overwrite", "--slots", "1"])
    assert FeatureStore(tmp_path / "store").shape("val-0") == (16, 1, 6)


def test_import_detections_gives_labels_other_names(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"cat": "dog"}')
    main(
        ["import-detections", str(tiny.folder / "detections"), "--out", str(tmp_path / "store"), "--words",
         str(tiny.words), "--frames", "4", "--slots", "3", "--rename", str(tmp_path / "names.json")]
    )  # fmt: skip
    store = FeatureStore(tmp_path / "store")
    names = {name for video in store.videos for name in store.read(video).label_names}
    assert "dog" in names
    assert "cat" not in names


def test_convert_makes_a_network_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = replace(SMALL, num_heads=4)
    network = random_network(config)
    (tmp_path / "published.yaml").write_text(yaml.safe_dump(published_layout(config)))
    torch.save({"model": published_weights(network)}, tmp_path / "published.pkl")
    out = tmp_path / "network.safetensors"
    options = ["--config", str(tmp_path / "published.yaml"), "--weights", str(tmp_path / "published.pkl")]
    main(["convert", *options, "--out", str(out)])
    assert capsys.readouterr().out == f"wrote {out}\n"
    converted, record = load_network(out)
    assert record.model == config
    with torch.no_grad():
        assert torch.equal(converted(*random_inputs(config)).logits, network(*random_inputs(config)).logits)


def test_an_interrupted_command_leaves_as_the_shell_expects(
    monkeypatch: pytest.MonkeyPatch, tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("leorn.data.annotations.read_queries", interrupt)
    with pytest.raises(SystemExit) as caught:
        main(["score", "--predictions", "p.jsonl", "--queries", str(tiny.queries)])
    assert caught.value.code == 130
    assert capsys.readouterr() == ("", "leorn: stopped\n")


def test_training_that_is_interrupted_says_how_to_go_on(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "run", training__epochs=100_000)
    process = subprocess.Popen(
        [*LEORN, "train", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    assert process.stdout is not None
    assert any(line.startswith("epoch 2/") for line in process.stdout)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said == "leorn: stopped; the same command with --resume goes on after the last finished epoch\n"
    last = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)
    # whole epochs of 4 steps
    assert last["global_step"] == 4 * (last["epoch"] + 1)


def test_python_runs_the_package(tmp_path: Path) -> None:
    done = subprocess.run([*LEORN, "--version"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"leorn {__version__}\n")
