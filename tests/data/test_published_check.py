"""What is found of a data set: a small one in place of TACoS, whole and then harmed, and the real annotations."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from leorn.config import DataConfig, PyramidConfig
from leorn.data.corpus import open_corpus
from leorn.data.offers import Features, Offer, PublishedDataset, Split
from leorn.data.parts import Part, in_the_way
from leorn.data.published_check import check_published
from leorn.data.published_files import DATASETS, WORD_SIZE
from leorn.errors import InputError
from leorn.features.store_writer import write_store
from tests.objects import FINGERPRINT, objects_of

OFFER = Offer((), "https://page")
VIDEOS = ("a.avi", "b.avi", "c.avi", "d.avi", "e.avi")
OBJECTS = Features("objects.hdf5", 4, 3, 2, ("one",), replace(OFFER, files=("objects.hdf5",)))
SMALL = PublishedDataset(
    folder="small",
    splits=(
        Split("train", ("train.json",), queries=3, videos=3, clipped=1),
        Split("val", ("val.json",), queries=1, videos=1),
        Split("test", ("test.json",), queries=1, videos=1, dropped=1, clipped=1),
    ),
    videos=5,
    words=5,
    known_words=4,
    annotations=tuple(replace(OFFER, files=(f"{split}.json",)) for split in ("train", "val", "test")),
    objects=(OBJECTS, replace(OBJECTS, path="own", width=None, experiments=(), offer=replace(OFFER, files=("own",)))),
    video_files=replace(OFFER, files=("videos",)),
    frame_features=Features("c3d.hdf5", 1, 4, None, ("fusion",), replace(OFFER, files=("c3d.hdf5",))),
    keep_suffix=True,
)
SENTENCES = {"train": ["a cup", "a dog", "the cup"], "val": ["a dog"], "test": ["the xylograph"]}
SPLIT_VIDEOS = {"train": VIDEOS[:3], "val": VIDEOS[3:4], "test": VIDEOS[4:]}


def write_queries(root: Path) -> None:
    for split, videos in SPLIT_VIDEOS.items():
        rows = {
            video: {"timestamps": [[0, 50]], "sentences": [text], "fps": 10, "num_frames": 100}
            for video, text in zip(videos, SENTENCES[split], strict=True)
        }
        if split == "train":
            rows["c.avi"]["timestamps"] = [[0, 150]]
        if split == "test":
            rows["e.avi"]["timestamps"].append([200, 300])
            rows["e.avi"]["sentences"].append("after the end")
        (root / f"{split}.json").write_text(json.dumps(rows))


def write_words(path: Path, width: int = WORD_SIZE, names: tuple[str, ...] = ("a", "the", "cup", "dog")) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{name}{' 0.5' * width}\n" for name in names))


def write_hdf5(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    with h5py.File(path, "w") as file:
        for video, shape in shapes.items():
            file[video] = np.full(shape, 0.5, dtype=np.float32)


def write_own(root: Path, **lengths: float) -> None:
    """Write a store, of a width that no experiment has; a video is 10 s long where nothing else is said."""
    objects = [objects_of(video, frames=6, slots=4, width=9) for video in VIDEOS]
    right = [replace(each, duration_seconds=lengths.get(each.video[0], 10.0)) for each in objects]
    write_store(root / "own", right, FINGERPRINT)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that the small data set has to have; its own objects are not made."""
    monkeypatch.setitem(DATASETS, "tacos", SMALL)
    root = tmp_path / "small"
    (root / "videos").mkdir(parents=True)
    write_queries(root)
    write_words(tmp_path / "words/glove.6B.300d.txt")
    write_hdf5(root / "objects.hdf5", {video: (4, 2, 3 + 5) for video in VIDEOS})
    write_hdf5(root / "c3d.hdf5", {video: (7, 4) for video in VIDEOS})
    for video in VIDEOS:
        (root / "videos" / video).write_bytes(b"a video")
    return root


def check(root: Path) -> dict[str, Part]:
    return {part.name: part for part in check_published("tacos", root)}


def states(parts: dict[str, Part]) -> dict[str, str]:
    return {name: part.state for name, part in parts.items()}


def bad(parts: dict[str, Part]) -> list[str]:
    return [part.name for part in in_the_way(parts.values())]


