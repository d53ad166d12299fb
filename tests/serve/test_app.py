"""What the service answers, against the library itself and the files."""

import asyncio
import csv
import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from leorn.records import Moment
from leorn.retrieval.library import Library
from leorn.serve.app import create_app
from leorn.serve.catalogue import id_of
from leorn.serve.clips import Cutter
from leorn.serve.settings import Settings
from tests.serve.services import VIDEOS
from tests.videos import RATE, decode_all, number_of

pytest.importorskip("lancedb")

QUERY = "a person takes the cup"


def test_a_search_is_that_of_the_library(client: TestClient, library: Path) -> None:
    answer = client.get("/api/search", params={"query": QUERY, "top_k": 4}).json()
    result = Library(library).search(QUERY, 4)
    assert (answer["query"], answer["found"], answer["threshold"]) == (QUERY, result.found, result.threshold)
    for told, found in zip(answer["moments"], result.moments, strict=True):
        assert told["id"] == id_of(found.video)
        assert (told["start_seconds"], told["end_seconds"]) == pytest.approx(found.moment.span)
        assert told["confidence"] == pytest.approx(found.confidence)
        assert told["playable"]
    only = client.get("/api/search", params={"query": QUERY, "videos": "pans/*"}).json()
    assert {moment["id"] for moment in only["moments"]} == {id_of("pans/one"), id_of("pans/two")}
    refused = client.get("/api/search", params={"query": QUERY, "videos": "x*"})
    assert refused.status_code == 404
    assert refused.json()["detail"] == "videos 'x*': no video of the library has such a name"


def test_videos_are_listed_by_name(client: TestClient) -> None:
    everything = client.get("/api/videos").json()
    assert [video["name"] for video in everything["videos"]] == sorted(VIDEOS)
    assert [video["duration_seconds"] for video in everything["videos"]] == pytest.approx(
        [VIDEOS[name] / RATE for name in sorted(VIDEOS)]
    )
    assert set(everything["examples"]) <= {"a cup", "a frying pan", "a zyxwv"}
    assert everything["examples"]
    part = client.get("/api/videos", params={"name": "PANS", "offset": 1, "limit": 5}).json()
    assert (part["total"], [video["name"] for video in part["videos"]]) == (2, ["pans/two"])
    one = client.get(f"/api/videos/{id_of('cups')}").json()
    assert one == everything["videos"][0]
    assert client.get("/api/videos/0123456789abcdef").status_code == 404


def test_evidence_is_that_of_the_library(client: TestClient, library: Path) -> None:
    told = client.get(f"/api/videos/{id_of('cups')}/evidence", params={"query": QUERY, "top_k": 2}).json()
    answer = Library(library).explain(QUERY, "cups", 2)
    np.testing.assert_allclose(told["curve"], answer.curve, atol=1e-4)
    assert [(one["start_seconds"], one["end_seconds"]) for one in told["moments"]] == [
        pytest.approx(moment.span) for moment in answer.moments
    ]
    assert told["moments"][0]["objects"] == answer.objects_in(answer.moments[0])
    assert len(told["frames"]) == len(answer.video.times_seconds)
    for row, frame in enumerate(told["frames"]):
        there = answer.video.labels[row] >= 0
        assert len(frame["objects"]) == there.sum()
        weights = answer.weights[row, 1:][there]
        assert [one["weight"] for one in frame["objects"]] == pytest.approx(sorted(weights, reverse=True), abs=1e-4)
        best = int(np.argmax(np.where(there, answer.weights[row, 1:], -1)))
        if there.any():
            assert frame["objects"][0]["box"] == pytest.approx(answer.video.boxes[row, best], abs=1e-4)


def test_a_range_of_bytes_is_that_of_the_file(client: TestClient, tmp_path: Path) -> None:
    content = (tmp_path / "videos/cups.mp4").read_bytes()
    address = f"/api/videos/{id_of('cups')}/stream"
    whole = client.get(address)
    assert (whole.status_code, whole.headers["content-type"], whole.content) == (200, "video/mp4", content)
    part = client.get(address, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(content)}"
    assert client.get(address, headers={"Range": f"bytes={len(content)}-"}).status_code == 416


def decoded(content: bytes) -> np.ndarray:
    """Decode a JPEG."""
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture)


