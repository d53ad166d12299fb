"""What the experiments on published data sets read: which files, where each lies, what is in it, and who offers it."""

from leorn.data.offers import WORDS, Features, Offer, PublishedDataset, PublishedName, Split

WORD_SIZE = 300
VIDEOS = "videos"
DETECTOR_SIZE = 256
"""Width of the features of one's own extraction."""

_EXTRACT = "leorn extract {root}/videos --detector hf:PekingU/rtdetr_v2_r50vd --features appearance"
_LEORN = "https://github.com/CFM-MSG/Code_LEORN"
_CHARADES = "https://prior.allenai.org/projects/charades"
_CHARADES_FILES = "https://ai2-public-datasets.s3-us-west-2.amazonaws.com/charades"
_DRIVE = "https://drive.google.com/file/d"
_TAN = "https://github.com/microsoft/VideoX/tree/master/2D-TAN"
_TAN_FILES = "https://raw.githubusercontent.com/microsoft/VideoX/master/2D-TAN/data"
_QVHIGHLIGHTS = "https://github.com/jayleicn/moment_detr/tree/main/data"
_QVHIGHLIGHTS_FILES = "https://raw.githubusercontent.com/jayleicn/moment_detr/main/data"
_SPLIT_FILES = ("train.json", "val.json", "test.json")
_CHARADES_TRAIN = ("charades_sta_train.txt", "Charades_v1_train.csv")
_CHARADES_TEST = ("charades_sta_test.txt", "Charades_v1_test.csv")
_FLAT = "the video files lie in videos/ itself, in no folder inside"


def _detected(slots: int, experiments: tuple[str, ...], *steps: str) -> Features:
    """Objects of the published form: those of the object detector that LEORN was published with."""
    return Features("objects.hdf5", 256, 2048, slots, experiments, Offer(("objects.hdf5",), _LEORN, steps=steps))


def _published(slots: int, *experiments: str) -> Features:
    return _detected(
        slots,
        experiments,
        "the published code reads HDF5 files of such objects, and does not say where they can be had",
        "whoever has them puts the videos of all splits into one file",
    )


def _unpublished(*experiments: str) -> Features:
    return _detected(18, experiments, "LEORN was not published on this data set: extract objects of your own")


def _extracted(path: str, slots: int, frames: int, options: str, *experiments: str, told: str = "") -> Features:
    """Objects of one's own extraction, and how an experiment is told to read them where it does not anyway."""
    train = f"leorn train --config {told} --data.objects {{root}}/{path} --model.object_size {DETECTOR_SIZE}"
    steps = (
        "made from the videos; pip install 'leorn[video,transformers]' adds what that needs",
        f"{_EXTRACT} --out {{root}}/{path} --slots {slots} {options}",
    )
    offer = Offer((path,), "https://huggingface.co/PekingU/rtdetr_v2_r50vd", steps=(*steps, train) if told else steps)
    # whoever tells an experiment can tell it the width of another detector's features too
    return Features(path, frames, None if told else DETECTOR_SIZE, slots, experiments, offer)


GLOVE = Offer(
    (WORDS,),
    "https://nlp.stanford.edu/projects/glove/",
    ("https://nlp.stanford.edu/data/wordvecs/glove.6B.zip",),
    "822 MB",
    "PDDL",
    ("unpack glove.6B.300d.txt",),
)