HERE = {
    "queries: train": "here",
    "queries: val": "here",
    "queries: test": "here",
    "word vectors": "here",
    "objects: objects.hdf5": "here",
    "objects: own": "missing",
    "frame features: c3d.hdf5": "here",
    "videos": "here",
}


def test_a_whole_data_set_is_ready(root: Path) -> None:
    parts = check(root)
    assert states(parts) == HERE
    assert bad(parts) == []
    assert parts["queries: train"].found == "3 queries in 3 videos; 1 end clipped"
    assert parts["queries: test"].found == parts["queries: test"].expected
    assert parts["queries: test"].found == "1 query in 1 video; 1 end clipped; 1 empty dropped"
    assert parts["word vectors"].found == "4 of 5 words, width 300"
    assert parts["objects: objects.hdf5"].found == "5 of 5 videos"
    assert parts["objects: objects.hdf5"].expected == "5 videos, 4+ frames, 2+ objects, width 3"
    assert parts["videos"].expected == "5 videos (train 3, val 1, test 1)"
    # other objects stand in for one's own
    assert not any(part.offers or part.problem for part in parts.values())


def test_what_is_ready_can_be_read_for_training(root: Path) -> None:
    assert bad(check(root)) == []
    data = DataConfig(
        dataset="tacos",
        queries=str(root),
        objects=str(root / "objects.hdf5"),
        words=str(root.parent / "words/glove.6B.300d.txt"),
        frame_features=str(root / "c3d.hdf5"),
        slots=2,
    )
    model = PyramidConfig(object_size=3, frame_size=4, frames=4)
    corpus = open_corpus(data, model, ("train", "val", "test"))
    assert {split: len(queries) for split, queries in corpus.queries.items()} == {"train": 3, "val": 1, "test": 1}


def test_of_an_empty_disk_everything_is_missing_and_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS, "tacos", SMALL)
    parts = check(tmp_path / "nowhere/small")
    assert states(parts) == dict.fromkeys(HERE, "missing")
    assert bad(parts) == [name for name in HERE if name not in ("frame features: c3d.hdf5", "videos")]
    offered = [file for part in parts.values() for offer in part.offers for file in offer.files]
    names = ("train.json", "val.json", "test.json", "objects.hdf5", "own", "c3d.hdf5", "videos")
    wanted = [f"{tmp_path}/nowhere/small/{name}" for name in names]
    wanted.insert(3, f"{tmp_path}/nowhere/words/glove.6B.300d.txt")
    assert offered == wanted


@pytest.mark.parametrize("name", ["frame features: c3d.hdf5", "videos"])
def test_what_not_every_training_needs_may_be_missing(root: Path, name: str) -> None:
    path = Path(check(root)[name].path)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    parts = check(root)
    assert states(parts) == HERE | {name: "missing"}
    assert parts[name].offers
    assert bad(parts) == []


def test_own_objects_are_enough(root: Path) -> None:
    (root / "objects.hdf5").unlink()
    assert bad(check(root)) == ["objects: objects.hdf5", "objects: own"]
    write_own(root)
    parts = check(root)
    assert states(parts) == HERE | {"objects: objects.hdf5": "missing", "objects: own": "here"}
    assert bad(parts) == []


def shorten(name: str, to: float) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        content = (root / name).read_bytes()
        (root / name).write_bytes(content[: int(len(content) * to)])

    return apply


def lose_a_sentence(root: Path) -> None:
    rows = json.loads((root / "train.json").read_text())
    del rows["a.avi"]
    (root / "train.json").write_text(json.dumps(rows))


def lack_videos(root: Path) -> None:
    write_hdf5(root / "objects.hdf5", {"c.avi": (4, 2, 8), "x.avi": (4, 2, 8)})


def misshape_videos(root: Path) -> None:
    shapes: list[tuple[int, ...]] = [(3, 2, 8), (4, 1, 8), (4, 2, 7), (5, 3, 8), (4, 2, 8)]
    write_hdf5(root / "objects.hdf5", dict(zip(VIDEOS, shapes, strict=True)))


def spoil_a_value(root: Path) -> None:
    with h5py.File(root / "objects.hdf5", "a") as file:
        file["b.avi"][0, 0, 0] = np.nan


