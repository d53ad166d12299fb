"""Questions to the library."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request

from leorn.errors import InputError
from leorn.records import Moment
from leorn.retrieval.evidence import Answer
from leorn.retrieval.library import CANDIDATES, FoundMoment, Library, SearchResult
from leorn.serve.answers import Attended, Evidence, Explained, Found, Search, SeenFrame, SeenObject
from leorn.serve.catalogue import Entry, id_of
from leorn.serve.service import Served, Service, problems, unknown

Sentence = Annotated[str, Query(max_length=500, pattern=r"\S", description="What the moment shows.")]
TopK = Annotated[int, Query(ge=1, le=100, description="Moments to return, at most.")]
Pattern = Annotated[str | None, Query(max_length=200, description="Videos whose id or name fits, such as kitchen/*.")]
MOST_OBJECTS = 6
"""Objects of a frame that are told, those with the most attention."""

router = APIRouter(prefix="/api", tags=["search"])


@router.get("/search", responses=problems(401, 403, 404, 422, 503))
async def search(
    request: Request,
    served: Served,
    query: Sentence,
    top_k: TopK = 10,
    videos: Pattern = None,
    candidates: Annotated[int, Query(ge=1, le=200, description="Videos to look for moments in.")] = CANDIDATES,
) -> Search:
    """Find the moments that a sentence describes, in all videos."""
    check_pattern(served, videos)

    def work(library: Library) -> SearchResult:
        return library.search(query, top_k, videos=videos, candidates=candidates)

    result = await served.ask(request, work)
    return Search(
        query=result.query,
        found=result.found,
        threshold=result.threshold,
        known_words=result.known_words,
        moments=[_found(found) for found in result.moments],
    )


@router.get("/videos/{video_id}/evidence", responses=problems(401, 403, 404, 422, 503))
async def evidence(request: Request, served: Served, video_id: str, query: Sentence, top_k: TopK = 5) -> Evidence:
    """Find the moments of one video, with the score over time and what was looked at."""
    entry = served.entry(video_id)

    def work(library: Library) -> Evidence:
        return _evidence(library.explain(query, entry.video, top_k), entry, library)

    try:
        return await served.ask(request, work)
    except InputError as error:
        if served.catalogue.get(video_id) is None:
            # it has gone meanwhile
            raise unknown(video_id) from error
        raise


def check_pattern(served: Service, pattern: str | None) -> None:
    """See that some video has a name of a pattern.

    Raises:
        HTTPException: 404, none has.
    """
    if pattern is not None and not served.catalogue.has_match(pattern):
        raise HTTPException(404, f"videos {pattern[:80]!r}: no video of the library has such a name")


def _found(found: FoundMoment) -> Found:
    return Found(
        id=id_of(found.video),
        name=found.name,
        start_seconds=found.moment.start_seconds,
        end_seconds=found.moment.end_seconds,
        duration_seconds=found.duration_seconds,
        score=found.moment.score or 0.0,
        confidence=found.confidence,
        similarity=found.similarity,
        playable=bool(found.path),
    )


def _evidence(answer: Answer, entry: Entry, library: Library) -> Evidence:
    return Evidence(
        id=entry.id,
        name=entry.name,
        query=answer.query.text,
        duration_seconds=answer.query.duration_seconds,
        known_words=answer.known_words,
        threshold=library.threshold,
        moments=[_explained(answer, moment, library) for moment in answer.moments],
        curve=[round(float(score), 4) for score in answer.curve],
        frames=_frames(answer),
    )


def _explained(answer: Answer, moment: Moment, library: Library) -> Explained:
    return Explained(
        start_seconds=moment.start_seconds,
        end_seconds=moment.end_seconds,
        score=moment.score or 0.0,
        confidence=library.confidence(moment.score or 0.0),
        objects=[Attended(**told) for told in answer.objects_in(moment)],
    )


def _frames(answer: Answer) -> list[SeenFrame]:
    """Return what was looked at in each frame; the first weight is of the frame's context, and no object's."""
    video, frames = answer.video, []
    for row, time in enumerate(video.times_seconds.tolist()):
        weights = answer.weights[row, 1:]
        there = [slot for slot in (-weights).argsort(kind="stable").tolist() if video.labels[row, slot] >= 0]
        objects = [_object(answer, row, slot) for slot in there[:MOST_OBJECTS]]
        frames.append(SeenFrame(time_seconds=round(time, 3), objects=objects))
    return frames


def _object(answer: Answer, row: int, slot: int) -> SeenObject:
    video = answer.video
    label = video.label_names[int(video.labels[row, slot])]
    left, top, right, bottom = (round(float(side), 4) for side in video.boxes[row, slot])
    return SeenObject(
        label=label,
        box=(left, top, right, bottom),
        weight=round(float(answer.weights[row, 1 + slot]), 4),
        score=round(float(video.scores[row, slot]), 4),
        answers=answer.answers_to.get(label),
    )
