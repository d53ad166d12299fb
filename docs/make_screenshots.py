"""Make the pictures of the page: docs/images/page.png and page-phone.png.

    python docs/make_screenshots.py

indexes the street video of the demo assets, three cuts of it and two made clips in a temporary folder, serves that
library on loopback, asks the page a question in Chromium and takes its picture. It needs `leorn[test]`, the assets of
`leorn assets --fetch`, and Chromium as `chromium` in the PATH or under CHROMIUM. To be run where the repository lies.
"""

import os
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, NamedTuple

from leorn.assets import asset
from leorn.errors import InputError
from leorn.records import Moment
from leorn.retrieval.clips import write_clip
from leorn.terminal import fail

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
QUESTION = "a person riding a bicycle"
CUTS = {"crossing": (0.0, 4.5), "bicycle lane": (3.0, 7.5), "evening/cars": (5.5, 10.0)}
"""Seconds of the street video, by what the cuts are called."""
MADE = {"made/blocks": 60, "made/more blocks": 90}
"""Frames of the clips of the tests."""
# fmt: off
CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
# fmt: on


class Picture(NamedTuple):
    """A picture to take: of a window of that size."""

    file: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"


PICTURES = (Picture("page.png", 1280, 860), Picture("page-phone.png", 390, 844, "dark"))


def write_videos(folder: Path) -> None:
    """Write the videos of the library to a folder.

    Raises:
        InputError: the assets have not been fetched.
    """
    sys.path.insert(0, str(ROOT))
    from tests.videos import write_video

    street = asset("bikes.mp4")
    folder.mkdir(parents=True)
    shutil.copyfile(street, folder / "street.mp4")
    for name, (start, end) in CUTS.items():
        path = folder / f"{name}.mp4"
        path.parent.mkdir(exist_ok=True)
        write_clip(street, Moment(start, end), path)
    for name, frames in MADE.items():
        path = folder / f"{name}.mp4"
        path.parent.mkdir(exist_ok=True)
        write_video(path, frames, size=(320, 180))


@contextmanager
def served(library: Path) -> Iterator[str]:
    """Serve a library until the block is left, and give its address."""
    command = [sys.executable, "-u", "-m", "leorn", "serve", str(library), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"http://\S+", line):
                    yield found.group()
                    return
            raise InputError(f"{library}: the service has ended before it answered")
        finally:
            process.terminate()


def ask(page: "Page", address: str) -> None:
    """Ask the question, and show the evidence for its best moment."""
    page.goto(address)
    page.fill("#query", QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("#attended .chip")
    page.keyboard.press("e")
    # a frame in the middle of the moment
    page.evaluate(
        """async () => {
            const video = document.querySelector("video");
            const [start, end] = ["start", "end"].map((at) =>
                Number(document.querySelector(`.handle.${at}`).getAttribute("aria-valuenow")));
            video.pause();
            await new Promise((resolve) => {
                video.addEventListener("seeked", resolve, { once: true });
                video.currentTime = (start + end) / 2;
            });
        }"""
    )
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)


def take(address: str, folder: Path) -> list[Path]:
    """Take the pictures of the page at an address, and return their files."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        raise InputError("no Chromium; expected chromium in the PATH, or the variable CHROMIUM")
    files = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_OPTIONS)
        for picture in PICTURES:
            context = browser.new_context(
                viewport={"width": picture.width, "height": picture.height},
                color_scheme=picture.scheme,
                reduced_motion="reduce",
            )
            page = context.new_page()
            ask(page, address)
            files.append(folder / picture.file)
            page.screenshot(path=files[-1])
            context.close()
        browser.close()
    return files


def make(work: Path, out: Path) -> list[Path]:
    """Make the library, if it is not there, and its pictures.

    Args:
        work: where the videos and the library are.
        out: where the pictures will be.

    Returns:
        The pictures.

    Raises:
        InputError: something that is needed is missing, or the service does not start.
    """
    videos, library = work / "videos", work / "library"
    if not videos.exists():
        write_videos(videos)
    command = [sys.executable, "-m", "leorn", "index", str(videos), "--library", str(library)]
    if subprocess.run(command, check=False).returncode:
        raise InputError(f"{videos}: cannot be indexed")
    out.mkdir(parents=True, exist_ok=True)
    with served(library) as address:
        return take(address, out)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the pictures."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    parser.add_argument("--work", type=Path, help="folder to keep the videos and the library in, for another time")
    options = parser.parse_args(arguments)
    try:
        with TemporaryDirectory() as temporary:
            for file in make(options.work or Path(temporary), options.out):
                print(f"wrote {file}")
    except InputError as error:
        fail(str(error))


if __name__ == "__main__":
    main()
