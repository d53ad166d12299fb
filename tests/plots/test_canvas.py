from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import matplotlib.image
import pytest
from matplotlib.figure import Figure

from leorn.errors import InputError
from leorn.plots import plot_moments
from leorn.plots.canvas import (
    DPI,
    MARGIN,
    WIDTH,
    add_panel,
    name_rows,
    new_figure,
    panel_size,
    save_figure,
    stack_panels,
    wrap_title,
)
from leorn.plots.moments import moments_figure
from leorn.records import Query

SVG = "{http://www.w3.org/2000/svg}"


def texts(path: Path) -> list[str]:
    return [element.text or "" for element in ElementTree.parse(path).iter(f"{SVG}text")]


def test_a_panel_stands_where_its_inches_say() -> None:
    axes = add_panel(new_figure(8.0, 4.0), left=2.0, top=1.0, width=4.0, height=2.0)
    box = axes.get_position()
    assert (box.x0, box.y0, box.width, box.height) == pytest.approx((0.25, 0.25, 0.5, 0.5))
    assert panel_size(axes) == pytest.approx((4.0, 2.0))


def test_stacked_panels_share_the_time_axis_and_its_place(query: Query) -> None:
    figure, panels = stack_panels(query, [1.0, 2.0], side=1.5)
    assert [panel.get_xlim() for panel in panels] == [(0, 40), (0, 40)]
    upper, lower = (panel.get_position() for panel in panels)
    assert (upper.x0, upper.x1) == (lower.x0, lower.x1)
    assert upper.x1 * WIDTH == pytest.approx(WIDTH - 0.2 - 1.5)
    assert upper.y0 > lower.y1
    assert lower.height == pytest.approx(2 * upper.height)
    assert [panel.get_xlabel() for panel in panels] == ["", "time (s)"]
    assert figure.get_figwidth() == WIDTH


def test_least_height_leaves_room_below_few_panels(query: Query) -> None:
    low, _ = stack_panels(query, [1.0])
    high, _ = stack_panels(query, [1.0], least_height=3.0)
    assert high.get_figheight() - low.get_figheight() == pytest.approx(2.0)


@pytest.mark.parametrize("word", ["illicit", "WOMAN", "opens"])
def test_every_line_of_a_long_sentence_fits_and_no_word_is_lost(word: str) -> None:
    query = Query("q1", "v", " ".join([word] * 60), 10.0)
    title = wrap_title(query, width=6.0)
    assert title.split() == [f"“{word}", *[word] * 58, f"{word}”"]
    drawn = Figure(figsize=(8, 4), dpi=100).text(0, 0, title, size=12)
    assert 4.5 < drawn.get_window_extent().width / 100 <= 6.0


def test_a_long_sentence_makes_the_picture_taller_not_wider(query: Query) -> None:
    long = Query("q1", "kitchen", query.text + " and looks inside for a while" * 8, 40.0)
    short_figure, _ = stack_panels(query, [1.0])
    long_figure, _ = stack_panels(long, [1.0])
    assert long_figure.get_figwidth() == short_figure.get_figwidth()
    lines = wrap_title(long, WIDTH - 1.65 - 0.2).count("\n") + 1
    assert long_figure.get_figheight() - short_figure.get_figheight() == pytest.approx(0.22 * (lines - 1))


def test_a_title_further_left_has_longer_lines(query: Query) -> None:
    long = Query("q1", "kitchen", query.text + " and looks inside for a while" * 8, 40.0)
    figure, _ = stack_panels(long, [1.0], title_left=MARGIN)
    title, ids = figure.texts
    assert title.get_text() == wrap_title(long, WIDTH - 2 * MARGIN)
    assert title.get_position()[0] * WIDTH == ids.get_position()[0] * WIDTH == pytest.approx(MARGIN)


@pytest.mark.parametrize("query_id", ["", "bikes.mp4", "a person"])
def test_a_query_without_an_id_of_its_own_shows_the_video_alone(query_id: str) -> None:
    figure, _ = stack_panels(Query(query_id, "bikes.mp4", "a person", 10.0), [1.0])
    assert [text.get_text() for text in figure.texts] == ["“a person”", "video bikes.mp4"]


def test_names_stand_from_the_top_and_long_ones_are_cut() -> None:
    axes = add_panel(new_figure(4, 4), 1, 1, 2, 2)
    name_rows(axes, ["person", "x" * 20, "refrigerator door handle"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["person", "x" * 20, "refrigerator door h…"]
    assert axes.get_ylim() == (2.5, -0.5)


def test_a_png_has_the_size_of_its_figure(query: Query, tmp_path: Path) -> None:
    figure = moments_figure(query, {})
    save_figure(figure, tmp_path / "a.PNG")
    pixels = matplotlib.image.imread(tmp_path / "a.PNG", format="png")
    assert pixels.shape[:2] == (int(figure.get_figheight() * DPI), int(WIDTH * DPI))
    assert (pixels[0, 0] == 1).all()  # white corner


def test_an_svg_holds_the_sentence_as_text_and_no_formulas(tmp_path: Path) -> None:
    query = Query("q7", "shop", "pays $5 & gets <$2> back", 40.0)
    plot_moments(query, {}, tmp_path / "a.svg")
    assert {"“pays $5 & gets <$2> back”", "video shop, query q7", "time (s)"} <= set(texts(tmp_path / "a.svg"))


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_same_input_gives_the_same_bytes_whatever_the_users_settings(
    query: Query, tmp_path: Path, suffix: str
) -> None:
    plot_moments(query, {"LEORN": query.moments}, tmp_path / f"a{suffix}")
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black", "savefig.dpi": 30, "svg.hashsalt": "x"}):
        plot_moments(query, {"LEORN": query.moments}, tmp_path / f"b{suffix}")
        assert matplotlib.rcParams["font.size"] == 20
    first = (tmp_path / f"a{suffix}").read_bytes()
    assert first == (tmp_path / f"b{suffix}").read_bytes()
    assert not any(word in first for word in (b"Matplotlib v", b"Software", b"dc:date"))


@pytest.mark.parametrize("name", ["a.jpg", "a", "png"])
def test_another_suffix_is_an_error_that_names_both_formats(query: Query, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}.*expected \.png or \.svg") as caught:
        plot_moments(query, {}, tmp_path / name)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_write_leaves_the_old_picture(query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_the_disk(figure: Figure, path: Path, **options: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "a.png").write_bytes(b"old")
    monkeypatch.setattr(Figure, "savefig", fill_the_disk)
    with pytest.raises(InputError, match=r"a\.png: No space left"):
        plot_moments(query, {}, tmp_path / "a.png")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.png", b"old")]
