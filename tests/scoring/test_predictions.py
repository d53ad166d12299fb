import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.records import Moment, Prediction
from leorn.scoring.predictions import apply_nms, read_predictions, write_predictions
from leorn.scoring.ranking import rank

MOMENTS = st.builds(
    lambda start, length, score: Moment(start, start + length, score),
    st.floats(0, 1e4),
    st.floats(1e-3, 1e4),
    st.none() | st.floats(-1e3, 1e3),
)
PREDICTIONS = st.builds(Prediction, st.text(min_size=1), st.text(min_size=1), st.lists(MOMENTS, max_size=4).map(tuple))


def slowly_ranked(moments: tuple[Moment, ...]) -> tuple[Moment, ...]:
    ranked: list[Moment] = []
    for moment in moments:
        if moment.score is None:
            return moments
        better = [other for other in ranked if other.score is not None and other.score >= moment.score]
        ranked.insert(len(better), moment)
    return tuple(ranked)


def write_lines(folder: Path, *lines: str) -> Path:
    path = folder / "predictions.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@settings(max_examples=25)
@given(predictions=st.lists(PREDICTIONS, min_size=1, max_size=4))
def test_what_is_written_is_read_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, predictions: list[Prediction]
) -> None:
    path = tmp_path_factory.mktemp("round") / "predictions.jsonl"

    write_predictions(path, predictions)

    assert read_predictions(path) == [replace(one, moments=slowly_ranked(one.moments)) for one in predictions]


def test_a_line_is_the_documented_object(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "predictions.jsonl"

    write_predictions(path, [Prediction("q1", "café", (Moment(1.5, 2.0, 0.25), Moment(0.0, 1.0)))])

    assert path.read_text(encoding="utf-8") == (
        '{"query_id": "q1", "video": "café", "moments": [[1.5, 2.0, 0.25], [0.0, 1.0]]}\n'
    )


@pytest.mark.parametrize(
    ("moments", "starts"),
    [
        ("[[0, 1, 0.1], [1, 2, 0.9], [2, 3, 0.1]]", [1, 0, 2]),
        ("[[0, 1, -2], [1, 2, -1], [2, 3, 0]]", [2, 1, 0]),
        ("[[0, 1, 0.1], [1, 2], [2, 3, 0.9]]", [0, 1, 2]),
        ("[[2, 3], [0, 1], [1, 2]]", [2, 0, 1]),
    ],
)
def test_moments_are_ranked_by_score_where_each_has_one_and_else_keep_their_order(
    tmp_path: Path, moments: str, starts: list[float]
) -> None:
    path = write_lines(tmp_path, f'{{"query_id": "q", "video": "v", "moments": {moments}, "extra": 1}}', "")

    assert [moment.start_seconds for moment in read_predictions(path)[0].moments] == starts


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"query_id": "q", "vid', "not JSON, or truncated .* expected a JSON object"),
        ("[1, 2]", r"\[1, 2\]; expected a JSON object"),
        ('{"video": "v", "moments": []}', "query_id is missing; expected text"),
        ('{"query_id": "q", "video": 7, "moments": []}', "video is 7; expected text"),
        ('{"query_id": "q", "video": "v", "moments": "all"}', "moments is 'all'; expected a list"),
        (
            '{"query_id": "q", "video": "v", "moments": [[1]]}',
            r"moments holds \[1\]; expected \[start, end\] or \[",
        ),
        ('{"query_id": "q", "video": "v", "moments": [[1, true]]}', "moments is True; expected a finite number"),
        ('{"query_id": "q", "video": "v", "moments": [7]}', r"moments holds 7; expected \[start, end\]"),
        ('{"query_id": "q", "video": "v", "moments": [[5, 2]]}', r"moment \(5.0, 2.0\): expected 0 <= start < end"),
        ('{"query_id": "q", "video": "v", "moments": [[0, NaN]]}', "moments is nan; expected a finite number"),
        ('{"vid": "v", "pred_relevant_windows": []}', "qid is missing; expected text"),
        ('{"qid": 1, "vid": "v"}', "pred_relevant_windows is missing; expected a list"),
        (
            '{"query_id": "q", "video": "v", "moments": [[0, 1' + "0" * 400 + "]]}",
            r"moments is 10+\.\.\.0+; expected a",
        ),
    ],
)
def test_a_malformed_line_is_named_by_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = write_lines(tmp_path, '{"query_id": "p", "video": "v", "moments": []}', line)

    with pytest.raises(InputError, match=f"predictions.jsonl:2: {message}"):
        read_predictions(path)


def test_a_number_serves_as_a_query_id(tmp_path: Path) -> None:
    assert read_predictions(write_lines(tmp_path, '{"query_id": 7, "video": "v", "moments": []}')) == [
        Prediction("7", "v", ())
    ]


def test_a_missing_empty_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read predictions .*predictions.jsonl: No such file"):
        read_predictions(tmp_path / "predictions.jsonl")
    path = write_lines(tmp_path, "", "")
    with pytest.raises(InputError, match=r"predictions.jsonl: the file is empty; expected predictions"):
        read_predictions(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"predictions.jsonl: byte 0 is not UTF-8"):
        read_predictions(path)


def test_writing_where_a_file_stands_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")

    with pytest.raises(InputError, match=r"cannot write .*results/predictions.jsonl"):
        write_predictions(tmp_path / "results" / "predictions.jsonl", [])


def test_nms_follows_the_order_given_and_keeps_scores() -> None:
    moments = (Moment(0.0, 4.0, 0.1), Moment(0.0, 3.0, 0.9), Moment(0.0, 2.0), Moment(6.0, 7.0, 0.5))
    predictions = [Prediction("q", "v", moments), Prediction("p", "w", ())]

    assert apply_nms(predictions, 0.5, 5) == [
        Prediction("q", "v", (moments[0], moments[2], moments[3])),
        Prediction("p", "w", ()),
    ]
    assert apply_nms(predictions, None, 2)[0].moments == moments[:2]


def test_soft_nms_ranks_anew() -> None:
    moments = (Moment(0.0, 10.0, 0.9), Moment(2.0, 10.0, 0.8), Moment(30.0, 31.0, 0.5))
    (soft,) = apply_nms([Prediction("q", "v", moments)], 0.5, 3, "soft")
    spans, scores = np.array([moment.span for moment in moments]), np.array([0.9, 0.8, 0.5])
    assert soft.moments == rank(spans, scores, None, 3, method="soft")
    assert [round(moment.start_seconds) for moment in soft.moments] == [1, 30]
    assert apply_nms([Prediction("q", "v", ())], 0.5, 3, "soft") == [Prediction("q", "v", ())]


@pytest.mark.parametrize("score", [None, -0.1])
def test_soft_nms_needs_scores_that_can_be_lowered(score: float | None) -> None:
    moments = (Moment(0.0, 4.0, 0.9), Moment(0.0, 3.0, score))
    with pytest.raises(InputError, match="query q: soft NMS lowers scores; expected one of 0 or more at every moment"):
        apply_nms([Prediction("q", "v", moments)], 0.5, 5, "soft")


def test_a_written_line_is_plain_json(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.jsonl", [Prediction('q"\n', "v", (Moment(0.0, 1.0, -2.0),))])

    (line,) = (tmp_path / "p.jsonl").read_text().splitlines()
    assert json.loads(line) == {"query_id": 'q"\n', "video": "v", "moments": [[0, 1, -2.0]]}
