"""Handwritten annotations of Charades, in each of their formats."""

import json
from collections.abc import Callable
from pathlib import Path

CHARADES_LINES = """\
AAAAA 0.0 6.9##a person sits.
BBBBB 20.0 31.5##person plays on a phone.
AAAAA 8.0 7.0##person runs backwards.
AAAAA 40.0 50.0##person acts after the end.
"""
CHARADES_LENGTHS = "id,subject,length\nAAAAA,x,30.00\nBBBBB,y,31.50\n"
CHARADES_CD = {
    "AAAAA": {"video_duration": 30.5, "timestamps": [[0, 6.9], [20, 31]], "sentences": ["a person sits", "he runs "]},
    "BBBBB": {"video_duration": 8.0, "timestamps": [[8.5, 9]], "sentences": ["person plays"]},
}
PERCENT = [(10, 50), (10, 50), (0, 100), (20, 60), (5, 55)]


def write_charades(folder: Path, lines: str = CHARADES_LINES, lengths: str = CHARADES_LENGTHS) -> Path:
    for part in ("train", "test"):
        (folder / f"charades_sta_{part}.txt").write_text(
            lines.replace("AAAAA", f"{part}A").replace("BBBBB", f"{part}B")
        )
        (folder / f"Charades_v1_{part}.csv").write_text(
            lengths.replace("AAAAA", f"{part}A").replace("BBBBB", f"{part}B")
        )
    return folder


def write_charades_cd(folder: Path, content: object) -> Path:
    for split in ("train", "val", "test_iid", "test_ood"):
        (folder / f"charades_{split}.json").write_text(json.dumps(content))
    return folder


def write_reannotated(folder: Path, harm: Callable[[list[str]], list[str]] = list) -> Path:
    """Write two sentences that five people marked, in the first file after `harm` was done to its lines."""
    (folder / "Charades_v1_test.csv").write_text(CHARADES_LENGTHS)
    first = [f"TASK1,AAAAA.mp4,person eats a cake.,{start},{end}" for start, end in PERCENT]
    second = [f'TASK2,BBBBB.mp4,"person sits, then eats.",{start},{end}' for start, end in PERCENT]
    third = [f"TASK3,AAAAA.mp4,person eats a cake.,{start},{end}" for start, end in PERCENT]
    header = "HITId,video_id,description,start,end"
    for number, lines in enumerate((harm([*first, *second]), third, [line.replace("K3", "K4") for line in third])):
        (folder / f"test_0{number}.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder
