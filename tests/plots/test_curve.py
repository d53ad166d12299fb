import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle, StepPatch

from leorn.errors import InputError
from leorn.plots import Curve
from leorn.plots.canvas import BEST_COLOUR, stack_panels
from leorn.plots.curve import draw_curve
from leorn.records import Moment, Query

CURVE = Curve(np.array([0.0, 10.0, 30.0, 40.0]), np.array([0.25, 0.75, 0.0]))


def test_the_curve_steps_at_its_edges_on_an_axis_from_0_to_1(query: Query) -> None:
    _, [panel] = stack_panels(query, [1.0])
    draw_curve(panel, CURVE, [])
    filled, line = (patch for patch in panel.patches if isinstance(patch, StepPatch))
    for step in (filled, line):
        scores, edges, _ = step.get_data()
        assert np.asarray(edges).tolist() == [0, 10, 30, 40]
        assert np.asarray(scores).tolist() == [0.25, 0.75, 0.0]
    assert filled.get_fill()
    assert not line.get_fill()
    assert panel.get_ylim() == (0, 1)
    assert panel.get_xlim() == (0, 40)
    assert [label.get_text() for label in panel.get_yticklabels()] == ["0", "score", "1"]


def test_the_best_moment_is_shaded_darker_than_the_others(query: Query) -> None:
    _, [panel] = stack_panels(query, [1.0])
    draw_curve(panel, CURVE, [Moment(10.0, 30.0), Moment(0.0, 5.0)])
    bands = [patch for patch in panel.patches if isinstance(patch, Rectangle)]
    assert [(band.get_x(), band.get_x() + band.get_width()) for band in bands] == [(10, 30), (0, 5)]
    best, other = (to_rgba(band.get_facecolor()) for band in bands)
    assert best[:3] == other[:3] == to_rgba(BEST_COLOUR)[:3]
    assert best[3] > other[3] > 0


@pytest.mark.parametrize(
    ("edges", "scores", "message"),
    [
        ([0.0], [], r"score curve: \(0,\) scores with edges of shape \(1,\); expected \(C,\) scores, at least one"),
        ([0.0, 1.0], [0.5, 0.5], r"\(2,\) scores with edges of shape \(2,\).*between \(C\+1,\) edges"),
        ([0.0, 2.0, 2.0], [0.5, 0.5], "score curve: edges that do not rise"),
        ([0.0, float("nan"), 2.0], [0.5, 0.5], "score curve: edges that do not rise"),
        ([0.0, 1.0], [1.5], "score curve: a score that is not a probability; expected 0 to 1"),
        ([0.0, 1.0], [float("nan")], "score curve: a score that is not a probability"),
    ],
)
def test_a_curve_that_cannot_be_is_an_error(edges: list[float], scores: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Curve(np.array(edges), np.array(scores))
    assert "\n" not in str(caught.value)
