"""LEORN-P through the same doors as LEORN: training, evaluation, explanation, packing, questions."""

from pathlib import Path

import numpy as np
import pytest
import torch

from leorn.checkpoints import load_network
from leorn.cli import main
from leorn.config import PyramidConfig
from leorn.data.annotations import read_queries
from leorn.data.word_files import load_word_vectors
from leorn.errors import InputError
from leorn.features.store import FeatureStore
from leorn.model.leorn_pyramid import MAP_CLIPS, LEORNPyramid
from leorn.retrieval.load import load
from leorn.retrieval.retriever import Retriever
from leorn.training.evaluate import evaluate
from leorn.training.explain import explain
from leorn.training.module import LEORNModule
from leorn.training.run import train
from tests.commands import Refused
from tests.tiny import PYRAMID, Tiny

RECIPE = {
    "evaluation__nms": "soft",
    "training__queries_per_video": 2,
    "training__weight_average": 0.9,
    "training__monitor": "mIoU",
}


@pytest.fixture(scope="module")
def trained_pyramid(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tiny.experiment(tmp_path_factory.mktemp("pyramid"), PYRAMID, **RECIPE), say=lambda line: None)


def test_a_checkpoint_tells_which_network_it_is(trained_pyramid: Path) -> None:
    network, record = load_network(trained_pyramid)
    assert isinstance(network, LEORNPyramid)
    assert record.model == network.config == PYRAMID


def test_training_twice_gives_the_same_network(tiny: Tiny, trained_pyramid: Path, tmp_path: Path) -> None:
    again = load_network(train(tiny.experiment(tmp_path, PYRAMID, **RECIPE), say=lambda line: None))[0].state_dict()
    first = load_network(trained_pyramid)[0].state_dict()
    assert [name for name in first if not torch.equal(first[name], again[name])] == []


