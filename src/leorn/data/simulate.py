"""A data set of simulated scenes: detections of object tracks, and sentences about what happens in them.

It is for tests, for demonstrations and for measuring, and is called simulated wherever it is shown: its boxes move as
`simulation.verbs` says and its sentences are made from templates, so that every moment is exact.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, fields
from math import inf
from pathlib import Path

import numpy as np
from jaxtyping import Float

from leorn.data.annotations import write_queries
from leorn.data.simulation import others
from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.events import facts
from leorn.data.simulation.labels import LABEL_SETS
from leorn.data.simulation.noise import detect
from leorn.data.simulation.scene import SECONDS_PER_ACTION, Scene, make_scene
from leorn.data.simulation.sentences import Spans, vocabulary
from leorn.data.simulation.splits import COMPOSITIONAL, SPLITS, describe, held_out_pairs
from leorn.data.simulation.verbs import Pair
from leorn.data.tracks import write_tracks
from leorn.data.word_files import save_word_vectors
from leorn.data.words import words
from leorn.errors import InputError
from leorn.files import write_text
from leorn.ranges import check_range
from leorn.records import Moment, Query

WORD_LENGTH = 6.0
"""Of a word vector, about as in GloVe 6B: of unit vectors a text encoder makes little when training begins."""
MAX_FRAMES_PER_SECOND = 1000.0
FEWEST_SENTENCES = 3
"""A scene with fewer is drawn again."""
SCENES_DRAWN = 100
"""Draws of one scene, at most: the compositional split needs several, as it asks about rare things alone."""
OPTIONS = "simulation.json"
DECIMALS = 3
"""Moments are written to the millisecond."""


def simulate(
    out: str | Path,
    config: SimulationConfig | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    held_out: Collection[Pair] | None = None,
) -> list[Query]:
    """Write a data set of simulated scenes; the same options and seed give the same bytes.

    The folder then holds `queries.jsonl` (splits train, val, test, test-compositional), `detections/<video>.csv.gz`,
    `words.npz` (vectors in random directions: they tell words apart and say nothing of what they mean),
    `simulation.json` (the options, and the verb–object pairs held out from training) and a `README.md`.

    Args:
        out: folder to write to. Videos that are in it and not in this data set stay.
        config: how many scenes, how full, and how well the detector sees; the defaults where None.
        seed: of everything random, ≥ 0.
        progress: told after each video how many are done, of how many.
        held_out: verb–object pairs that training never sees in a sentence; drawn where None.

    Returns:
        The queries, in the order of the file.

    Raises:
        InputError: options that make no sense, or a folder that cannot be written.
    """
    config = config or SimulationConfig()
    check_config(config, seed)
    out = Path(out)
    videos = _videos(config)
    labels = LABEL_SETS[config.labels]
    if held_out is None:
        drawn = held_out_pairs(config.held_out_share, labels, np.random.default_rng([seed, len(SPLITS)]))
        # of scenes of one shot nothing says what is in view: held out, it would only be kept from other data sets
        held_out = {pair for pair in drawn if config.shots > 1 or pair[0] != "show"}
    queries: list[Query] = []
    for done, (split, number) in enumerate(videos, start=1):
        rng = np.random.default_rng([seed, SPLITS.index(split), number])
        scene, said = _scene_and_sentences(_video_id(split, number, seed), split, config, held_out, rng)
        queries += [
            Query(
                query_id=f"{scene.video}#{index}",
                video=scene.video,
                text=text,
                duration_seconds=scene.duration_seconds,
                moments=tuple(Moment(round(start, DECIMALS), round(end, DECIMALS)) for start, end in spans),
                split=split,
            )
            for index, (text, spans) in enumerate(said)
        ]
        write_tracks(out / "detections" / f"{scene.video}.csv.gz", detect(scene, config, rng))
        if progress is not None:
            progress(done, len(videos))
    queries = _with_known_words(queries)
    names = vocabulary(labels, (*others.FORMS, others.AND) if config.others_named else ())
    save_word_vectors(out / "words.npz", names, word_vectors(len(names), config.word_size, seed))
    write_text(out / OPTIONS, _options(config, seed, held_out))
    write_text(out / "README.md", _readme(queries, seed))
    write_queries(out / "queries.jsonl", queries)
    return queries


def read_held_out(folder: str | Path) -> frozenset[Pair]:
    """Read the pairs that a simulated data set holds out, so that another one can hold out the same.

    Raises:
        InputError: no simulated data set there.
    """
    path = Path(folder) / OPTIONS
    try:
        pairs = json.loads(path.read_text(encoding="utf-8"))["held_out_pairs"]
        return frozenset((verb, label) for verb, label in pairs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); expected what leorn simulate wrote") from error


def check_config(config: SimulationConfig, seed: int = 0) -> None:
    """Say what makes no sense in the options of a simulation.

    Raises:
        InputError: naming the option and what would be right.
    """
    if seed < 0:
        raise InputError(f"seed {seed}; expected 0 or more")
    counts = {"train_videos": 1, "shots": 1, "actors": 1, "max_actions": 1, "queries_per_video": 1, "word_size": 1}
    counts |= {"val_videos": 0, "test_videos": 0, "compositional_videos": 0, "bystanders": 0, "others_named": 0}
    for name, least in counts.items():
        check_range(name, getattr(config, name), least, inf)
    for field in fields(config):
        if field.name.endswith(("_rate", "_share")) and field.name != "false_rate":
            check_range(field.name, getattr(config, field.name), 0, 1)
    check_range("jitter", config.jitter, 0, 1)
    check_range("false_rate", config.false_rate, 0, 100)
    check_range("detections_per_second", config.detections_per_second, 1, MAX_FRAMES_PER_SECOND)
    shortest = SECONDS_PER_ACTION * config.max_actions
    check_range("min_duration_seconds", config.min_duration_seconds, shortest, config.max_duration_seconds)


def word_vectors(count: int, size: int, seed: int) -> Float[np.ndarray, "V D"]:
    """Draw vectors of length `WORD_LENGTH` in random directions: simulated word vectors, without meaning."""
    vectors = np.random.default_rng([seed, len(SPLITS) + 1]).normal(size=(count, size))
    return (WORD_LENGTH * vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _videos(config: SimulationConfig) -> list[tuple[str, int]]:
    counts = (config.train_videos, config.val_videos, config.test_videos, config.compositional_videos)
    return [(split, number) for split, count in zip(SPLITS, counts, strict=True) for number in range(count)]


def _video_id(split: str, number: int, seed: int) -> str:
    """Name a video: scenes of two seeds can lie in one data set."""
    return f"simulated{seed or ''}-{split}-{number:04d}"


def _scene_and_sentences(
    video: str, split: str, config: SimulationConfig, held_out: Collection[Pair], rng: np.random.Generator
) -> tuple[Scene, list[tuple[str, Spans]]]:
    """Draw scenes until one has enough to say; the last one drawn where none has."""
    wanted = min(FEWEST_SENTENCES, config.queries_per_video)
    for _ in range(SCENES_DRAWN):
        scene = make_scene(video, config, rng)
        said = describe(facts(scene.objects, scene.events, scene.duration_seconds), held_out, split, config, rng)
        if len(said) >= wanted:
            break
    if config.others_named:
        labels = LABEL_SETS[config.labels]
        said = [
            (others.name_others(text, spans, scene.objects, config.others_named, labels, rng), spans)
            for text, spans in said
        ]
    return scene, said


def _with_known_words(queries: list[Query]) -> list[Query]:
    """Leave out compositional queries with a word that no training sentence has: only the pair may be new."""
    known = {word for query in queries if query.split == "train" for word in words(query.text)}
    return [query for query in queries if query.split != COMPOSITIONAL or known.issuperset(words(query.text))]


def _options(config: SimulationConfig, seed: int, held_out: Collection[Pair]) -> str:
    content = {"simulated": True, "seed": seed, "options": asdict(config), "held_out_pairs": sorted(held_out)}
    return json.dumps(content, indent=2) + "\n"


def _readme(queries: list[Query], seed: int) -> str:
    rows = []
    for split in SPLITS:
        own = [query for query in queries if query.split == split]
        moments = sum(len(query.moments) for query in own)
        rows.append(f"| {split} | {len({query.video for query in own})} | {len(own)} | {moments} |\n")
    return (
        "# Simulated scenes\n\n"
        f"Made by `leorn simulate` with seed {seed}; the options are in `simulation.json`. Nothing here was filmed: "
        "boxes with labels of COCO move by rules, a simulated detector looks at them, and sentences are made from "
        "templates. The word vectors are random directions without meaning. Figures measured on it are figures on "
        "simulated scenes.\n\n"
        "| split | videos with queries | queries | moments |\n|---|---|---|---|\n"
        f"{''.join(rows)}\n"
        "`test-compositional` asks about verb–object pairs (`held_out_pairs`) that no sentence of the other splits "
        "holds, though each of their words occurs in training.\n"
    )