def lose_a_shard(root: Path) -> None:
    write_own(root)
    (shard,) = (root / "own").glob("*.h5")
    shard.unlink()


def narrow_frames(root: Path) -> None:
    write_hdf5(root / "c3d.hdf5", {video: (7, 5 if video == "d.avi" else 4) for video in VIDEOS})


@pytest.mark.parametrize(
    ("harm", "name", "found", "problem"),
    [
        (shorten("val.json", 0.5), "queries: val", "cannot be read", "{root}/val.json: not JSON, or truncated"),
        (shorten("val.json", 0), "queries: val", "cannot be read", "{root}/val.json: the file is empty"),
        (
            lose_a_sentence,
            "queries: train",
            "2 queries in 2 videos; 1 end clipped",
            "{root}: train.json, split train: 2 queries in 2 videos; 1 end clipped; "
            "expected 3 queries in 3 videos; 1 end clipped",
        ),
        (
            shorten("../words/glove.6B.300d.txt", 0.9),
            "word vectors",
            "cannot be read",
            "{root.parent}/words/glove.6B.300d.txt:4: ",
        ),
        (
            shorten("../words/glove.6B.300d.txt", 0.75),
            "word vectors",
            "3 of 5 words, width 300",
            "{root.parent}/words/glove.6B.300d.txt: 3 of 5 words, width 300; expected 4 of 5 words, width 300",
        ),
        (
            lambda root: write_words(root / "../words/glove.6B.300d.txt", width=50),
            "word vectors",
            "4 of 5 words, width 50",
            "{root.parent}/words/glove.6B.300d.txt: 4 of 5 words, width 50; expected 4 of 5 words, width 300",
        ),
        (
            shorten("objects.hdf5", 0.5),
            "objects: objects.hdf5",
            "cannot be read",
            "{root}/objects.hdf5: cannot be read as HDF5",
        ),
        (
            lack_videos,
            "objects: objects.hdf5",
            "1 of 5 videos",
            "{root}/objects.hdf5: 4 videos not in it: a.avi, b.avi, d.avi, and 1 more",
        ),
        (
            misshape_videos,
            "objects: objects.hdf5",
            "2 of 5 videos",
            "{root}/objects.hdf5: 3 videos of no use: a.avi, b.avi, c.avi; "
            "the first: shape (3, 2, 3), expected 4+ frames, 2+ objects, width 3",
        ),
        (
            spoil_a_value,
            "objects: objects.hdf5",
            "4 of 5 videos",
            "{root}/objects.hdf5: 1 video of no use: b.avi; the first: {root}/objects.hdf5: video b.avi: ",
        ),
        (
            lose_a_shard,
            "objects: own",
            "0 of 5 videos",
            "{root}/own: 5 videos of no use: a.avi, b.avi, c.avi, and 2 more; the first: "
            "{root}/own/objects-00000.h5: no such file",
        ),
        (
            # 2% is what containers and annotations differ by
            lambda root: write_own(root, a=9.81, b=9.7, c=11),
            "objects: own",
            "3 of 5 videos",
            "{root}/own: 2 videos of no use: b.avi, c.avi; the first: 9.7 s long, by the annotations 10 s",
        ),
        (
            narrow_frames,
            "frame features: c3d.hdf5",
            "4 of 5 videos",
            "{root}/c3d.hdf5: 1 video of no use: d.avi; the first: shape (7, 5), expected width 4",
        ),
    ],
)
def test_what_is_wrong_is_named(root: Path, harm: Callable[[Path], None], name: str, found: str, problem: str) -> None:
    harm(root)
    parts = check(root)
    part = parts[name]
    assert (part.state, part.found) == ("wrong", found)
    assert part.problem is not None
    assert part.problem.startswith(problem.format(root=root))
    assert part.offers
    assert states(parts) == HERE | {name: "wrong"}
    # no other objects are there in the place of those
    assert bad(parts) == [name, *["objects: own"] * (name == "objects: objects.hdf5")]


