"""The picture of an answer, as a person draws it from Python."""

from pathlib import Path

import pytest

import leorn
from leorn.errors import InputError
from leorn.features import extract as extract_module
from tests.retrieval.test_retriever import CatDetector
from tests.videos import write_video


def test_an_answer_is_drawn_with_its_evidence(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract_module, "open_detector", lambda *names, **options: CatDetector())
    retriever = leorn.load(trained, detector="cats", device="cpu")
    video = write_video(tmp_path / "kitchen.mp4", 80)
    answer = retriever.explain(["A cat passes."], retriever.encode(video), top_k=1)[0]
    leorn.draw(answer, video, tmp_path / "pictures" / "answer.svg")
    picture = (tmp_path / "pictures" / "answer.svg").read_text()
    assert all(text in picture for text in ("A cat passes.", "kitchen", "cat", "person"))
    # four frames of the video, the attention and its scale
    assert picture.count("data:image/png") == 6
    with pytest.raises(InputError, match=r"no\.mp4: No such file"):
        leorn.draw(answer, tmp_path / "no.mp4", tmp_path / "answer.svg")
    with pytest.raises(InputError, match=r"answer\.gif"):
        leorn.draw(answer, video, tmp_path / "answer.gif")
