"""Small random CLIP and SigLIP models with tokenizers of their own kinds, saved as transformers saves real ones."""

import string
from collections.abc import Callable
from pathlib import Path

import pytest

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

SIDE = {"height": 64, "width": 64}
TRANSFORMER = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
VISION = {**TRANSFORMER, "image_size": 64, "patch_size": 16}
MOST_TOKENS = 20
SENTENCES = ("a person takes the cup", "the cat sleeps on the bicycle", "a dog runs in the kitchen")
"""What SigLIP's tokenizer has seen."""


def write_clip(folder: Path) -> Path:
    """Write a CLIP that reads letter by letter."""
    letters = [letter + end for end in ("", "</w>") for letter in string.ascii_lowercase]
    vocabulary = {piece: number for number, piece in enumerate(["<|startoftext|>", "<|endoftext|>", *letters])}
    tokenizer = transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=MOST_TOKENS)
    text = {"vocab_size": len(vocabulary), "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    config = transformers.CLIPConfig(
        text_config={**TRANSFORMER, **text, "max_position_embeddings": MOST_TOKENS},
        vision_config=VISION,
        projection_dim=12,
    )
    image = transformers.CLIPImageProcessorPil(size={"shortest_edge": 64}, crop_size=SIDE)
    return _save(folder, lambda: transformers.CLIPModel(config), tokenizer, image)


def write_siglip(folder: Path) -> Path:
    """Write a SigLIP; its tokenizer does not say how long a sentence may be, but its configuration does."""
    sentencepiece = pytest.importorskip("sentencepiece")
    folder.mkdir(parents=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 3), model_prefix=str(folder / "made"), vocab_size=40,
        hard_vocab_limit=False, pad_id=-1, bos_id=-1, eos_id=1, unk_id=2, minloglevel=2,
    )  # fmt: skip
    tokenizer = transformers.SiglipTokenizer(vocab_file=str(folder / "made.model"), model_max_length=10**9)
    text = {**TRANSFORMER, "vocab_size": tokenizer.vocab_size, "projection_size": 16}
    config = transformers.SiglipConfig(
        text_config={**text, "max_position_embeddings": MOST_TOKENS}, vision_config=VISION
    )
    image = transformers.SiglipImageProcessorPil(size=SIDE)
    return _save(folder, lambda: transformers.SiglipModel(config), tokenizer, image)


MODELS: dict[str, Callable[[Path], Path]] = {"clip": write_clip, "siglip": write_siglip}


def _save(folder: Path, make: Callable[[], torch.nn.Module], tokenizer: object, image: object) -> Path:
    torch.manual_seed(0)
    model = make()
    for parameter in model.parameters():
        # far from where training starts, where all pictures say the same
        torch.nn.init.normal_(parameter, std=0.3)
    for part in (model, tokenizer, image):
        part.save_pretrained(folder)  # type: ignore[attr-defined]
    return folder