def test_what_is_kept_is_the_average_of_the_weights(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_steps: list[dict[str, torch.Tensor]] = []

    def remember(module: LEORNModule, *_: object) -> None:
        after_steps.append({name: value.clone() for name, value in module.network.named_parameters()})

    monkeypatch.setattr(LEORNModule, "on_train_batch_end", remember)
    changes = RECIPE | {"training__weight_average": 0.75, "training__epochs": 1}
    kept = load_network(train(tiny.experiment(tmp_path, PYRAMID, **changes), say=lambda line: None))[0]
    assert len(after_steps) > 2
    for name, parameter in kept.named_parameters():
        average = after_steps[0][name]
        for step in after_steps[1:]:
            average = 0.75 * average + 0.25 * step[name]
        torch.testing.assert_close(parameter.detach(), average, atol=1e-6, rtol=1e-5)


def test_averages_go_on_after_a_break_as_if_there_had_been_none(
    tiny: Tiny, trained_pyramid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny.experiment(tmp_path, PYRAMID, **RECIPE)

    def stop(module: LEORNModule) -> None:
        if module.current_epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(LEORNModule, "on_train_epoch_start", stop)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            train(config, say=lambda line: None)
    resumed = load_network(train(config, resume=True, say=lambda line: None))[0].state_dict()
    whole = load_network(trained_pyramid)[0].state_dict()
    assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []


def test_it_is_evaluated_under_its_own_name(trained_pyramid: Path) -> None:
    evaluation = evaluate(trained_pyramid, accelerator="cpu", shuffle_objects=True)
    assert list(evaluation.rows) == ["LEORN-P", "constant window", "same network, objects of another video"]
    assert all(len(prediction.moments) == 10 for prediction in evaluation.predictions)


def test_explanations_are_those_of_the_evaluation(tiny: Tiny, trained_pyramid: Path) -> None:
    evaluated = {one.query_id: one for one in evaluate(trained_pyramid, accelerator="cpu").predictions}
    answers = list(explain(trained_pyramid, "test"))
    assert len(answers) == 4
    for answer in answers:
        expected = evaluated[answer.query.query_id].moments
        spans = [moment.span for moment in answer.prediction.moments]
        np.testing.assert_allclose(spans, [moment.span for moment in expected], atol=1e-4)
        assert answer.scores.shape == answer.mask.shape == (MAP_CLIPS, MAP_CLIPS)
        assert answer.mask.any()
        assert answer.weights.shape == (16, 4)
        np.testing.assert_allclose(answer.weights.sum(axis=1), 1, rtol=1e-5)
        seen = FeatureStore(tiny.objects).read(answer.query.video)
        assert not answer.weights[:, 1:][seen.scores == 0].any()


def test_its_pictures_are_drawn(trained_pyramid: Path, tmp_path: Path) -> None:
    main(["plot", str(trained_pyramid), "--out", str(tmp_path), "--format", "svg"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"evidence-{number}.svg" for number in range(4)]
    assert "probability" in (tmp_path / "evidence-0.svg").read_text()


def test_it_answers_as_in_evaluation_once_packed(tiny: Tiny, trained_pyramid: Path, tmp_path: Path) -> None:
    main(["pack", str(trained_pyramid), "--out", str(tmp_path), "--detector", "hf:cats"])
    retriever = load(tmp_path, device="cpu")
    store = FeatureStore(tiny.objects)
    expected = evaluate(trained_pyramid, accelerator="cpu").predictions
    texts = {query.query_id: query.text for query in read_queries(tiny.queries, "jsonl").queries}
    for prediction in expected[:4]:
        video = retriever.prepare(store.read(prediction.video), store.fingerprint)
        found = retriever.find(texts[prediction.query_id], video, top_k=3)
        assert [m.span for m in found] == [pytest.approx(m.span, abs=0.05) for m in prediction.moments[:3]]


@pytest.mark.parametrize("frames", [1, 5, 16])
def test_a_video_may_have_any_number_of_frames(tiny: Tiny, trained_pyramid: Path, frames: int) -> None:
    network, record = load_network(trained_pyramid)
    packed = Retriever(network, record, load_word_vectors(tiny.words), detector="cats", device="cpu")
    store = FeatureStore(tiny.objects)
    objects = store.read("test-0", rows=np.arange(frames))
    found = packed.find("the person takes the cup", packed.prepare(objects, store.fingerprint), top_k=3)
    assert found
    assert all(0 <= m.start_seconds < m.end_seconds <= objects.duration_seconds for m in found)


def test_another_kind_of_network_is_no_start(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    config = tiny.experiment(tmp_path, PYRAMID, training__initial_network=str(trained))
    with pytest.raises(InputError, match=r"training\.initial_network .*best\.ckpt: a network LEORN; expected LEORN-P"):
        train(config, say=lambda line: None)


def test_a_pyramid_is_a_start_for_another(tiny: Tiny, trained_pyramid: Path, tmp_path: Path) -> None:
    said: list[str] = []
    changes = {"training__initial_network": str(trained_pyramid), "training__learning_rate": 0.0}
    last = train(tiny.experiment(tmp_path, PYRAMID, **changes), say=said.append).with_name("last.ckpt")
    start, end = load_network(trained_pyramid)[0], load_network(last)[0]
    assert f"start: all, {len(start.state_dict())} of {len(start.state_dict())} weights, from {trained_pyramid}" in said
    for (name, one), other in zip(start.named_parameters(), end.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, msg=name)


def test_the_network_is_named_in_the_file_or_on_the_command_line(tiny: Tiny, tmp_path: Path) -> None:
    file = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "a", PYRAMID)
    main(["train", "--config", str(file), "--model.levels", "2", "--training.epochs", "1"])
    network, _ = load_network(tmp_path / "a/checkpoints/last.ckpt")
    assert isinstance(network.config, PyramidConfig)
    assert network.config.levels == 2


def test_options_of_the_other_network_are_unknown(tiny: Tiny, tmp_path: Path, refused: Refused) -> None:
    file = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "a", PYRAMID)
    assert "unrecognized arguments: --model.clips 4" in refused("train", "--config", file, "--model.clips", 4)
    file.write_text(file.read_text().replace("levels: 3", "levels: 3\n  clips: 4"))
    assert "e.yaml: unknown key model.clips" in refused("train", "--config", file)
    message = "model.network: expected map or pyramid, got cube"
    assert message in refused("train", "--config", file, "--model.network", "cube")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("levels", 0, "model.levels 0; expected 1 to 16"),
        ("drop_path", 1.5, "model.drop_path 1.5; expected 0 or more, below 1"),
        ("num_heads", 3, "model.hidden_size 8 must be a multiple of model.num_heads 3"),
        ("channels", 7, "model.channels 7 must be a multiple of model.num_heads 2"),
        ("text_size", 9, "model.text_size 9 must be a multiple of model.num_heads 2"),
        ("window", 4, "model.window 4 must be odd"),
    ],
)
def test_a_number_out_of_range_is_named(
    tiny: Tiny, tmp_path: Path, refused: Refused, key: str, value: float, message: str
) -> None:
    file = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "a", PYRAMID)
    assert message in refused("train", "--config", file, f"--model.{key}", value)