@pytest.mark.parametrize(("seconds", "number"), [(0.0, 0), (3.25, 32), (100.0, 89)])
def test_a_thumbnail_is_the_frame_at_its_time(client: TestClient, seconds: float, number: int) -> None:
    address = f"/api/videos/{id_of('cups')}/thumbnail"
    answer = client.get(address, params={"time_seconds": seconds})
    assert answer.headers["content-type"] == "image/jpeg"
    assert number_of(decoded(answer.content)) == number
    again = client.get(address, params={"time_seconds": seconds}, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    small = client.get(address, params={"time_seconds": seconds, "width": 48})
    assert decoded(small.content).shape[1] == 48


def test_moments_are_exported_without_where_files_lie(client: TestClient, tmp_path: Path) -> None:
    answer = client.get("/api/export", params={"format": "json", "query": QUERY, "top_k": 3})
    assert answer.headers["content-disposition"] == 'attachment; filename="moments.json"'
    assert str(tmp_path) not in answer.text
    assert len(json.loads(answer.text)["moments"]) == 3
    values = {"id": id_of("cups"), "start_seconds": 2, "end_seconds": 3, "query": QUERY}
    edl = client.get("/api/export", params={"format": "edl", "frame_rate": "25"} | values).text
    assert "00:00:02:00 00:00:03:00" in edl
    refused = client.get("/api/export", params={"format": "edl"} | values)
    assert refused.status_code == 422
    assert "frame rate" in refused.json()["detail"]
    # of a range that was chosen nothing was measured; without a sentence it is called by its video
    chosen = {name: value for name, value in values.items() if name != "query"}
    (row,) = csv.DictReader(io.StringIO(client.get("/api/export", params={"format": "csv"} | values).text))
    assert (row["score"], row["similarity"], row["confidence"], row["query"]) == ("", "", "", QUERY)
    assert "cups" in client.get("/api/export", params={"format": "vtt"} | chosen).text
    late = client.get("/api/export", params={"format": "vtt"} | values | {"start_seconds": 50, "end_seconds": 60})
    assert (late.status_code, late.json()["detail"]) == (
        422, "cups: a range from 50 s on; expected one before its end, 9.00 s",
    )  # fmt: skip
    clip = client.get("/api/export", params={"format": "mp4"} | values)
    assert clip.headers["content-disposition"] == 'attachment; filename="clip-2.00-3.00.mp4"'
    (tmp_path / "clip.mp4").write_bytes(clip.content)
    assert [number for _, number in decode_all(tmp_path / "clip.mp4")] == list(range(20, 30))
    many = client.get("/api/export", params={"format": "webm", "query": QUERY})
    assert (many.status_code, "expected one for a clip" in many.json()["detail"]) == (422, True)


def test_a_video_that_is_removed_is_gone_and_its_file_stays(client: TestClient, tmp_path: Path) -> None:
    address = f"/api/videos/{id_of('cups')}"
    assert client.delete(address).status_code == 204
    assert [client.get(address).status_code, client.delete(address).status_code] == [404, 404]
    assert (tmp_path / "videos/cups.mp4").exists()
    found = client.get("/api/search", params={"query": QUERY, "top_k": 100}).json()["moments"]
    assert {moment["name"] for moment in found} == {"pans/one", "pans/two"}
    assert client.get("/healthz").json() == {"status": "ok", "videos": 2}


def test_a_file_that_has_gone_is_said_to_be_gone(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "videos/cups.mp4").unlink()
    address = f"/api/videos/{id_of('cups')}"
    assert client.get(address).json()["playable"] is False
    for place in ("stream", "thumbnail"):
        gone = client.get(f"{address}/{place}")
        assert gone.status_code == 404
        assert gone.json()["detail"] == "cups: its file is not there; expected a video that was indexed from a file"
    assert client.get("/api/search", params={"query": QUERY, "top_k": 100}).status_code == 200


@pytest.mark.parametrize("content", [None, "{"])
def test_a_library_that_is_lost_is_said_to_be_lost(client: TestClient, library: Path, content: str | None) -> None:
    manifest = library / "library.json"
    before = manifest.read_text()
    manifest.unlink()
    if content is not None:
        manifest.write_text(content)
    for path in ("/healthz", "/api/videos", "/api/search?query=cup&videos=x"):
        answer = client.get(path)
        assert (answer.status_code, "library.json" in answer.json()["detail"]) == (503, True)
    assert "leorn_videos NaN" in client.get("/metrics").text
    manifest.write_text(before)
    assert client.get("/healthz").status_code == 200


def test_what_happens_is_counted_by_route(client: TestClient) -> None:
    client.get("/api/search", params={"query": QUERY})
    client.get("/api/search")
    client.get("/no/such/place")
    client.get(f"/api/videos/{id_of('cups')}")
    text = client.get("/metrics").text
    assert 'leorn_requests_total{method="GET",route="/api/search",status="200"} 1.0' in text
    assert 'leorn_requests_total{method="GET",route="/api/search",status="422"} 1.0' in text
    assert 'leorn_requests_total{method="GET",route="other",status="404"} 1.0' in text
    assert 'leorn_requests_total{method="GET",route="/api/videos/{video_id}",status="200"} 1.0' in text
    assert "leorn_videos 3.0" in text
    assert "leorn_questions_waiting 0.0" in text
    assert id_of("cups") not in text


def test_the_page_and_its_parts_are_there(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for part in ("style.css", "stage.css", "main.js", "icon.svg"):
        assert f"/page/{part}" in page.text
        assert client.get(f"/page/{part}").status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_more_clips_than_wait_are_turned_away(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    before = Cutter._run

    async def waiting(self: Cutter, video: Path, moment: Moment, clip: Path) -> None:
        begun.set()
        assert await asyncio.to_thread(go_on.wait, 30)
        await before(self, video, moment, clip)

    monkeypatch.setattr(Cutter, "_run", waiting)
    values = {"format": "mp4", "id": id_of("cups"), "start_seconds": 2, "end_seconds": 3}
    app = create_app(Settings(library, clips=2), Library(library))
    with TestClient(app, base_url="http://localhost") as client, ThreadPoolExecutor(2) as asking:
        first = [asking.submit(client.get, "/api/export", params=values) for _ in range(2)]
        assert begun.wait(30)
        end = time.monotonic() + 30
        while app.state.service.clips._length < 2:
            assert time.monotonic() < end
            time.sleep(0.01)
        refused = client.get("/api/export", params=values)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        # pictures and what needs no file are answered meanwhile
        assert client.get(f"/api/videos/{id_of('cups')}/thumbnail").status_code == 200
        go_on.set()
        assert [answer.result().status_code for answer in first] == [200, 200]
        assert client.get("/api/export", params=values).status_code == 200
    assert not list((library / "uploads").glob("*.clip.*"))
