"""The annotations of Charades: Charades-STA as published, split anew, and marked again by five people."""

import csv
import hashlib
import io
import reprlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from leorn.data.entries import Entry, described_videos, number_in, wanted_splits
from leorn.errors import InputError
from leorn.jsonlines import errors_at, positive, read_text, text_lines
from leorn.wording import counted

HELD_OUT = 10
"""One training video of Charades-STA in so many is for validation."""
CHARADES_CD_FILES = {"train": "train", "val": "val", "test-iid": "test_iid", "test-ood": "test_ood"}
"""The splits of Charades-CD, and what their files are called."""
REANNOTATED_FILES = ("test_00.csv", "test_01.csv", "test_02.csv")
REANNOTATED_COLUMNS = ("HITId", "video_id", "description", "start", "end")
PEOPLE = 5
"""So many marked each sentence anew."""

Row = tuple[str, Mapping[str, str]]
"""The place of a row of a CSV file, and the row."""


def parse_charades_sta(folder: Path, split: str | None) -> Iterator[Entry]:
    """Charades-STA (Gao et al., ICCV 2017): `video start end##sentence`, lengths in the CSV of Charades.

    There is no validation split: a tenth of the training videos, chosen by a hash of the id, is `val`.
    """
    wanted = wanted_splits(split, ("train", "val", "test"), "Charades-STA")
    for part in dict.fromkeys("test" if name == "test" else "train" for name in wanted):
        lengths_path, path = folder / f"Charades_v1_{part}.csv", folder / f"charades_sta_{part}.txt"
        durations = _durations(lengths_path)
        seen: Counter[str] = Counter()
        for where, line in text_lines(path, "annotations"):
            with errors_at(where):
                video, span, text = _line(line)
                duration = _duration(video, durations, lengths_path)
            own_split = "val" if part == "train" and _is_held_out(video) else part
            yield Entry(where, f"{video}#{seen[video]}", video, text, duration, (span,), own_split)
            seen[video] += 1


def parse_charades_cd(folder: Path, split: str | None) -> Iterator[Entry]:
    """Charades-CD (Yuan et al. 2021, "A Closer Look at Temporal Sentence Grounding in Videos"): times in seconds.

    Charades-STA split anew: moments of `test-iid` lie in the video as those of `train` do, those of `test-ood` do not.
    A sentence has the query id that it has in Charades-STA.
    """

    def timing(entry: Mapping[str, object]) -> tuple[float, float]:
        return positive(entry, "video_duration"), 1.0

    for part in wanted_splits(split, tuple(CHARADES_CD_FILES), "Charades-CD"):
        yield from described_videos(folder / f"charades_{CHARADES_CD_FILES[part]}.json", part, timing)


def parse_charades_sta_reannotated(folder: Path, split: str | None) -> Iterator[Entry]:
    """Test sentences of Charades-STA, each marked anew by five people (Otani et al., BMVC 2020, "Uncovering Hidden …").

    A query's moments are the five people's, in the order of the file. Times are percent of the video's length, which
    stands in the CSV of Charades. The task that a sentence was to these people is part of the query's id: no such id
    is one of Charades-STA.
    """
    for part in wanted_splits(split, ("test",), "the re-annotated Charades-STA"):
        lengths_path = folder / "Charades_v1_test.csv"
        durations = _durations(lengths_path)
        for name in REANNOTATED_FILES:
            rows = _csv_rows(folder / name, REANNOTATED_COLUMNS)
            for task, answers in groupby(rows, key=lambda row: row[1]["HITId"]):
                marked = list(answers)
                where, first = marked[0]
                video, text = first["video_id"].removesuffix(".mp4"), first["description"].strip()
                with errors_at(where):
                    duration = _duration(video, durations, lengths_path)
                yield Entry(where, f"{video}#{task}", video, text, duration, _marked_spans(marked, duration), part)


def _line(line: str) -> tuple[str, tuple[float, float], str]:
    head, mark, text = line.partition("##")
    fields = head.split()
    if not mark or len(fields) != 3:
        raise InputError(f"{reprlib.repr(line)}; expected 'video start end##sentence'")
    video, start, end = fields
    return video, (number_in(start, "start"), number_in(end, "end")), text.strip()


def _marked_spans(marked: Sequence[Row], duration_seconds: float) -> tuple[tuple[float, float], ...]:
    """Return what people marked for one sentence, in seconds."""
    question = marked[0][1]["video_id"], marked[0][1]["description"]
    spans = []
    for where, row in marked:
        with errors_at(where):
            if (row["video_id"], row["description"]) != question:
                raise InputError(f"{row['HITId']} is about another video or sentence than in the line before")
            start, end = number_in(row["start"], "start"), number_in(row["end"], "end")
            if not (0 <= start <= 100 and 0 <= end <= 100):
                raise InputError(f"start {start:g}, end {end:g}; expected percent of the video's length, 0 to 100")
        spans.append((start / 100 * duration_seconds, end / 100 * duration_seconds))
    if len(spans) != PEOPLE:
        where, row = marked[-1]
        raise InputError(f"{where}: {row['HITId']} ends after {counted(len(spans), 'moment')}; expected {PEOPLE}")
    return tuple(spans)


def _duration(video: str, durations: Mapping[str, float], path: Path) -> float:
    if video not in durations:
        raise InputError(f"video {video} is not in {path}; expected its length there")
    return durations[video]


def _durations(path: Path) -> dict[str, float]:
    durations = {}
    for where, row in _csv_rows(path, ("id", "length")):
        with errors_at(where):
            durations[row["id"]] = positive({"length": number_in(row["length"], "length")}, "length")
    return durations


def _csv_rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Give the named columns of each row; what a short row lacks is empty."""
    reader = csv.DictReader(io.StringIO(read_text(path, "annotations")))
    try:
        if not set(columns) <= set(reader.fieldnames or ()):
            expected = f"{', '.join(columns[:-1])} and {columns[-1]}"
            raise InputError(f"{path}:1: columns {', '.join(reader.fieldnames or ())}; expected {expected}")
        for row in reader:
            yield f"{path}:{reader.line_num}", {name: row[name] or "" for name in columns}
    except csv.Error as error:
        raise InputError(f"{path}: {error} after line {reader.line_num}; expected a CSV file") from error


def _is_held_out(video: str) -> bool:
    return int.from_bytes(hashlib.sha256(video.encode()).digest()) % HELD_OUT == 0
