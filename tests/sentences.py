"""A sentence transformer of a few random weights, saved to a folder as transformers saves them."""

from pathlib import Path

import torch

WORDS = ("person", "cup", "cat", "dog", "bicycle", "frying", "pan", "a", "the", "takes", "nothing", ",")
WIDTH = 16


def write_sentence_encoder(folder: Path, seed: int = 0) -> Path:
    """Write a BERT of two small layers, and its tokenizer of whole words."""
    import transformers

    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    transformers.BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=WIDTH,
        max_position_embeddings=64,
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder
