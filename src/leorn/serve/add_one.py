"""Adds one video to a library, for the service: `python -m leorn.serve.add_one LIBRARY ID FILE NAME`.

Prints a line of JSON whenever some frames are done, and one when it is: `{"done": 8, "total": 40}`,
`{"busy": …}` where another process writes to the library, `{"unfit": …}` where the video is to blame that it cannot be
added, `{"reason": …}` where something else is.
"""

import json
import os
import sys

from leorn.errors import InputError
from leorn.serve.sandbox import NICER


def main() -> None:
    """Add the video, and say how that goes."""
    os.nice(NICER)
    from leorn.features.store_lock import LockedError
    from leorn.retrieval.indexing import UnfitVideoError, add_video

    folder, video, file, name = sys.argv[1:]
    try:
        add_video(folder, video, file, name, lambda done, total: _say(done=done, total=total))
    except LockedError as error:
        _say(busy=str(error))
    except UnfitVideoError as error:
        _say(unfit=str(error))
    except InputError as error:
        _say(reason=str(error))
    else:
        _say(added=video)


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
