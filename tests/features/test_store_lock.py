"""The lock of a store's writer: held by one process, and gone with it."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from leorn.errors import InputError
from leorn.features import store_lock as lock_module
from leorn.features.store_lock import only_writer


def test_the_lock_is_held_in_the_block_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "store"
    with only_writer(folder):
        assert [path.name for path in folder.iterdir()] == [".lock"]
        with (
            pytest.raises(InputError, match=r"store: another process is writing to this store; expected"),
            only_writer(folder),
        ):
            raise AssertionError("both are inside")
        # who was refused has not taken it away
        assert [path.name for path in folder.iterdir()] == [".lock"]
    assert list(folder.iterdir()) == []


def test_an_error_in_the_block_is_not_hidden_and_frees_the_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="mine"), only_writer(tmp_path):
        raise KeyError("mine")
    with only_writer(tmp_path):
        pass


def test_a_file_that_a_killed_process_has_left_locks_nothing(tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    with only_writer(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_who_has_opened_the_file_before_it_went_locks_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    really_open = os.open

    def open_and_lose(path: Path, *options: int) -> int:
        opened.append(really_open(path, *options))
        if len(opened) == 1:
            # the process that held it ends here
            path.unlink()
        return opened[-1]

    monkeypatch.setattr(lock_module.os, "open", open_and_lose)
    with only_writer(tmp_path):
        assert len(opened) == 2
        monkeypatch.undo()
        with pytest.raises(InputError, match="another process is writing"), only_writer(tmp_path):
            raise AssertionError("both are inside")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match=r"^cannot write to .*file/store: Not a directory$"),
        only_writer(tmp_path / "file" / "store"),
    ):
        raise AssertionError("there is no folder")


def test_a_disk_that_knows_no_locks_is_not_taken_for_a_second_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(InputError, match=r"^cannot lock .*\.lock: No locks available$"), only_writer(tmp_path):
        raise AssertionError("it is not locked")
