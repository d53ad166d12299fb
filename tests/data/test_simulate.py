import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leorn.data.annotations import read_queries
from leorn.data.simulate import check_config, read_held_out, simulate
from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.labels import FEW
from leorn.data.simulation.sentences import FORMS
from leorn.data.simulation.verbs import Pair
from leorn.data.tracks import read_tracks
from leorn.data.word_files import load_word_vectors
from leorn.data.words import words
from leorn.errors import InputError
from leorn.records import Query

SMALL = SimulationConfig(train_videos=3, val_videos=1, test_videos=1, compositional_videos=1, detections_per_second=1)
# few detections, for what only looks at the sentences
CONFIG = SimulationConfig(
    train_videos=200, val_videos=20, test_videos=20, compositional_videos=20, detections_per_second=1
)
SPLITS = {"train": 200, "val": 20, "test": 20, "test-compositional": 20}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Query]]:
    folder = tmp_path_factory.mktemp("simulated")
    return folder, simulate(folder, CONFIG, seed=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def of_split(queries: list[Query], *splits: str) -> list[Query]:
    return [query for query in queries if query.split in splits]


def pairs_said(text: str) -> list[Pair]:
    """Parse a sentence back into the verb–object pairs that it names, one for each clause."""
    label_of = {noun: label for label in FEW.names for noun in FEW.called(label)}
    noun = "(?:(?:the|an?) )?(" + "|".join(sorted(label_of, key=len, reverse=True)) + ")"
    clauses = re.split(r" (?:before|after) |, ", re.sub(r"^(before|after) ", "", text))
    found = []
    for clause in clauses:
        for verb, forms in FORMS.items():
            for form in forms:
                match = re.fullmatch(form.replace("{s}", noun).replace("{o}", noun), clause)
                if match:
                    is_first = "{o}" in form and form.index("{o}") < form.index("{s}")
                    about = match.groups()[0 if is_first else -1]
                    found.append((verb, label_of[about]))
    assert len(found) == len(clauses), text
    return found


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        simulate(tmp_path / name, SMALL, seed=seed)
    one, same, other = (contents(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert {name.replace("simulated3-", "simulated4-") for name in one} == set(other)
    assert not any(one[name] == other[name.replace("simulated3-", "simulated4-")] for name in one)


def test_a_scene_does_not_depend_on_how_many_there_are(tmp_path: Path) -> None:
    few = simulate(tmp_path / "few", SMALL, seed=3)
    more = simulate(tmp_path / "more", replace(SMALL, train_videos=5, val_videos=2), seed=3)
    assert set(of_split(few, "train", "val", "test")) < set(more)


def test_the_folder_holds_what_the_readers_read(made: tuple[Path, list[Query]]) -> None:
    folder, queries = made
    annotations = read_queries(folder / "queries.jsonl", "jsonl")
    assert annotations.queries == tuple(queries)
    assert annotations.clipped == annotations.dropped == 0
    videos = sorted({query.video for query in queries})
    assert Counter(video.removeprefix("simulated1-")[:-5] for video in videos) == SPLITS
    assert {f"{video}.csv.gz" for video in videos} == {path.name for path in (folder / "detections").iterdir()}
    for query in queries[::100]:
        tracks = read_tracks(folder / "detections" / f"{query.video}.csv.gz")
        assert tracks.times_seconds.min() >= 0
        assert query.duration_seconds - 2 < tracks.times_seconds.max() < query.duration_seconds


def test_there_is_a_vector_for_every_word_of_sentences_and_labels(made: tuple[Path, list[Query]]) -> None:
    folder, queries = made
    vectors = load_word_vectors(folder / "words.npz")
    used = {word for query in queries for word in words(query.text)} | {
        word for name in FEW.names for word in words(name)
    }
    assert used <= set(vectors.index)
    assert vectors.vectors.shape == (len(vectors.index), 64)
    assert np.linalg.norm(vectors.vectors, axis=1) == pytest.approx(6, rel=1e-5)
    cosines = vectors.vectors @ vectors.vectors.T / 36
    assert np.abs(cosines - np.eye(len(cosines))).max() < 0.6


def test_it_is_called_simulated_wherever_it_is_shown(made: tuple[Path, list[Query]]) -> None:
    folder, queries = made
    options = json.loads((folder / "simulation.json").read_text())
    assert options["simulated"] is True
    assert options["seed"] == 1
    assert SimulationConfig(**options["options"]) == CONFIG
    readme = (folder / "README.md").read_text()
    assert "# Simulated scenes" in readme
    train = of_split(queries, "train")
    assert f"| train | 200 | {len(train)} | {sum(len(query.moments) for query in train)} |" in readme
    assert all(query.video.startswith("simulated1-") for query in queries)


def test_a_held_out_pair_is_in_no_sentence_but_of_the_compositional_split(made: tuple[Path, list[Query]]) -> None:
    folder, queries = made
    options = json.loads((folder / "simulation.json").read_text())
    held_out = {(verb, label) for verb, label in options["held_out_pairs"]}
    for query in of_split(queries, "train", "val", "test"):
        assert not held_out & set(pairs_said(query.text))
    for query in of_split(queries, "test-compositional"):
        # of two clauses, the one about the moment is held out and the other is not
        assert len(held_out & set(pairs_said(query.text))) == 1


@pytest.mark.parametrize("shots", [1, 3])
def test_only_scenes_of_several_shots_hold_out_what_only_they_can_say(tmp_path: Path, shots: int) -> None:
    simulate(tmp_path, replace(SMALL, shots=shots, held_out_share=0.9), seed=0)
    verbs = {verb for verb, _ in read_held_out(tmp_path)}
    assert ("show" in verbs) == (shots > 1)
    assert len(verbs) > 1


def test_each_word_of_the_compositional_split_and_each_verb_occurs_in_training(made: tuple[Path, list[Query]]) -> None:
    _, queries = made
    train = of_split(queries, "train")
    known = {word for query in train for word in words(query.text)}
    assert all(known.issuperset(words(query.text)) for query in of_split(queries, "test-compositional"))
    pairs = {pair for query in train for pair in pairs_said(query.text)}
    assert {verb for verb, _ in pairs} == set(FORMS) - {"show"}  # which takes several shots
    assert {label for _, label in pairs} == set(FEW.names)


def test_splits_share_no_video(made: tuple[Path, list[Query]]) -> None:
    splits = {(query.video, query.split) for query in made[1]}
    assert len(splits) == len({video for video, _ in splits})


def test_one_video_has_several_moments_to_confuse(made: tuple[Path, list[Query]]) -> None:
    moments: dict[str, set[tuple[float, float]]] = {}
    for query in made[1]:
        moments.setdefault(query.video, set()).update(moment.span for moment in query.moments)
    assert np.mean([len(spans) for spans in moments.values()]) > 4
    assert any(len(query.moments) == 2 for query in made[1])
    assert any("before" in words(query.text) for query in made[1])


def test_moments_lie_anywhere_and_have_many_lengths(made: tuple[Path, list[Query]]) -> None:
    spans = np.array([(*m.span, query.duration_seconds) for query in made[1] for m in query.moments])
    lengths, middles = (spans[:, 1] - spans[:, 0]) / spans[:, 2], spans[:, :2].mean(axis=1) / spans[:, 2]
    assert lengths.min() >= 0.0499
    assert lengths.max() <= 0.3001
    assert np.quantile(lengths, 0.9) > 2 * np.quantile(lengths, 0.1)
    counts, _ = np.histogram(middles, 4, (0.1, 0.9))
    assert counts.min() > 0.75 * counts.mean()


def best_window_hits(train: list[Query], asked: list[Query]) -> np.ndarray:
    """Whether the window with most hits at IoU 0.5 in `train` hits each of `asked`, the slow and obvious way."""

    def hits(query: Query, start: float, end: float) -> bool:
        for moment in query.moments:
            first, last = (time / query.duration_seconds for time in moment.span)
            overlap = min(end, last) - max(start, first)
            if overlap > 0.5 * (max(end, last) - min(start, first)):
                return True
        return False

    edges = np.linspace(0, 1, 41).tolist()
    windows = [(start, end) for start in edges for end in edges if 0.05 <= end - start <= 0.4]
    best = max(windows, key=lambda window: sum(hits(query, *window) for query in train))
    return np.array([hits(query, *best) for query in asked])


def test_one_window_for_all_finds_little(made: tuple[Path, list[Query]]) -> None:
    train = of_split(made[1], "train")
    assert 100 * best_window_hits(train, train).mean() < 15


def test_one_window_for_each_verb_finds_little_so_the_sentence_alone_does_not_help(
    made: tuple[Path, list[Query]],
) -> None:
    asked: dict[str, tuple[list[Query], list[Query]]] = {}
    for number, query in enumerate(made[1]):
        verb = pairs_said(query.text)[0][0]
        asked.setdefault(verb, ([], []))[number % 2].append(query)
    found = np.concatenate([best_window_hits(*halves) for halves in asked.values() if all(halves)])
    assert 100 * found.mean() < 15


def test_progress_is_told_after_each_video(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    simulate(tmp_path, SMALL, progress=lambda done, of: told.append((done, of)))
    assert told == [(number, 6) for number in range(1, 7)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_videos": 0}, "train_videos 0; expected 1 or more"),
        ({"bystanders": -1}, "bystanders -1; expected 0 or more"),
        ({"miss_rate": 1.5}, "miss_rate 1.5; expected 0 to 1"),
        ({"held_out_share": float("nan")}, "held_out_share nan; expected 0 to 1"),
        ({"jitter": -0.1}, "jitter -0.1; expected 0 to 1"),
        ({"false_rate": -1.0}, "false_rate -1.0; expected 0 to 100"),
        ({"detections_per_second": 0.0}, "detections_per_second 0.0; expected 1 to 1000"),
        ({"min_duration_seconds": 10.0}, "min_duration_seconds 10.0; expected 25 to 60"),
        ({"min_duration_seconds": 70.0}, "min_duration_seconds 70.0; expected 25 to 60"),
    ],
)
def test_options_that_make_no_sense_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        check_config(replace(SimulationConfig(), **changes))


def test_a_negative_seed_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="seed -1; expected 0 or more"):
        simulate(tmp_path / "out", SMALL, seed=-1)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*file"):
        simulate(tmp_path / "file", SMALL)


def test_another_data_set_holds_out_the_same_pairs_and_has_other_ids(tmp_path: Path) -> None:
    first = simulate(tmp_path / "first", SMALL, seed=0)
    held_out = read_held_out(tmp_path / "first")
    assert held_out == {
        tuple(pair) for pair in json.loads((tmp_path / "first/simulation.json").read_text())["held_out_pairs"]
    }
    config = replace(SMALL, train_videos=60, held_out_share=0.0)
    second = simulate(tmp_path / "second", config, seed=1, held_out=held_out)
    assert not {pair for query in of_split(second, "train") for pair in pairs_said(query.text)} & held_out
    assert {query.video.split("-")[0] for query in first} == {"simulated"}
    assert {query.video.split("-")[0] for query in second} == {"simulated1"}


def test_pairs_to_hold_out_need_a_simulated_data_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"simulation.json: cannot be read .*expected what leorn simulate wrote"):
        read_held_out(tmp_path)
