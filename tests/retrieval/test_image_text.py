"""CLIP and SigLIP as dual encoders, against what their parts of transformers say when they are called by hand."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from leorn.errors import InputError
from leorn.features.video import read_frames
from leorn.records import VideoObjects
from leorn.retrieval import image_text
from leorn.retrieval.encoders import open_encoder
from leorn.retrieval.image_text import ImageTextEncoder
from leorn.retrieval.windows import Window
from tests.image_text_models import MODELS, MOST_TOKENS
from tests.videos import write_video
from tests.vision_models import save_model

transformers = pytest.importorskip("transformers")
pytest.importorskip("av")

CLASSES = {"clip": "CLIPModel", "siglip": "SiglipModel"}
SENTENCES = ["a person takes the cup", "cat", "the dog runs in the kitchen and the person takes the bicycle"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folders: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in folders:
            folders[name] = MODELS[name](tmp_path_factory.mktemp("models") / name)
        return folders[name]

    return folder


@pytest.fixture(params=list(MODELS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def of(seconds: float) -> VideoObjects:
    """Objects of a video of some length; there are none."""
    empty = np.zeros((1, 0), np.float32)
    boxes, labels = np.zeros((1, 0, 4), np.float32), np.zeros((1, 0), np.int32)
    return VideoObjects("v", seconds, np.array([seconds / 2]), empty[..., None], boxes, empty, labels, ())


def unit(vectors: torch.Tensor) -> np.ndarray:
    return (vectors / vectors.norm(dim=-1, keepdim=True)).numpy()


def read_by_hand(kind: str, folder: Path, sentence: str) -> np.ndarray:
    """A sentence alone through the model's own classes: SigLIP's filled up and unmasked, CLIP's as it is."""
    model: Any = getattr(transformers, CLASSES[kind]).from_pretrained(folder).eval()
    tokenizer: Any = getattr(transformers, {"clip": "CLIPTokenizer", "siglip": "SiglipTokenizer"}[kind])
    numbers = tokenizer.from_pretrained(folder)(sentence)["input_ids"]
    if len(numbers) > MOST_TOKENS:
        numbers = [*numbers[: MOST_TOKENS - 1], numbers[-1]]
    if kind == "siglip":
        # its padding is its end of a sentence
        numbers += [1] * (MOST_TOKENS - len(numbers))
    with torch.no_grad():
        return unit(model.get_text_features(input_ids=torch.tensor([numbers])).pooler_output)[0]


def seen_by_hand(kind: str, folder: Path, picture: np.ndarray) -> np.ndarray:
    model: Any = getattr(transformers, CLASSES[kind]).from_pretrained(folder).eval()
    processor: Any = {"clip": transformers.CLIPImageProcessorPil, "siglip": transformers.SiglipImageProcessorPil}[kind]
    pixels = processor.from_pretrained(folder)(images=picture, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        return unit(model.get_image_features(pixel_values=pixels).pooler_output)[0]


def test_sentences_are_those_of_the_model(
    saved: Callable[[str], Path], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_text, "AT_ONCE", 2)
    vectors = ImageTextEncoder(str(saved(kind))).sentences(SENTENCES)
    assert vectors.dtype == np.float32
    expected = [read_by_hand(kind, saved(kind), sentence) for sentence in SENTENCES]
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    # the sentences are far enough apart for this to say something
    assert abs(vectors[0] @ vectors[1]) < 0.99


def test_a_window_is_the_mean_of_its_frames(
    saved: Callable[[str], Path], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_text, "AT_ONCE", 2)
    file = write_video(tmp_path / "v.mp4", 45)
    # five parts of 4.5 s: their middles show these frames
    pictures = [picture for _, picture in read_frames(file, [0.4, 1.3, 2.2, 3.1, 4.0])]
    frames = np.stack([seen_by_hand(kind, saved(kind), picture) for picture in pictures])
    windows = [Window(0, 4.5), Window(0.9, 2.7), Window(0.5, 1.3), Window(3.7, 3.9)]
    means = np.stack([frames.mean(0), frames[1:3].mean(0), frames[0], frames[4]])
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    vectors = open_encoder(f"hf:{saved(kind)}").windows(of(4.5), windows, file)
    np.testing.assert_allclose(vectors, expected, atol=2e-5)


def test_a_frame_that_is_shown_for_long_is_looked_at_once_and_long_videos_coarsely(
    saved: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, looked = ImageTextEncoder(str(saved("clip"))), list[int]()
    look = encoder._look

    def counting(pictures: list[np.ndarray]) -> np.ndarray:
        looked.append(len(pictures))
        return look(pictures)

    monkeypatch.setattr(encoder, "_look", counting)
    # two frames, the first shown for 3 s, the other for a tenth
    file = write_video(tmp_path / "v.mp4", [0, 30])
    vectors = encoder.windows(of(3.1), [Window(0, 1), Window(1, 2), Window(2.9, 3.1)], file)
    assert sum(looked) == 1
    np.testing.assert_array_equal(vectors[0], vectors[1])
    looked.clear()
    monkeypatch.setattr(image_text, "MOST_FRAMES", 3)
    encoder.windows(of(9.0), [Window(0, 9)], write_video(tmp_path / "w.mp4", 90))
    assert sum(looked) == 3


def test_it_is_known_by_its_files(saved: Callable[[str], Path], kind: str, tmp_path: Path) -> None:
    encoder = ImageTextEncoder(str(saved(kind)))
    folder = tmp_path / "moved"
    shutil.copytree(saved(kind), folder)
    (folder / "README.md").write_text("a model")
    assert ImageTextEncoder(str(folder)).fingerprint == encoder.fingerprint
    files = encoder.fingerprint["files"]
    vocabulary = {"clip": "tokenizer.json", "siglip": "spiece.model"}[kind]
    names = {"config.json", "model.safetensors", "preprocessor_config.json", "tokenizer_config.json", vocabulary}
    assert files == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    json.dumps(encoder.fingerprint)


def rename_weights(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def take_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def break_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (rename_weights, r"holds no model\*\.safetensors; expected a model saved by transformers"),
        (take_tokenizer, r"holds no tokenizer; expected one of tokenizer\.json, "),
        (break_tokenizer, r"its tokenizer cannot be loaded \("),
    ],
)
def test_what_is_missing_or_broken_is_said(
    saved: Callable[[str], Path], tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(saved("clip"), folder)
    spoil(folder)
    with pytest.raises(InputError, match=reason) as error:
        ImageTextEncoder(str(folder))
    assert "\n" not in str(error.value)


def test_what_is_no_dual_encoder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ViTModel does not encode images and sentences; expected a model as CLIP"):
        ImageTextEncoder(str(save_model("vit", tmp_path / "vit")))
    with pytest.raises(InputError, match=r"hf:no/such: neither a folder nor to be had from the hub"):
        open_encoder("hf:no/such")


def test_without_a_file_there_is_nothing_to_look_at(saved: Callable[[str], Path]) -> None:
    encoder = ImageTextEncoder(str(saved("clip")))
    with pytest.raises(InputError, match=r"^video v: no file to look at; expected a library of video files, or --enc"):
        encoder.windows(of(4.5), [Window(0, 4.5)], None)
