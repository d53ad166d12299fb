"""`leorn serve` with small models: `python -m tests.serve.small_service SENTENCES LIBRARY …` takes its arguments.

Uploads are added by this file too: `python -m tests.serve.small_service SENTENCES --add LIBRARY ID FILE NAME`.
"""

import sys
import time
from functools import partial
from pathlib import Path

import pytest

from leorn.cli import main
from leorn.serve import add_one, settings
from tests.libraries import make_small
from tests.serve.services import adding_command

SLOW = "slow"
"""A library's folder of this name takes some seconds to add a video: tests look at what happens meanwhile."""
SLOW_SECONDS = 4.0


def run(sentences: str, *arguments: str) -> None:
    """Serve, or add one video."""
    patch = pytest.MonkeyPatch()
    make_small(patch, Path(sentences))
    if arguments[0] == "--add":
        sys.argv[1:] = arguments[1:]
        if Path(arguments[1]).name == SLOW:
            time.sleep(SLOW_SECONDS)
        add_one.main()
        return
    patch.setattr(settings, "Settings", partial(settings.Settings, add_command=adding_command(Path(sentences))))
    main(["serve", *arguments])


if __name__ == "__main__":
    run(*sys.argv[1:])
