"""Cuts one clip, for the service: `python -m leorn.serve.cut_one VIDEO START_SECONDS END_SECONDS CLIP SECONDS`.

Prints a line of JSON where it cannot: `{"reason": …}`, or `{"failed": …}` where the machine is to blame.
"""

import json
import sys

from leorn.errors import InputError, machine_failed
from leorn.serve.sandbox import confine, end_with_leash


def main(video: str, start_seconds: str, end_seconds: str, clip: str, seconds: str) -> None:
    """Cut a clip, or print why not."""
    end_with_leash()
    confine(float(seconds))
    from leorn.records import Moment
    from leorn.retrieval.clips import write_clip

    try:
        write_clip(video, Moment(float(start_seconds), float(end_seconds)), clip)
    except InputError as error:
        print(json.dumps({"failed" if machine_failed(error, memory=False) else "reason": str(error)}))
    except MemoryError:
        print(json.dumps({"reason": "cutting it takes more memory than there is for it; expected a smaller video"}))


if __name__ == "__main__":
    main(*sys.argv[1:])
