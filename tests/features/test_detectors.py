"""The names of detectors, and their options."""

from typing import Any

import pytest

from leorn.errors import InputError
from leorn.features.detectors import open_detector


@pytest.mark.parametrize("name", ["", "yolo", "opencv-yolo:", "hf", "hf:", "opencv:folder"])
def test_an_unknown_name_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match=rf"^unknown detector {name}; expected opencv-yolo, opencv-yolo:FOLDER .* hf:"):
        open_detector(name, slots=18)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_score": -0.1}, "min_score is -0.1; expected 0 or more, and less than 1"),
        ({"min_score": 1}, "min_score is 1; expected 0 or more, and less than 1"),
        ({"min_score": float("nan")}, "min_score is nan; expected 0 or more, and less than 1"),
        ({"nms_iou": 0}, "nms_iou is 0; expected more than 0, at most 1"),
        ({"nms_iou": 1.5}, "nms_iou is 1.5; expected more than 0, at most 1"),
        ({"slots": 0}, "slots is 0; expected 1 or more"),
    ],
)
def test_an_option_out_of_its_range_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        open_detector("opencv-yolo", **{"slots": 18} | options)
    assert str(caught.value) == message


def test_the_assets_that_a_detector_needs_are_named_where_they_are_absent(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEORN_CACHE", str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(InputError, match=r"yolov3-tiny\.cfg: missing; run `leorn assets --fetch demo`$"):
        open_detector("opencv-yolo", slots=18)
