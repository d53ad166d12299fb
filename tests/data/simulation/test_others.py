"""Naming what else is in view."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from leorn.data.simulate import simulate
from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.labels import FEW
from leorn.data.simulation.others import in_view, name_others
from leorn.data.simulation.stage import SceneObject
from leorn.data.word_files import load_word_vectors
from leorn.data.words import words
from leorn.errors import InputError

MOMENT = ((4.0, 6.0),)
CONFIG = SimulationConfig(
    train_videos=4, val_videos=0, test_videos=0, compositional_videos=0, detections_per_second=1, others_named=2
)


def thing(label: str, *keyframes: tuple[float, float], shown: tuple[float, float] = (0.0, 30.0)) -> SceneObject:
    """Make a thing of width 0.2 that is at each x at its time."""
    made = SceneObject(label, 0.2, 0.1, keyframes[0][1], 0.9, shown=shown)
    made.keyframes = [(time, x, 0.9) for time, x in keyframes]
    return made


def test_in_view_is_what_stays_within_the_frame_all_the_time() -> None:
    objects = [
        thing("bench", (0.0, 0.5)),
        thing("dog", (0.0, 0.5), (5.0, 0.95), (7.0, 0.5)),  # its edge leaves at 5 s, inside the moment
        thing("cat", (0.0, -0.5), (4.0, 0.1)),  # comes in just in time
        thing("bus", (0.0, 0.5), shown=(0.0, 5.0)),  # of a shot that ends too early
        thing("chair", (0.0, 0.5), (6.0, 0.5), (8.0, 1.5)),  # leaves later
    ]
    assert in_view(objects, MOMENT) == ["bench", "cat", "chair"]
    assert in_view(objects, (*MOMENT, (6.0, 7.0))) == ["bench", "cat"]


def test_no_more_are_named_than_asked_for_and_none_twice() -> None:
    objects = [thing(label, (0.0, 0.5)) for label in ("bench", "bicycle", "cup", "dog", "person")]
    said = {name_others("a man rides the bike", MOMENT, objects, 2, FEW, np.random.default_rng(n)) for n in range(300)}
    assert "a man rides the bike, with the bench and a puppy in view" in said
    assert "with a mug and the dog in view, a man rides the bike" in said
    for text in said:
        named = text.replace("a man rides the bike", "")
        assert sum(noun in named for noun in ("bench", "cup", "mug", "dog", "puppy")) == 2
        # the bicycle is in the sentence, and a person tells too little
        assert not any(noun in named for noun in ("bicycle", "bike", "person", "woman", "someone"))
    alone = objects[:1]
    one = {name_others("a man rests", MOMENT, alone, 2, FEW, np.random.default_rng(n)) for n in range(50)}
    assert "a man rests, with a bench in the picture" in one
    assert all(" and " not in text for text in one)
    assert name_others("a man rests", MOMENT, [], 2, FEW, np.random.default_rng(0)) == "a man rests"


def test_only_where_it_is_asked_for_sentences_name_others(tmp_path: Path) -> None:
    simulate(tmp_path / "plain", replace(CONFIG, others_named=0), seed=3)
    more = simulate(tmp_path / "others", CONFIG, seed=3)
    plain = (tmp_path / "plain/queries.jsonl").read_text()
    assert " in view" not in plain
    named = [query for query in more if query.text.count(" in view") or query.text.count(" in the picture")]
    assert len(named) > len(more) / 2
    # the scenes are the same, and so is what the sentences are about
    known = load_word_vectors(tmp_path / "others/words.npz")
    assert {word for query in more for word in words(query.text)} <= set(known.index)
    assert "with" not in load_word_vectors(tmp_path / "plain/words.npz").index


def test_fewer_than_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="others_named -1; expected 0 or more"):
        simulate(tmp_path, replace(CONFIG, others_named=-1))
