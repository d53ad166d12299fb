from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leorn.errors import InputError
from leorn.retrieval.sentences import SentenceEncoder
from tests.sentences import WIDTH, write_sentence_encoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    return SentenceEncoder(write_sentence_encoder(tmp_path_factory.mktemp("encoder")))


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours(encoder: SentenceEncoder) -> None:
    texts = ["a person takes the cup", "cat", "the dog"] * 40
    vectors = encoder(texts)
    assert vectors.shape == (120, WIDTH)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    for text, vector in zip(texts[:3], vectors[:3], strict=True):
        # padding of a longer neighbour counts for nothing
        np.testing.assert_allclose(encoder([text])[0], vector, atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01


def test_no_sentences_are_no_vectors(encoder: SentenceEncoder) -> None:
    assert encoder([]).shape == (0, WIDTH)


def test_a_vector_is_the_mean_of_the_states(tmp_path: Path) -> None:
    import torch
    import transformers

    folder = write_sentence_encoder(tmp_path)
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    tokens = tokenizer("the cat", return_tensors="pt")
    with torch.no_grad():
        states = transformers.AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state[0].numpy()
    mean = states.mean(0)
    np.testing.assert_allclose(SentenceEncoder(folder)(["the cat"])[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no model.safetensors; expected a sentence transformer"):
        SentenceEncoder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be loaded as a sentence transformer"):
        SentenceEncoder(tmp_path)
