"""All candidates of a query on one plane of start and end.

Letters: K candidates, C clips, equal parts of the video.
"""

import numpy as np
from jaxtyping import Bool, Float


def candidate_map(
    spans: Float[np.ndarray, "K 2"], scores: Float[np.ndarray, "K"], clips: int
) -> tuple[Float[np.ndarray, "C C"], Bool[np.ndarray, "C C"]]:
    """Lay candidates out on a moment map: cell (i, j) is from the start of clip i to the end of clip j.

    A candidate belongs to the cell whose boundaries are nearest to its own, of one clip at least; the highest score of
    a cell counts. The candidates of LEORN's own map come back as that map.

    Args:
        spans: starts and ends as fractions of the video's duration; those without length are no candidates.
        scores: of the candidates.
        clips: C.

    Returns:
        The scores, 0 where there is no candidate, and where there is one.
    """
    real = spans[:, 0] < spans[:, 1]
    first = np.clip(np.rint(spans[real, 0] * clips), 0, clips - 1).astype(int)
    last = np.clip(np.rint(spans[real, 1] * clips) - 1, first, clips - 1).astype(int)
    plane = np.full((clips, clips), -np.inf)
    np.maximum.at(plane, (first, last), scores[real])
    mask = np.isfinite(plane)
    return np.where(mask, plane, 0), mask
