"""What the service answers, as OpenAPI tells it."""

from typing import Literal

from pydantic import BaseModel

TEXT = {"content": {"text/plain": {"schema": {"type": "string"}}}}


class Problem(BaseModel):
    """What went wrong, in a line: what, where, what would be right."""

    detail: str


class Found(BaseModel):
    """A moment of a video that a search found."""

    id: str
    name: str
    start_seconds: float
    end_seconds: float
    duration_seconds: float
    score: float
    confidence: float
    similarity: float
    playable: bool


class Search(BaseModel):
    """The answer to a search, the most confident moment first."""

    query: str
    found: bool
    threshold: float | None
    known_words: float
    moments: list[Found]


class Video(BaseModel):
    """A video of the library."""

    id: str
    name: str
    duration_seconds: float
    windows: int
    playable: bool
    uploaded: bool


class Videos(BaseModel):
    """Videos of the library, and sentences to begin with."""

    total: int
    videos: list[Video]
    examples: list[str]


class Attended(BaseModel):
    """A label, with the attention that its objects got."""

    label: str
    attention: float
    answers: str | None


class Explained(BaseModel):
    """A moment with what carried it."""

    start_seconds: float
    end_seconds: float
    score: float
    confidence: float
    objects: list[Attended]


class SeenObject(BaseModel):
    """An object of a frame: its box as left, top, right, bottom in 0..1 of the frame, its share of the attention."""

    label: str
    box: tuple[float, float, float, float]
    weight: float
    score: float
    answers: str | None


class SeenFrame(BaseModel):
    """A frame that the network saw."""

    time_seconds: float
    objects: list[SeenObject]


class Evidence(BaseModel):
    """The moments of one video, the score over time, and what was looked at."""

    id: str
    name: str
    query: str
    duration_seconds: float
    known_words: float
    threshold: float | None
    moments: list[Explained]
    curve: list[float]
    frames: list[SeenFrame]


class Job(BaseModel):
    """An upload on its way into the library."""

    job: str
    name: str
    state: Literal["waiting", "running", "done", "failed"]
    done: int
    total: int
    seconds_left: float | None
    video: str | None
    reason: str | None


class Jobs(BaseModel):
    """All uploads since the service started."""

    jobs: list[Job]


class Token(BaseModel):
    """What is asked of who is not on this machine."""

    token: str


class Health(BaseModel):
    """The service is there."""

    status: Literal["ok"]
    videos: int
