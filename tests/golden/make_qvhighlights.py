"""Make qvhighlights.json: random queries and submissions with the figures of QVHighlights' published script.

python tests/golden/make_qvhighlights.py FOLDER

FOLDER holds the script's `standalone_eval/`, which is not part of this repository: eval.py of
github.com/jayleicn/moment_detr at commit 2fa9e32e, utils.py as the fork MonsisGit/moment_detr has it. Only the moment
retrieval was run. Times lie on a grid of 2 s, as QVHighlights has them, so that IoUs equal thresholds and each other;
the answers to half of the queries are moved off it a little. Scores have one decimal, so that they tie.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

QUERIES = 200
MOST_ANSWERS = 13
STEP = 2.0
GOLDEN = Path(__file__).with_name("qvhighlights.json")

Window = list[float]


def make_windows(random: Random, duration: float) -> list[Window]:
    """Return one to five moments of many lengths; some overlap, and some are two halves."""
    count = random.choice([1, 1, 1, 2, 2, 3, 5])
    kind = random.random()
    if kind < 0.1:
        length = STEP * random.randint(1, 12)
        return [[part * length, (part + 1) * length] for part in range(2)]
    if kind < 0.4:
        return [make_window(random, duration) for _ in range(count)]
    cuts = sorted(random.sample(range(int(duration / STEP) + 1), 2 * count))
    return [[start * STEP, end * STEP] for start, end in zip(cuts[::2], cuts[1::2], strict=True)]


def make_window(random: Random, duration: float) -> Window:
    """Return a moment, the short ones as likely as the long ones."""
    length = STEP * max(1, round(random.choice([8, 25, 80, 200]) * random.random() / STEP))
    start = STEP * random.randint(0, max(0, int((duration - length) / STEP)))
    return [start, min(start + length, duration)]


def make_answers(random: Random, windows: list[Window], duration: float, off: float) -> list[Window]:
    """Return scored answers, best first: the query's moments moved a little or joined, repeated ones, any others."""
    answers: list[Window] = []
    for _ in range(random.randint(1, MOST_ANSWERS)):
        start, end = random.choice(answers)[:2] if answers and random.random() < 0.1 else random.choice(windows)
        shift = random.choice([0, 0, 1, 2, 4])
        start = max(0.0, start + STEP * random.randint(-shift, shift))
        end = min(duration, end + STEP * random.randint(-shift, shift))
        if random.random() < 0.1:
            start, end = min(start for start, _ in windows), max(end for _, end in windows)
        elif start >= end or random.random() < 0.4:
            start, end = make_window(random, duration)
        start, end = max(0.0, start + off * random.random()), min(duration, end - off * random.random())
        answers.append([start, end, round(random.random(), 1)])
    return sorted(answers, key=lambda answer: -answer[2])


def published_figures(folder: Path, truth: list[dict[str, object]], submission: list[dict[str, object]]) -> object:
    """Run the published script, and return what it calls brief."""
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name, part) for part in ("truth", "submission", "figures")]
        for path, rows in zip(paths, (truth, submission), strict=False):
            path.write_text("\n".join(map(json.dumps, rows)))
        options = ["--gt_path", paths[0], "--submission_path", paths[1], "--save_path", paths[2], "--not_verbose"]
        command = [sys.executable, "-m", "standalone_eval.eval", *map(str, options)]
        subprocess.run(command, check=True, cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)})
        return json.loads(paths[2].read_text())["brief"]


def main() -> None:
    """Write the golden file."""
    random = Random(2021)
    truth, submission = [], []
    for number in range(QUERIES):
        duration = random.choice([150.0, 150.0, 210.0])
        windows = make_windows(random, duration)
        row = {"qid": number, "vid": f"v{number % 70}"}
        truth.append(row | {"query": "q", "duration": duration, "relevant_windows": windows})
        submission.append(
            row | {"pred_relevant_windows": make_answers(random, windows, duration, random.choice([0.0, 0.05]))}
        )
    figures = published_figures(Path(sys.argv[1]), truth, submission)
    parts = {"truth": in_lines(truth), "submission": in_lines(submission), "figures": json.dumps(figures)}
    GOLDEN.write_text("{" + ",\n".join(f'"{name}": {part}' for name, part in parts.items()) + "}\n")


def in_lines(rows: list[dict[str, object]]) -> str:
    """Return a list as JSON, a line each."""
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"


if __name__ == "__main__":
    main()
