"""The word vectors of the demo network: half of each says what a word means, half which word it is.

    leorn assets --fetch words
    pip install pyarrow
    python experiments/demo/words.py FOLDER --out data/demo/words.safetensors

FOLDER is where `leorn assets --path glove-50.npy` lies. The first half is GloVe 6B in 50 dimensions (Pennington, Socher
& Manning, EMNLP 2014; public domain, PDDL 1.0), whitened: as published, all of its words have much in common, and a
small network takes long to tell labels apart. The second half is a random direction for each word, so that a word and
the label of the same name match whatever they mean.
"""

import argparse
from pathlib import Path

import numpy as np
from jaxtyping import Float
from pyarrow import parquet

from leorn.data.simulation.labels import MANY
from leorn.data.simulation.sentences import vocabulary
from leorn.data.word_files import save_word_vectors

COMMONEST = 30_000
"""GloVe's file is in order of frequency: with so many words, ours takes 6 MB."""
KITCHEN = ("carton", "dishcloth", "frying", "lid", "omelette", "turner")
"""Words of kitchen videos' labels."""
WHITENED_ON = 20_000
"""Commonest words that mean and covariance are taken from."""
LENGTH = 6.0
"""Of a vector, about as in GloVe."""


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="Holds glove_6B_50d_emb.npy and glove_6B_index.parquet.")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    words = parquet.read_table(options.folder / "glove_6B_index.parquet")["index"].to_pylist()
    glove = np.load(options.folder / "glove_6B_50d_emb.npy").astype(np.float64)
    wanted = {*words[:COMMONEST], *vocabulary(MANY), *KITCHEN}
    rows = [row for row, word in enumerate(words) if word in wanted]
    meaning = whitened(glove)[rows]
    identity = np.random.default_rng(0).normal(size=glove.shape)[rows]
    vectors = LENGTH / np.sqrt(2) * np.concatenate([unit(meaning), unit(identity)], axis=1)
    save_word_vectors(options.out, [words[row] for row in rows], vectors.astype(np.float32), half=True)
    print(f"{options.out}: {len(rows)} words")


def whitened(vectors: Float[np.ndarray, "V D"]) -> Float[np.ndarray, "V D"]:
    """Remove the mean and scale every principal direction to variance 1, as found on the commonest words."""
    vectors = vectors - vectors[:WHITENED_ON].mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(vectors[:WHITENED_ON].T))
    return vectors @ directions / np.sqrt(variances)


def unit(rows: Float[np.ndarray, "V D"]) -> Float[np.ndarray, "V D"]:
    """Scale rows to length 1."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
