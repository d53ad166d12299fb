"""Sentences to begin with, of what is often seen in a library."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from leorn.errors import InputError
from leorn.features.store import FeatureStore

LOOKED_AT = 20
"""Videos, evenly chosen."""
MOST = 4
PERSON = "person"


def examples(folder: Path) -> list[str]:
    """Return sentences about what is seen longest and surest in a store's videos; none of an empty one.

    Args:
        folder: the store's.
    """
    try:
        store = FeatureStore(folder)
    except InputError:
        return []
    seen = defaultdict[str, float](float)
    for video in store.videos[:: max(1, len(store.videos) // LOOKED_AT)][:LOOKED_AT]:
        try:
            objects = store.read(video)
        except InputError:
            # taken out meanwhile
            continue
        for label in np.unique(objects.labels[objects.labels >= 0]).tolist():
            scores = np.where(objects.labels == label, objects.scores, 0).max(axis=1)
            seen[objects.label_names[label]] += float(scores.mean())
    labels = sorted(seen, key=lambda label: -seen[label])[:MOST]
    alone = [_with_article(label) for label in labels]
    others = [label for label in labels if label != PERSON]
    together = [f"a person next to {_with_article(others[0])}"] if PERSON in labels and others else []
    return [*together, *alone][:MOST]


def _with_article(label: str) -> str:
    return f"{'an' if label[:1].lower() in 'aeiou' else 'a'} {label}"
