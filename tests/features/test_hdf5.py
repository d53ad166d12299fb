import errno
import os
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.features.hdf5 import PatientFile, SharedFile, selection
from tests.disks import full_disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "features.h5", "w") as file:
        file["numbers"] = np.arange(1000)
    return tmp_path / "features.h5"


def test_a_file_is_opened_once_in_a_process(path: Path) -> None:
    shared = SharedFile(path)
    with shared.opened() as first, shared.opened() as second:
        assert first is second
        assert first["numbers"][7] == 7


def test_a_forked_process_does_not_share_the_open_file(path: Path) -> None:
    shared = SharedFile(path)
    with shared.opened() as file:
        here = file
    shared._process = os.getpid() + 1  # as after a fork
    with shared.opened() as file:
        assert file is not here
        assert not here  # closed
        assert file["numbers"][7] == 7


def test_a_pickled_file_is_opened_anew(path: Path) -> None:
    shared = SharedFile(path)
    with shared.opened() as file, pickle.loads(pickle.dumps(shared)).opened() as copy:
        assert copy is not file
        assert copy["numbers"][7] == 7


def test_a_file_that_cannot_be_read_is_named(path: Path) -> None:
    whole = path.read_bytes()
    for content, message in [
        (whole[: len(whole) // 2], "cannot be read as HDF5 .*truncated.*; expected a whole file"),
        (b"", "an empty file; expected an HDF5 file"),
        (b"text" * 1000, "not HDF5; expected an HDF5 file"),
    ]:
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"features\.h5: {message}") as caught, SharedFile(path).opened():
            pass
        assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(InputError, match=r"features\.h5: no such file"), SharedFile(path).opened():
        pass


def test_what_goes_wrong_while_reading_is_told_with_the_file(path: Path) -> None:
    shared = SharedFile(path)
    with pytest.raises(InputError, match=r"features\.h5: cannot be read as HDF5 .*words"), shared.opened() as file:
        file["words"]
    with pytest.raises(InputError, match=r"features\.h5: video v is bad$"), shared.opened():
        raise InputError("video v is bad")


@given(slots=st.none() | st.integers(1, 4), rows=st.none() | st.sets(st.integers(0, 5)).map(sorted))
def test_a_selection_takes_the_rows_and_the_first_slots(slots: int | None, rows: list[int] | None) -> None:
    array = np.arange(24).reshape(6, 4)
    taken = array[selection("v", (6, 4, 3), slots, None if rows is None else np.array(rows, dtype=np.int64))]
    expected = [[4 * row + slot for slot in range(slots or 4)] for row in (range(6) if rows is None else rows)]
    assert taken.tolist() == expected


@pytest.mark.parametrize(
    ("slots", "rows", "message"),
    [
        (5, None, "video v: 5 slots asked for; expected 1 to the 4"),
        (0, None, "video v: 0 slots asked for; expected 1 to the 4"),
        (None, [4, 6], r"video v: rows \[4, 6\]; expected rising indices of the 6 frames"),
        (None, [-1, 2], r"video v: rows \[-1, 2\]"),
        (None, [2, 2], r"video v: rows \[2, 2\]"),
    ],
)
def test_what_cannot_be_selected_is_named(slots: int | None, rows: list[int] | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        selection("v", (6, 4, 3), slots, None if rows is None else np.array(rows))


def test_a_patient_file_writes_every_byte_of_a_buffer(tmp_path: Path) -> None:
    numbers = np.arange(300)
    with PatientFile(tmp_path / "file", "w+b") as file:
        assert file.write(numbers) == numbers.nbytes
        assert file.truncate(80) == 80
        file.check()
    assert (tmp_path / "file").read_bytes() == numbers[:10].tobytes()


def test_a_patient_file_keeps_a_failure_until_it_is_asked(tmp_path: Path) -> None:
    for write in (lambda file: file.write(bytes(3000)), lambda file: file.truncate(3000)):
        with full_disk(), PatientFile(tmp_path / "file", "w+b") as file:
            assert write(file) == 3000
            with pytest.raises(OSError, match="File too large") as caught:
                file.check()
            assert caught.value.errno == errno.EFBIG
            file.write(b"")
            assert file.error is caught.value