DATASETS: dict[PublishedName, PublishedDataset] = {
    "charades-sta": PublishedDataset(
        folder="charades_sta",
        # train and val are read from the same files
        splits=(
            Split("train", _CHARADES_TRAIN, queries=11_189, videos=4_806, clipped=1_640, dropped=4),
            Split("val", _CHARADES_TRAIN, queries=1_215, videos=530, clipped=165),
            Split("test", _CHARADES_TEST, queries=3_720, videos=1_334, clipped=562),
        ),
        videos=6_670,
        words=1_271,
        known_words=1_236,
        annotations=(
            Offer(
                ("charades_sta_train.txt",),
                "https://github.com/jiyanggao/TALL",
                (f"{_DRIVE}/1ZjG7wJpPSMIBYnW7BAG2u9VVEoNvFm5c/view",),
            ),
            Offer(
                ("charades_sta_test.txt",),
                "https://github.com/jiyanggao/TALL",
                (f"{_DRIVE}/1QG4MXFkoj6JFU0YK5olTY75xTARKSW5e/view",),
            ),
            Offer(
                ("Charades_v1_train.csv", "Charades_v1_test.csv"),
                _CHARADES,
                (f"{_CHARADES_FILES}/Charades.zip",),
                "3 MB",
                "non-commercial",
                ("unpack the two files",),
            ),
        ),
        objects=(
            _published(18, "LEORN-64x64-K9L4", "LEORN-64x64-K9L4-fusion", "LEORN-P-256", "LEORN-P-256-fusion"),
            _extracted(
                "objects", 18, 256, "--frames 256 --min_score 0.1", told="experiments/charades/LEORN-64x64-K9L4.yaml"
            ),
        ),
        video_files=Offer(
            (VIDEOS,),
            _CHARADES,
            (f"{_CHARADES_FILES}/Charades_v1_480.zip",),
            "16 GB, 13 by the page",
            "non-commercial",
            (_FLAT,),
        ),
        frame_features=Features(
            "i3d.hdf5",
            frames=1,
            width=1024,
            slots=None,
            experiments=("LEORN-64x64-K9L4-fusion", "LEORN-P-256-fusion"),
            offer=Offer(
                ("i3d.hdf5",),
                "https://github.com/JonghwanMun/LGI4temporalgrounding",
                ("http://cvlab.postech.ac.kr/research/LGI/charades_data.tar.gz",),
                steps=(
                    "a file VIDEO.npy for each video: each becomes the dataset VIDEO of i3d.hdf5, (rows, 1024)",
                    "which I3D features LEORN's published figures rest on is not stated",
                ),
            ),
        ),
    ),
    "tacos": PublishedDataset(
        folder="tacos",
        splits=(
            Split("train", ("train.json",), queries=9_790, videos=75, clipped=43),
            Split("val", ("val.json",), queries=4_436, videos=27),
            Split("test", ("test.json",), queries=4_001, videos=25, clipped=5),
        ),
        videos=127,
        words=1_951,
        known_words=1_867,
        annotations=tuple(Offer((name,), _TAN, (f"{_TAN_FILES}/TACoS/{name}",)) for name in _SPLIT_FILES),
        objects=(
            _published(36, "LEORN-128x128-K5L8", "LEORN-128x128-K5L8-fusion"),
            _extracted("objects-2304", 36, 1, "--frames 2304 --rate 4 --keep-suffix", "LEORN-P-2304"),
            _extracted(
                "objects", 36, 256, "--frames 256 --keep-suffix", told="experiments/tacos/LEORN-128x128-K5L8.yaml"
            ),
        ),
        video_files=Offer(
            (VIDEOS,),
            "https://www.mpi-inf.mpg.de/departments/computer-vision-and-machine-learning/research/"
            "human-activity-recognition/mpii-cooking-2-dataset",
            steps=("TACoS is about videos of MPII Cooking 2", _FLAT),
        ),
        frame_features=Features(
            "c3d.hdf5",
            frames=1,
            width=4096,
            slots=None,
            experiments=("LEORN-128x128-K5L8-fusion",),
            offer=Offer(
                ("c3d.hdf5",),
                _TAN,
                ("https://rochester.box.com/s/8znalh6y5e82oml2lr7to8s6ntab6mav",),
                steps=("tall_c3d_features.hdf5 becomes c3d.hdf5",),
            ),
        ),
        keep_suffix=True,
    ),
    "activitynet-captions": PublishedDataset(
        folder="activitynet_captions",
        splits=(
            Split("train", ("train.json",), queries=37_417, videos=10_009, clipped=29, dropped=4),
            Split("val", ("val.json",), queries=17_505, videos=4_917, clipped=5),
            Split("test", ("test.json",), queries=17_031, videos=4_885, clipped=1),
        ),
        videos=14_926,
        words=13_707,
        known_words=12_519,
        annotations=tuple(Offer((name,), _TAN, (f"{_TAN_FILES}/ActivityNet/{name}",)) for name in _SPLIT_FILES),
        objects=(
            _unpublished("LEORN-64x64-K9L4"),
            _extracted(
                "objects", 18, 256, "--frames 256 --min_score 0.1", told="experiments/activitynet/LEORN-64x64-K9L4.yaml"
            ),
        ),
        video_files=Offer((VIDEOS,), "http://activity-net.org/", steps=(_FLAT, "a file is named as its id, v_….mp4")),
    ),
    "qvhighlights": PublishedDataset(
        folder="qvhighlights",
        # those of its test split have no published moments
        splits=(
            Split("train", ("highlight_train_release.jsonl",), queries=7_218, videos=7_100),
            Split("val", ("highlight_val_release.jsonl",), queries=1_550, videos=1_519),
        ),
        videos=8_619,
        words=6_471,
        known_words=6_189,
        annotations=tuple(
            Offer((name,), _QVHIGHLIGHTS, (f"{_QVHIGHLIGHTS_FILES}/{name}",), licence="CC BY-NC-SA 4.0")
            for name in ("highlight_train_release.jsonl", "highlight_val_release.jsonl")
        ),
        objects=(
            _unpublished("LEORN-64x64-K9L4"),
            _extracted(
                "objects",
                18,
                256,
                "--frames 256 --min_score 0.1",
                told="experiments/qvhighlights/LEORN-64x64-K9L4.yaml",
            ),
        ),
        video_files=Offer(
            (VIDEOS,),
            _QVHIGHLIGHTS,
            ("https://nlp.cs.unc.edu/data/jielei/qvh/qvhilights_videos.tar.gz",),
            steps=(_FLAT,),
        ),
    ),
}
"""Each published data set.

Its counts are those of the published files as they are read here, and of GloVe 6B's 400,000 words.
"""
