"""What is wrong with an argument is said in plain words."""

from pathlib import Path

import pytest

from tests.commands import Refused

SCORE = ("score", "--predictions", "p.jsonl", "--queries", "q.jsonl")
REQUIRED = "the following arguments are required:"
TRAIN = ("train", "--out", "run", "--data.queries", "q", "--data.objects", "o", "--data.words", "w")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*SCORE, "--ious", "0.5"), "--ious: expected a list such as [0.3,0.5,0.7], got 0.5"),
        ((*SCORE, "--ious", "[a]"), "--ious: expected a number, got a"),
        ((*SCORE, "--recalls", "5"), "--recalls: expected a list such as [1,5], got 5"),
        ((*SCORE, "--top_k", "2.5"), "--top_k: expected a whole number, got 2.5"),
        ((*SCORE, "--strict", "maybe"), "--strict: expected true or false, got maybe"),
        ((*SCORE, "--nms_threshold", "half"), "--nms_threshold: expected a number or null, got half"),
        ((*SCORE, "--format", "xml"), "--format: expected table or json, got xml"),
        ((*SCORE, "--best", "1"), "unrecognized arguments: --best 1"),
        ((*TRAIN, "--training.loggers", "csv"), "--training.loggers: expected a list such as [tensorboard], got csv"),
        (("train", "--config", '{"speed": 1}'), "unknown key speed"),
        (("train", "--config", '{"a": 1, "a": 2}'), "--config:1: not YAML: the key a stands in line 1 already"),
        (("train", "--config", "none"), "none: no such file; expected an experiment such as those in experiments/"),
        (("train", "--out", "o"), f"{REQUIRED} --data.queries, --data.objects, --data.words"),
        (("simulate",), f"{REQUIRED} --out"),
        (("plot",), f"{REQUIRED} CHECKPOINT, --out"),
        (("find", "v.mp4"), f"{REQUIRED} QUERY"),
        (("evaluate", "c", "--devices", "0"), "--devices: expected a whole number above 0, got 0"),
        (("simulate", "--out", "o", "--seed", "-1"), "--seed: expected a whole number, 0 or more, got -1"),
    ],
)
def test_a_mistake_is_said_in_plain_words(refused: Refused, arguments: tuple[str, ...], message: str) -> None:
    assert refused(*arguments) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("evaluation:\n  ious: 0.5\n", "evaluation.ious: expected a list such as [0.3,0.5,0.7], got 0.5"),
        ("model:\n  frame_size: wide\n", "model.frame_size: expected a whole number or null, got wide"),
        ("data:\n  queries: [1]\n", "data.queries: expected text, got [1]"),
        ("model:\n  norm: group\n", "model.norm: expected batch or layer, got group"),
        ("model:\n  width: 3\n", "unknown key model.width"),
        ("models:\n  width: 3\n", "unknown key models.width"),
        ("speed: 3\n", "unknown key speed"),
        ("just text\n", "no keys in it; expected an experiment such as those in experiments/"),
    ],
)
def test_a_mistake_in_a_file_names_the_file(tmp_path: Path, refused: Refused, text: str, message: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text)
    assert refused("train", "--config", path) == f"{path}: {message}"


def test_a_key_that_stands_twice_in_a_file_is_named_with_its_line(tmp_path: Path, refused: Refused) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("out: run\ndata:\n  queries: q\n  queries: r\n")
    assert refused("train", "--config", path) == f"{path}:4: not YAML: the key queries stands in line 3 already"


def test_a_mistake_after_a_good_file_does_not_name_it(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "e.yaml").write_text("out: run\n")
    assert refused("train", "--config", tmp_path / "e.yaml", "--model.norm", "group") == (
        "--model.norm: expected batch or layer, got group"
    )
