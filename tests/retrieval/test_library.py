"""Searching a library, with a detector that knows what is in its videos."""

import json
from pathlib import Path

import pytest

from leorn.cli import main
from leorn.errors import InputError
from leorn.features.store import FeatureStore
from leorn.files import write_text
from leorn.retrieval.library import Library
from tests.libraries import FRAMES, index

pytest.importorskip("av")
pytest.importorskip("lancedb")


def test_a_search_finds_moments_in_all_videos_best_first(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "library")
    library = Library(tmp_path / "library")
    found = library.search("a person takes the cup", top_k=6).moments
    assert len(found) == 6
    confidences = [one.confidence for one in found]
    assert confidences == sorted(confidences, reverse=True)
    # each video's moments are those of the retriever alone
    for video in FRAMES:
        store = FeatureStore(tmp_path / "library/objects")
        assert library._retriever is not None
        prepared = library._retriever.prepare(store.read(video), store.fingerprint)
        own = library._retriever.find("a person takes the cup", prepared, 6)
        here = [one.moment for one in found if one.video == video]
        for moment, alone in zip(here, own, strict=False):
            assert (*moment.span, moment.score) == pytest.approx((*alone.span, alone.score), abs=1e-5)
    assert {one.video for one in library.search("cup", videos="kitchen/*").moments} == {"kitchen/c"}
    assert len({one.video for one in library.search("cup", top_k=50, candidates=1).moments}) == 1
    nearest = library.search("cup", top_k=50, candidates=1).moments[0]
    everything = library.search("cup", top_k=50).moments
    assert nearest.similarity == max(one.similarity for one in everything)


def test_what_cannot_be_searched_for_is_said(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "library")
    library = Library(tmp_path / "library")
    with pytest.raises(InputError, match="the sentence is empty"):
        library.search(" ")
    with pytest.raises(InputError, match=r"top_k is 0, candidates is 20; expected 1 or more"):
        library.search("cup", top_k=0)
    with pytest.raises(InputError, match=r"videos x\*: no video of the library has such a name"):
        library.search("cup", videos="x*")
    with pytest.raises(InputError, match=r"library.json: No such file or directory; expected a library"):
        Library(tmp_path)


def test_a_library_of_another_kind_in_its_place_is_not_taken_up(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "library")
    library = Library(tmp_path / "library")
    manifest = json.loads((tmp_path / "library/library.json").read_text())
    write_text(tmp_path / "library/library.json", json.dumps(manifest | {"encoder": "hf:other"}))
    for _ in range(2):
        with pytest.raises(InputError, match="was made anew, in another way; expected to be opened again"):
            library.refresh()
    write_text(tmp_path / "library/library.json", json.dumps(manifest))
    assert library.refresh()


def test_from_the_shell(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = str(tmp_path / "library")
    main(["index", str(folder), "--library", library])
    assert capsys.readouterr().out.splitlines()[-1] == f"{library}: 3 videos new or changed, 0 as before, 0 gone"
    main(["search", library, "the cup", "--json", "--top-k", "2"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["query"] == "the cup"
    assert [sorted(moment) for moment in answer["moments"]] == [
        [
            "confidence",
            "duration_seconds",
            "end_seconds",
            "name",
            "path",
            "score",
            "similarity",
            "start_seconds",
            "video",
        ]
    ] * 2
    main(["search", library, "the cup", "--videos", "kitchen/*"])
    table = capsys.readouterr().out
    assert "“the cup”" in table
    assert "kitchen/c" in table
    (folder / "b.mp4").write_bytes(b"no video")
    with pytest.raises(SystemExit) as stopped:
        main(["index", str(folder), "--library", library])
    assert stopped.value.code == 1
    assert "leorn: failed: b: " in capsys.readouterr().err