def test_videos_that_are_not_there_are_named(root: Path) -> None:
    for video in ("b.avi", "c.avi", "d.avi", "e.avi"):
        (root / "videos" / video).unlink()
    part = check(root)["videos"]
    assert (part.state, part.found) == ("missing", "1 of 5 videos")
    assert part.problem == f"{root}/videos: no file of b.avi, c.avi, d.avi, and 1 more"
    # one folder deeper they are videos of other names
    shutil.copytree(root / "videos", root / "videos/unpacked")
    (root / "videos/a.avi").unlink()
    assert check(root)["videos"].found == "0 of 5 videos"
    shutil.rmtree(root / "videos/unpacked")
    part = check(root)["videos"]
    assert (part.state, part.found) == ("missing", "nothing to use")
    assert part.problem is not None
    assert part.problem.startswith(f"{root}/videos: holds no video; expected files ending in .3gp, .avi, ")


def test_without_queries_nothing_is_compared_with_them(root: Path) -> None:
    for split in ("train", "val", "test"):
        (root / f"{split}.json").unlink()
    parts = check(root)
    assert states(parts) == HERE | dict.fromkeys(("queries: train", "queries: val", "queries: test"), "missing")
    assert parts["queries: val"].found == "no val.json"
    assert parts["objects: objects.hdf5"].found == "5 videos, not compared, without queries"
    assert parts["word vectors"].found == "not looked into, without queries"
    assert parts["videos"].found == "5 videos, not compared, without queries"


def test_with_some_queries_their_videos_and_words_are_looked_for(root: Path) -> None:
    (root / "test.json").unlink()
    write_words(root / "../words/glove.6B.300d.txt", names=("a", "cup"))
    write_hdf5(root / "objects.hdf5", {video: (4, 2, 8) for video in VIDEOS[:4]})
    parts = check(root)
    assert states(parts) == HERE | {"queries: test": "missing"}
    assert parts["objects: objects.hdf5"].found == "4 of 4 videos"
    assert parts["word vectors"].found == "2 of 4 words, width 300"


def test_progress_is_told_of_all_videos(root: Path) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    check_published("tacos", root, lambda what: lambda done, total: told.setdefault(what, []).append((done, total)))
    every = [(done, 5) for done in range(1, 6)]
    assert told == {
        "reading glove.6B.300d.txt": [(0, 1), (1, 1)],
        "looking at objects.hdf5": every,
        "looking at c3d.hdf5": every,
    }


def test_a_link_to_a_data_set_has_its_words_beside_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/small").symlink_to(root)
    parts = check(tmp_path / "data/small")
    assert states(parts) == HERE | {"word vectors": "missing"}
    assert parts["word vectors"].path == str(tmp_path / "data/words/glove.6B.300d.txt")


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    for name in ("file", "link"):
        with pytest.raises(InputError, match=f"{name}: no folder; expected that of tacos, such as data/tacos"):
            check_published("tacos", tmp_path / name)
    with pytest.raises(InputError, match="data set 'didemo' is unknown; expected one of charades-sta, tacos"):
        check_published("didemo", tmp_path)  # pyrefly: ignore[bad-argument-type]


def test_the_published_charades_sta_is_recognised_and_its_files_are_told_apart(shared: Path, tmp_path: Path) -> None:
    root = tmp_path / "charades_sta"
    shutil.copytree(shared / "data/charades_sta", root, copy_function=lambda source, to: Path(to).symlink_to(source))
    parts = {part.name: part for part in check_published("charades-sta", root)}
    assert [part.state for part in parts.values()] == ["here"] * 3 + ["missing"] * 5
    assert parts["queries: train"].found == "11,189 queries in 4,806 videos; 1,640 ends clipped; 4 empty dropped"
    # the last ten lines are lost: of training videos, some of which are for validation
    lines = (root / "charades_sta_train.txt").read_text().splitlines(keepends=True)
    (root / "charades_sta_train.txt").unlink()
    (root / "charades_sta_train.txt").write_text("".join(lines[:-10]))
    (root / "Charades_v1_test.csv").unlink()
    parts = {part.name: part for part in check_published("charades-sta", root)}
    assert parts["queries: train"].state == "wrong"
    assert parts["queries: test"].found == "no Charades_v1_test.csv"
    (offer,) = parts["queries: test"].offers
    assert offer.downloads == ("https://ai2-public-datasets.s3-us-west-2.amazonaws.com/charades/Charades.zip",)
