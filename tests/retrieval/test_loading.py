from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from leorn.checkpoints import load_network, save_network
from leorn.data.word_files import load_word_vectors, save_word_vectors
from leorn.errors import InputError
from leorn.retrieval.loading import find_network, lasting_name, open_network, pack
from tests.tiny import Tiny


def test_a_packed_network_stands_alone(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    packed = pack(trained, tmp_path / "packed", detector="opencv-yolo")
    assert sorted(path.name for path in packed.parent.iterdir()) == ["network.safetensors", "words.npz"]
    network, record, words = open_network(packed.parent)
    original, before = load_network(trained)
    assert record == replace(before, detector="opencv-yolo")
    assert words.source == load_word_vectors(tiny.words).source
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, original.state_dict()[name].to(torch.float16).to(value.dtype), rtol=0, atol=0)


def test_packing_again_gives_the_same_bytes_and_keeps_the_detector(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    first = pack(trained, tmp_path / "first", detector="opencv-yolo")
    second = pack(first, tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()
    assert open_network(second)[1].detector == "opencv-yolo"


def test_packing_over_another_network_leaves_nothing_of_it(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "packed"
    pack(trained, out)
    words = load_word_vectors(tiny.words)
    network, record = load_network(trained)
    save_word_vectors(tmp_path / "other.safetensors", list(words.index), words.vectors + 1)
    other = load_word_vectors(tmp_path / "other.safetensors")
    save_network(tmp_path / "other-network.safetensors", network, replace(record, words=other.source))
    pack(tmp_path / "other-network.safetensors", out, tmp_path / "other.safetensors")
    assert sorted(path.name for path in out.iterdir()) == ["network.safetensors", "words.safetensors"]
    assert open_network(out)[2].vectors.tolist() == other.vectors.tolist()


def test_packing_removes_no_words_of_a_folder_without_a_network(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("mine 1 2 3 4 5 6\n")
    assert open_network(pack(trained, tmp_path))[2].source == load_word_vectors(tiny.words).source
    assert (tmp_path / "words.txt").read_text() == "mine 1 2 3 4 5 6\n"


def test_of_several_word_vectors_beside_a_network_its_own_are_taken(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    packed = pack(trained, tmp_path / "packed")
    words = load_word_vectors(tiny.words)
    # both come first in the order of names
    save_word_vectors(packed.parent / "words.a.npz", list(words.index), words.vectors + 1)
    (packed.parent / "words.b.npz").mkdir()
    assert open_network(packed)[2].source == words.source
    (packed.parent / "words.npz").unlink()
    _, record = load_network(packed)
    assert record.experiment is not None
    network = load_network(packed)[0]
    save_network(packed, network, replace(record, experiment=None))
    with pytest.raises(InputError, match=r"words\.a\.npz sha256:.*was trained on words\.npz sha256:"):
        open_network(packed)


def test_a_fingerprint_that_cannot_be_used_is_refused_with_its_file(trained: Path, tmp_path: Path) -> None:
    network, record = load_network(trained)
    path = tmp_path / "network.safetensors"
    for made, message in (
        ({"frames": "64"}, "frames is '64'; expected a whole number, 1 or more"),
        ({"detector": ["x"]}, r"detector is \['x'\]; expected keys with their values"),
    ):
        save_network(path, network, replace(record, fingerprint={**record.fingerprint, **made}))
        with pytest.raises(InputError, match=f"^{path}: fingerprint: {message}"):
            open_network(path)
    save_network(path, network, replace(record, frame_fingerprint={"frames": -1}))
    with pytest.raises(InputError, match=f"^{path}: fingerprint: frames is -1"):
        open_network(path)
    # a store of somebody else's may say what it likes
    foreign = {"features": ["x"], "detector": "of my own"}
    save_network(path, network, replace(record, fingerprint=foreign))
    assert open_network(path)[1].fingerprint == foreign


def test_word_vectors_are_found_beside_the_network_then_where_training_read_them(
    tiny: Tiny, trained: Path, tmp_path: Path
) -> None:
    assert open_network(trained)[2].source == load_word_vectors(tiny.words).source
    network, record = load_network(trained)
    assert record.experiment is not None
    elsewhere = replace(record.experiment, data=replace(record.experiment.data, words="nowhere.npz"))
    alone = tmp_path / "network.safetensors"
    save_network(alone, network, replace(record, experiment=elsewhere))
    with pytest.raises(InputError, match=r"its word vectors \(words.npz sha256:.*are not beside it; say where"):
        open_network(alone)
    renamed = tmp_path / "glove.npz"
    renamed.write_bytes(tiny.words.read_bytes())
    assert open_network(alone, renamed)[2].size == 6


def test_other_word_vectors_are_refused(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    words = load_word_vectors(tiny.words)
    other = tmp_path / "other.npz"
    save_word_vectors(other, list(words.index), words.vectors + 1)
    with pytest.raises(InputError, match=rf"{other}: other.npz sha256:.*was trained on words.npz sha256:"):
        open_network(trained, other)
    network, record = load_network(trained)
    unnamed = tmp_path / "unnamed.safetensors"
    save_network(unnamed, network, replace(record, words=None))
    wide = tmp_path / "wide.npz"
    save_word_vectors(wide, list(words.index), np.pad(words.vectors, ((0, 0), (0, 1))))
    with pytest.raises(InputError, match=r"vectors of width 7; .*expects 6"):
        open_network(unnamed, wide)


def test_a_folder_a_file_and_a_bundled_name_are_found(tmp_path: Path) -> None:
    (tmp_path / "network.safetensors").touch()
    assert find_network(tmp_path) == find_network(tmp_path / "network.safetensors") == tmp_path / "network.safetensors"
    assert find_network("demo").parts[-3:] == ("networks", "demo", "network.safetensors")


@pytest.mark.parametrize("source", ["nothing", "nothing.ckpt", "/no/such/file", "a/b/c"])
def test_what_is_not_there_is_refused(source: str) -> None:
    with pytest.raises(InputError, match=f"{source}: no such network; expected .*or demo"):
        find_network(source)


def test_a_hub_id_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(InputError, match="somebody/nothing: no such file, and the hub has no such model or cannot be"):
        find_network("somebody/nothing")


def test_a_hub_id_is_fetched_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked = []

    def snapshot(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    with pytest.raises(InputError, match=r"the hub's model has no network.safetensors"):
        find_network("somebody/network")
    (tmp_path / "network.safetensors").touch()
    assert find_network("somebody/network") == tmp_path / "network.safetensors"
    assert asked[0] == ("somebody/network", ["network.safetensors", "words.*"])


def test_a_hub_id_may_have_a_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    (tmp_path / "network.safetensors").touch()
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, allow_patterns: str(tmp_path / name[:0]))
    assert find_network("me/leorn-v1.5") == tmp_path / "network.safetensors"
    for name in ("runs/best.ckpt", "runs/network.safetensors"):
        with pytest.raises(InputError, match=f"{name}: no such network"):
            find_network(name)


def test_a_hub_id_needs_the_hubs_library(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"somebody/network: .*pip install leorn\[transformers\]"):
        find_network("somebody/network")


def test_a_path_means_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert lasting_name("mine") == str(tmp_path / "mine")
    assert lasting_name(Path("./mine")) == str(tmp_path / "mine")
    # as everywhere, demo is the bundled network
    assert lasting_name("demo") == "demo"
    assert lasting_name("owner/name") == "owner/name"
