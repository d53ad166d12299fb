"""200 queries in one call on an encoded video of 40 minutes: seconds for each, and the most memory ever held.

    python benchmarks/many_queries.py --out runs/many-queries.json

LEORN-P of full size with random weights, 2,304 frames of 36 objects with label features, asked through the retriever
from sentences to ranked moments.
"""

import argparse
import json
from pathlib import Path

import torch
from asking import asking_seconds, make_retriever, random_queries, random_video
from memory import peak_bytes

from leorn.files import write_text

FRAMES, OBJECTS = 2304, 36


def main() -> None:
    """Ask once and many times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/many-queries.json"))
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    retriever = make_retriever(FRAMES, OBJECTS)
    video = retriever.prepare(random_video(FRAMES, OBJECTS), {})
    prepared = peak_bytes()
    queries = random_queries(options.queries)
    asking_seconds(retriever, queries[:1], video)
    one = asking_seconds(retriever, queries[:1], video)
    several = asking_seconds(retriever, queries, video)
    found = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "queries": len(queries),
        "seconds of one query alone": round(one, 4),
        "seconds per query": round(several / len(queries), 4),
        "peak_gigabytes when prepared": round(prepared / 1e9, 3),
        "peak_gigabytes": round(peak_bytes() / 1e9, 3),
    }
    write_text(options.out, json.dumps(found, indent=2))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
