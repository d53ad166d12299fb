"""Vision models of transformers with their image processors, from a folder or the hub."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from leorn.errors import InputError
from leorn.files import sha256

WEIGHTS = "model*.safetensors"
"""Weights that are read without running anybody's code; a large model has several such files."""
CONFIGS = ("config.json", "preprocessor_config.json", "processor_config.json")
PROBE_SIZE = (96, 128)
"""Height and width of the grey frame on which a model is tried."""


class VisionModel:
    """A model with its image processor, in evaluation mode, on the GPU where there is one.

    Args:
        name: a folder with `config.json`, `preprocessor_config.json` and `model.safetensors`, or a hub id. What the hub
            has given once is taken from its cache where there is no network.
        kind: the class of transformers that chooses the model's class.
        optional: a part whose weights the files may lack; `lacks_optional` then says so.
        also: names of further files that belong to the model, where they are there.

    Attributes:
        folder: where its files are.
        model: the module; every one of its weights comes from the files, in fp32.
        processor: turns frames into the model's input.
        fingerprint: the class and the SHA-256 of the files: of a folder and of the hub the same.
        lacks_optional: the weights of `optional` are not in the files, but random.

    Raises:
        InputError: transformers or Pillow is not installed, or there is no such model, or none of this kind.
    """

    def __init__(
        self,
        name: str,
        kind: Literal["AutoModel", "AutoModelForObjectDetection"],
        optional: str | None = None,
        also: Sequence[str] = (),
    ) -> None:
        try:
            import PIL  # noqa: F401
            import transformers
        except ImportError as error:
            raise InputError(f"hf:{name} needs transformers and Pillow: pip install leorn[transformers]") from error
        self.folder = folder = _folder(name, also)
        # what a foreign folder makes the library raise may be anything
        with _as_input_error(f"hf:{name}: cannot be loaded by transformers' {kind}"), quiet(transformers):
            options = {"trust_remote_code": False, "local_files_only": True}
            # with torchvision the numbers would differ
            self.processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil", **options)
            self.model, report = getattr(transformers, kind).from_pretrained(
                folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **options
            )
        missing = [key for key in sorted(report["missing_keys"]) if not (optional and optional in key)]
        if missing:
            raise InputError(
                f"hf:{name}: its weights lack {len(missing)} parameters that {kind} needs: {missing[0]}, …"
            )
        self.name = name
        self.lacks_optional = bool(report["missing_keys"])
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model.to(self.device).eval()
        named = [file for each in (*CONFIGS, *also) if (file := folder / each).is_file()]
        files = sorted([*folder.glob(WEIGHTS), *named])
        self.fingerprint: Mapping[str, Any] = {
            "model": type(self.model).__name__,
            "processor": type(self.processor).__name__,
            "files": {file.name: sha256(file) for file in files},
        }

    def inputs(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> dict[str, Tensor]:
        """Prepare RGB frames of one size for the model."""
        return self.processor(images=list(frames), input_data_format="channels_last", return_tensors="pt").to(
            self.device
        )

    def tokenizer(self, vocabularies: Sequence[str]) -> Any:  # noqa: ANN401
        """Open the tokenizer that lies beside the model.

        Args:
            vocabularies: one of these files must be there, or the library would make up an empty one.

        Raises:
            InputError: there is none, or it cannot be read.
        """
        import transformers

        if not any((self.folder / each).is_file() for each in vocabularies):
            raise InputError(f"hf:{self.name}: holds no tokenizer; expected one of {', '.join(vocabularies)}")
        with _as_input_error(f"hf:{self.name}: its tokenizer cannot be loaded"), quiet(transformers):
            return transformers.AutoTokenizer.from_pretrained(
                self.folder, trust_remote_code=False, local_files_only=True
            )

    @contextmanager
    def trial(self, expected: str) -> Iterator[list[UInt8[np.ndarray, "h w 3"]]]:
        """Give a grey frame to try the model on; whatever fails there says that the model is not what is expected.

        Raises:
            InputError: the trial failed.
        """
        with _as_input_error(f"hf:{self.name}: {type(self.model).__name__} is not {expected}"):
            yield [np.full((*PROBE_SIZE, 3), 128, np.uint8)]


def _folder(name: str, also: Sequence[str]) -> Path:
    """Return the folder of a model, of the hub's cache where `name` is no folder."""
    folder = Path(name)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        with _as_input_error(f"hf:{name}: neither a folder nor to be had from the hub"):
            patterns = [WEIGHTS, "model.safetensors.index.json", *CONFIGS, *also]
            folder = Path(snapshot_download(name, allow_patterns=patterns))
    # either of the two *processor_config.json holds the image processor
    for needed in ("config.json", "*processor_config.json", WEIGHTS):
        if not any(folder.glob(needed)):
            raise InputError(f"hf:{name}: holds no {needed}; expected a model saved by transformers, with safetensors")
    return folder


@contextmanager
def _as_input_error(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"{what} ({shorten(reason, 160, placeholder=' …')})") from error


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:  # noqa: ANN401
    """Keep progress bars and advice off the terminal: what matters of them is an error here."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
