from hypothesis import given
from hypothesis import strategies as st

from leorn.records import Moment, Query
from leorn.reporting.groups import Grouping, group_queries


def query(text: str = "a person sits", *spans: tuple[float, float], duration_seconds: float = 100.0) -> Query:
    moments = tuple(Moment(*span) for span in spans or ((10.0, 20.0),))
    return Query("q", "v", text, duration_seconds, moments)


def grouped(queries: list[Query], name: str, train: tuple[Query, ...] = ()) -> Grouping:
    return {grouping.name: grouping for grouping in group_queries(queries, train)}[name]


def test_length_and_position_are_of_the_longest_moment_as_shares_of_the_video() -> None:
    queries = [
        query("a", (0, 4)),
        query("a", (0, 5)),
        query("a", (90, 99), (10, 60)),
        query("a", (0.5, 1), duration_seconds=2),
    ]
    assert grouped(queries, "moment length").of == ("below 5%", "5–10%", "50% and more", "25–50%")
    assert grouped(queries, "moment length").groups == ("below 5%", "5–10%", "25–50%", "50% and more")
    assert grouped(queries, "position").of == ("first fifth", "first fifth", "second", "second")


def test_rounding_does_not_decide_the_group() -> None:
    # a tenth and a fifth, less the rounding
    assert (2.8 - 2.1) / 7 < 0.1
    assert grouped([query("a", (2.1, 2.8), duration_seconds=7)], "moment length").of == ("10–25%",)
    assert (0.1 + 0.7) / 2 / 2 < 0.2
    assert grouped([query("a", (0.1, 0.7), duration_seconds=2)], "position").of == ("second",)


def test_moments_and_words_are_counted() -> None:
    queries = [query("one two three, four five."), query("one two three four five six", *[(0.0, 1.0)] * 5)]
    assert grouped(queries, "number of moments").of == ("1", "4 and more")
    assert grouped(queries, "query length").of == ("1–5 words", "6–8")


def test_the_most_frequent_verbs_have_groups_and_equally_frequent_ones_go_by_the_alphabet() -> None:
    verbs = ["opens", "closes", "takes", "throws", "eats", "holds", "walks", "laughs", "pours", "reads", "washes"]
    queries = [query(f"the person {verb} it") for verb in [*verbs, "opens"]] + [query("a red door")]
    found = grouped(queries, "first verb")
    assert found.groups == (
        "open", "close", "eat", "hold", "laugh", "pour", "read", "take", "throw", "walk",
        "other verbs", "no verb found",
    )  # fmt: skip
    assert found.of[:2] == ("open", "close")
    assert found.of[10:] == ("other verbs", "open", "no verb found")


def test_the_rarest_word_decides_and_without_training_queries_nothing_is_rare() -> None:
    train = (*[query("a person sits")] * 10, query("a tall person stands"))
    queries = [query("a person sits"), query("a tall person sits"), query("a dog sits")]
    assert grouped(queries, "rare words", train).of == ("10–99 times", "1–9 times", "never seen")
    assert [one.name for one in group_queries(queries, ())] == [
        "moment length", "position", "number of moments", "query length", "first verb",
    ]  # fmt: skip


SPANS = st.tuples(st.integers(0, 99), st.integers(1, 99)).map(lambda pair: (float(pair[0]), float(min(100, sum(pair)))))


@given(st.lists(st.lists(SPANS, min_size=1, max_size=5), min_size=1, max_size=8))
def test_every_query_is_in_one_group_and_no_group_is_empty(cases: list[list[tuple[float, float]]]) -> None:
    queries = [query("a person sits", *spans) for spans in cases]
    for grouping in group_queries(queries, queries):
        assert len(grouping.of) == len(queries)
        assert set(grouping.of) == set(grouping.groups)
