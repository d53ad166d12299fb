"""What is said of published data sets, held against the experiments, the command line and the real annotations."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from jsonargparse import Namespace

from leorn.arguments import make
from leorn.assets import asset
from leorn.cli import make_parser
from leorn.config import ExperimentConfig
from leorn.data.annotations import read_queries
from leorn.data.formats import FORMATS
from leorn.data.offers import WORDS, Features, Offer, PublishedDataset, PublishedName
from leorn.data.published_files import DATASETS, GLOVE, VIDEOS, WORD_SIZE
from leorn.data.words import words
from leorn.errors import InputError
from leorn.training.checks import check_experiment

ROOT = Path(__file__).parents[2]
CONFIGS = [
    path
    for path in sorted(ROOT.glob("experiments/*/*.yaml"))
    if path.parent.name != "ablations" and re.search(r"dataset: \w", path.read_text())
]


def parsed(command: str) -> Namespace:
    arguments = shlex.split(command)[1:]
    return make_parser(arguments).parse_args(arguments)


def trained(command: str) -> ExperimentConfig:
    config = make(ExperimentConfig, parsed(command)["train"])
    check_experiment(config)
    return config


def features_of(dataset: PublishedDataset) -> tuple[Features, ...]:
    return dataset.objects + ((dataset.frame_features,) if dataset.frame_features else ())


def offers_of(dataset: PublishedDataset) -> tuple[Offer, ...]:
    return (*dataset.annotations, *(each.offer for each in features_of(dataset)), dataset.video_files, GLOVE)


def commands(name: PublishedName, kind: str) -> Iterator[str]:
    root = Path("data", DATASETS[name].folder)
    for offer in offers_of(DATASETS[name]):
        yield from (step for step in offer.at(root).steps if step.startswith(f"leorn {kind} "))


def test_every_published_format_has_its_data_set() -> None:
    # docs/harder-tests.md says where the other two are
    elsewhere = {"jsonl", "charades-cd", "charades-sta-reannotated"}
    assert set(DATASETS) == set(get_args(PublishedName)) == set(FORMATS) - elsewhere


def test_experiments_read_what_the_table_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    read: dict[tuple[str, str], set[str]] = {}
    for path in CONFIGS:
        config = trained(f"leorn train --config {path.relative_to(ROOT)}")
        if config.data.dataset == "jsonl":
            continue
        dataset = {str(name): known for name, known in DATASETS.items()}[config.data.dataset]
        folder = f"data/{dataset.folder}"
        assert (config.data.queries, config.data.words) == (folder, f"data/{WORDS}")
        assert config.model.word_size == WORD_SIZE
        sources = {f"{folder}/{each.path}": each for each in features_of(dataset)}
        objects = sources[config.data.objects]
        assert (objects.width, objects.slots) == (config.model.object_size, config.data.slots)
        assert objects.frames >= config.model.fewest_frames
        read.setdefault((dataset.folder, objects.path), set()).add(path.stem)
        if config.data.frame_features is not None:
            frames = sources[config.data.frame_features]
            assert (frames.width, frames.slots) == (config.model.frame_size, None)
            read.setdefault((dataset.folder, frames.path), set()).add(path.stem)
    said = {
        (dataset.folder, each.path): set(each.experiments)
        for dataset in DATASETS.values()
        for each in features_of(dataset)
        if each.experiments
    }
    assert read == said


@pytest.mark.parametrize("name", DATASETS)
def test_own_objects_are_extracted_as_they_are_then_read(name: PublishedName, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    dataset = DATASETS[name]
    folder = f"data/{dataset.folder}"
    sources = {f"{folder}/{each.path}": each for each in dataset.objects}
    stores = {}
    for command in commands(name, "extract"):
        options = parsed(command)["extract"]
        assert [str(path) for path in options.videos] == [f"{folder}/{VIDEOS}"]
        source = sources[options.out]
        assert (options.slots, options.keep_suffix) == (source.slots, dataset.keep_suffix)
        assert options.frames >= source.frames
        stores[options.out] = options
    for command in commands(name, "train"):
        config = trained(command)
        assert (config.data.dataset, config.data.queries) == (name, folder)
        assert stores[config.data.objects].slots == config.data.slots
        assert stores[config.data.objects].frames == config.model.frames
        assert config.model.object_size == 256
    assert set(stores) == {path for path, source in sources.items() if source.width != 2048}


def test_the_experiment_that_extracts_anew_shows_the_same_command() -> None:
    text = (ROOT / "experiments/tacos/LEORN-P-2304.yaml").read_text()
    (shown,) = re.findall(r"^# (leorn extract .+\\\n#.+)$", text, re.MULTILINE)
    wanted = [command for command in commands("tacos", "extract") if "objects-2304" in command]
    assert [parsed(command) for command in wanted] == [parsed(shown.replace("\\\n#", " "))]


@pytest.mark.parametrize("name", DATASETS)
def test_every_file_is_offered_once(name: PublishedName) -> None:
    dataset = DATASETS[name]
    offered = [file for offer in offers_of(dataset) for file in offer.files]
    files = {file for split in dataset.splits for file in split.files}
    assert sorted(offered) == sorted({*files, *(each.path for each in features_of(dataset)), VIDEOS, WORDS})
    for offer in offers_of(dataset):
        assert all(re.fullmatch(r"https?://[\w.-]+/[\w./~-]*", address) for address in (offer.page, *offer.downloads))


def test_paths_and_commands_are_those_of_the_folder() -> None:
    offer = Offer(("a.json", WORDS), "page", steps=("leorn extract {root}/videos", "a sentence"))
    found = offer.at(Path("/data of mine/tacos"))
    assert found.files == ("/data of mine/tacos/a.json", f"/data of mine/{WORDS}")
    assert found.steps == ("leorn extract '/data of mine/tacos'/videos", "a sentence")
    # a folder that is named by where one stands
    assert Offer((WORDS,), "page").at(Path(".")).files == (str(Path.cwd().parent / WORDS),)
    assert {field.name for field in fields(Offer) if getattr(found, field.name) == getattr(offer, field.name)} == {
        "page", "downloads", "size", "licence",
    }  # fmt: skip


@pytest.mark.parametrize("name", DATASETS)
def test_counts_are_those_of_the_published_files(name: PublishedName, shared: Path) -> None:
    dataset = DATASETS[name]
    every = []
    for split in dataset.splits:
        read = read_queries(shared / "data" / dataset.folder, name, split.name)
        videos = {query.video for query in read.queries}
        assert (len(read.queries), len(videos)) == (split.queries, split.videos)
        assert (read.clipped, read.dropped, len(read.dropped_queries)) == (split.clipped, split.dropped, split.dropped)
        every += read.queries
    assert len({query.video for query in every}) == dataset.videos
    assert len({word for query in every for word in words(query.text)}) == dataset.words


@pytest.mark.parametrize("name", DATASETS)
def test_known_words_are_those_of_glove(name: PublishedName, shared: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    try:
        glove = parquet.read_table(asset("glove-50.parquet"))["index"].to_pylist()
    except InputError as error:
        pytest.skip(str(error))
    read = read_queries(shared / "data" / DATASETS[name].folder, name)
    known = {word for query in read.queries for word in words(query.text)} & set(glove)
    assert len(known) == DATASETS[name].known_words
