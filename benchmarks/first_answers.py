"""How much the first answers of two evaluations of the same queries differ: in fp32 and in bf16, say.

    python benchmarks/first_answers.py fp32/predictions.jsonl bf16/predictions.jsonl

prints how many queries there are, the share whose first moment is the same, and the share whose two first moments have
an IoU above 0.5, in percent.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from leorn.scoring.metrics import overlaps, spans_of
from leorn.scoring.predictions import read_predictions

SAME_SECONDS = 1e-6


def main() -> None:
    """Compare two files of predictions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("one", type=Path, help="predictions.jsonl of leorn evaluate")
    parser.add_argument("other", type=Path, help="another, of the same queries")
    options = parser.parse_args()
    one, other = (
        {prediction.query_id: spans_of(prediction.moments[:1])[0] for prediction in read_predictions(path)}
        for path in (options.one, options.other)
    )
    if one.keys() != other.keys():
        parser.error(f"{options.one} and {options.other} answer different queries")
    same = [bool(np.abs(one[query] - other[query]).max() < SAME_SECONDS) for query in one]
    near = [float(overlaps(one[query][None], other[query][None]).item()) > 0.5 for query in one]
    shares = {"same": np.mean(same), "IoU > 0.5": np.mean(near)}
    print(json.dumps({"queries": len(one)} | {name: round(100 * float(share), 1) for name, share in shares.items()}))


if __name__ == "__main__":
    main()
