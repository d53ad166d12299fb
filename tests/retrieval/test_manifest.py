"""What a manifest says of its videos."""

import pytest

from leorn.retrieval.manifest import LibraryVideo


@pytest.mark.parametrize(
    ("path", "uploaded"),
    [
        ("uploads/0001.mp4", True),
        ("uploads/../../film.mp4", False),
        ("uploads/..", False),
        ("uploadsfilm.mp4", False),
        ("/home/uploads/film.mp4", False),
        ("", False),
    ],
)
def test_a_file_is_the_library_s_own_only_where_it_lies_in_its_uploads(path: str, uploaded: bool) -> None:
    assert LibraryVideo(path, "", 1.0, 1).uploaded == uploaded
