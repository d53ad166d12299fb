"""What a search of many videos is worth: recall over a corpus, and whether it knows what is not there.

Corpus recall counts an answer that is in the right video and overlaps a moment there (Escorcia et al. 2019, "Temporal
Localization of Moments in Video Collections with Natural Language"; Lei et al., ECCV 2020, TVR). Letters of shapes:
Q queries, K answers, A answers of all kinds.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from leorn.errors import InputError
from leorn.records import Moment, Query
from leorn.restore import restore
from leorn.scoring.calibration import reliability
from leorn.scoring.metrics import overlaps, spans_of
from leorn.scoring.ranking import hits
from leorn.scoring.scaling import auroc

RECALLS = (1, 10, 100)
IOUS = (0.5, 0.7)
RIGHT = 0.5
"""A first answer is right whose IoU is above it."""

Found = tuple[str, tuple[float, float]]
"""A video, and start and end in it in seconds."""
Target = Mapping[str, tuple[Moment, ...]]
"""Videos that show what a sentence says, with the moments there."""


@dataclass(frozen=True)
class SearchRun:
    """What `leorn evaluate-search` measured, with what it depends on; the keys of its JSON.

    Attributes:
        library: its folder.
        videos: that it holds.
        windows: that it holds.
        network: what finds the moments.
        encoder: what recalls windows.
        candidates: videos that moments were looked for in.
        queries: asked of the library, and of the library without the videos that the sentence is about.
        absent: sentences from elsewhere that were asked; 0 for none.
        seed: of the draw of queries, where not all were asked.
        metrics: figure → percent, but for AUROC and the calibration error, which are 0 to 1.
    """

    library: str
    videos: int
    windows: int
    network: str
    encoder: str
    candidates: int
    queries: int
    absent: int
    seed: int
    metrics: Mapping[str, float]


def restore_search(values: object, where: str) -> SearchRun:
    """Make a run of the content of a JSON file of `leorn evaluate-search`.

    Raises:
        InputError: another form; `where` names the place.
    """
    return restore(SearchRun, values, where)


def targets(queries: Sequence[Query], every: Sequence[Query]) -> list[Target]:
    """Return what each query is to find: its own moments, and those of queries that say the same of other videos.

    Args:
        queries: that are asked.
        every: all that is known of the library's videos, these queries among it.
    """
    said: defaultdict[str, dict[str, tuple[Moment, ...]]] = defaultdict(dict)
    for query in every:
        here = said[query.text]
        here[query.video] = here.get(query.video, ()) + query.moments
    return [said[query.text] for query in queries]


def corpus_recall(
    answers: Sequence[Sequence[Found]],
    wanted: Sequence[Target],
    recalls: Sequence[int] = RECALLS,
    ious: Sequence[float] = IOUS,
) -> dict[str, float]:
    """Return R@k of the moment at each IoU, and of the video alone, in percent.

    Args:
        answers: of each query, best first; several may be in one video.
        wanted: what each is to find.
        recalls: how many answers to look at.
        ious: what a hit must exceed.

    Returns:
        `R@k,IoU>m` and `R@k,video`.

    Raises:
        InputError: no query, or not one list of answers for each.
    """
    if not wanted or len(wanted) != len(answers):
        raise InputError(f"answers to {len(answers)} queries; expected those to {len(wanted)}, one or more")
    most = max(recalls)
    right = np.zeros((len(wanted), most))
    own = np.zeros((len(wanted), most), dtype=bool)
    for row, (found, target) in enumerate(zip(answers, wanted, strict=True)):
        for place, (video, span) in enumerate(found[:most]):
            if video in target:
                own[row, place] = True
                right[row, place] = overlaps(np.array([span]), spans_of(target[video]))[0]
    table = {f"R@{k},IoU>{iou}": hits(right, iou)[:, :k].any(axis=1) for iou in ious for k in recalls}
    table |= {f"R@{k},video": own[:, :k].any(axis=1) for k in recalls}
    return {name: 100 * float(found.mean()) for name, found in table.items()}


def is_right(found: Found, target: Target) -> bool:
    """Say whether an answer is in a video that shows what is asked for, and overlaps a moment there."""
    video, span = found
    return video in target and bool(hits(overlaps(np.array([span]), spans_of(target[video])), RIGHT)[0])


@dataclass(frozen=True, eq=False)
class Confident:
    """The confidences of the best answers to some sentences, and whether each was said to be found.

    A search that gives no answer at all has confidence 0.
    """

    confidences: Float[np.ndarray, "Q"]
    found: Bool[np.ndarray, "Q"]

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, bool]]) -> "Confident":
        """Make it of a confidence and a word for each sentence."""
        return cls(np.array([one for one, _ in pairs]), np.array([said for _, said in pairs], dtype=bool))

    @property
    def rejected(self) -> float:
        """Percent of the sentences that were said not to be found; 0 where there is none."""
        return 100 * float((~self.found).mean()) if len(self.found) else 0.0


def rejection(
    there: Confident, right: Bool[np.ndarray, "Q"], gone: Confident, absent: Confident | None = None
) -> dict[str, float]:
    """Return how well what is there is told from what is not, by the best answers' confidences.

    Args:
        there: answers to queries whose video is in the library.
        right: (Q,) whether these are right.
        gone: answers to those of the queries that leave videos to ask, of the library without what they are about.
        absent: answers to sentences from elsewhere.

    Returns:
        Percent rejected of each kind, AUROC of those that are there against each of the others, and the expected
        calibration error of the first answers to all queries of the library's own, with their video and without.
        Nothing is said of a kind of which there is none.
    """
    both = np.concatenate([there.confidences, gone.confidences])
    error = reliability(np.clip(both, 0, 1).tolist(), np.concatenate([right, np.zeros(len(gone.found), bool)]))
    missing = {"video gone": gone, "from elsewhere": absent}
    asked = {name: answers for name, answers in missing.items() if answers is not None and len(answers.found)}
    figures = {"rejected, video there": there.rejected}
    figures |= {f"rejected, {name}": answers.rejected for name, answers in asked.items()}
    figures |= {f"AUROC, {name}": _area(there, answers) for name, answers in asked.items()}
    return figures | {"calibration error": 0.0 if error is None else error.expected_calibration_error}


def _area(there: Confident, missing: Confident) -> float:
    confidences = np.concatenate([there.confidences, missing.confidences])
    area = auroc(confidences, np.arange(len(confidences)) < len(there.confidences))
    return 0.5 if area is None else area
