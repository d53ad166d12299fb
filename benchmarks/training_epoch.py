"""How long a training epoch takes, beside reading its batches alone.

    python benchmarks/training_epoch.py --config experiments/kscgr/LEORN-64x64-K5L4.yaml --result epoch.json

trains on every batch of an epoch once, without validation, and prints the seconds of each part and their ratio.
Any key of the experiment can be given after it, as for `leorn train`.
"""

import json
import os
import platform
import time
from dataclasses import asdict
from pathlib import Path

import torch
from jsonargparse import ArgumentParser

from leorn.config import ExperimentConfig
from leorn.data.corpus import open_corpus
from leorn.data.dataset import QueryBatches, QueryDataset
from leorn.files import write_text
from leorn.model.networks import make_network
from leorn.restore import restore


def main() -> None:
    """Measure an epoch and write what was found."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--config", action="config")
    parser.add_argument("--result", help="JSON file to write.")
    parser.add_class_arguments(ExperimentConfig)
    options = parser.parse_args().as_dict()
    result_path = options.pop("result")
    options.pop("config")
    config = restore(ExperimentConfig, options, "options")
    corpus = open_corpus(config.data, config.model, ("train",))
    dataset = QueryDataset(corpus.queries["train"], corpus.collate(config.data, config.model))
    videos = [query.video for query in corpus.queries["train"]]
    recipe = config.training
    batches = list(QueryBatches(videos, recipe.batch_size, seed=recipe.seed, together=recipe.queries_per_video))

    started = time.perf_counter()
    for batch in batches:
        dataset[batch]
    loader_seconds = time.perf_counter() - started

    torch.manual_seed(config.training.seed)
    network = make_network(config.model).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.training.learning_rate)
    bf16 = config.training.precision == "bf16-mixed"
    started = time.perf_counter()
    for number in batches:
        batch = dataset[number]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = network.loss(network(**batch.inputs()), batch.spans, batch.span_mask)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.training.gradient_clip)
        optimizer.step()
    epoch_seconds = time.perf_counter() - started

    result = {
        "queries": len(dataset),
        "epoch_seconds": round(epoch_seconds, 2),
        "loader_seconds": round(loader_seconds, 2),
        "epoch_over_loader": round(epoch_seconds / loader_seconds, 1),
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "model": asdict(config.model),
        "precision": config.training.precision,
    }
    print(json.dumps({key: result[key] for key in ("queries", "epoch_seconds", "loader_seconds", "epoch_over_loader")}))
    if result_path:
        write_text(Path(result_path), json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
