"""What a pattern of --only means, and what is said of one that meets nothing."""

import pytest
from account import yaml
from library import Library, configuration
from shelf import ROOT, Books, Shelves, desired

from reconciler.engine.selection import Selection, check_met, check_patterns, concerned, named
from reconciler.errors import UsageError
from reconciler.model import Address

SHELVES = Shelves()
A, B = ROOT / "shelves" / "a", ROOT / "shelves" / "b"
BOOK = A / "books" / "one"
CONFIG = yaml("""
  p:
    service: postmark
    token: {env: A}
    streams: {news: {type: broadcasts, name: News}}
  q:
    service: mailgun
    token: {env: B}
    domains: {mg.example.com: {spam_action: tag}}
""")


@pytest.mark.parametrize(
    ("pattern", "met"),
    [
        ("p", [A, B, BOOK]),
        ("p/shelves", [A, B, BOOK]),
        ("p/shelves/a", [A, BOOK]),
        ("p/shelves/*", [A, B, BOOK]),
        ("p/shelves/a/books/one", [BOOK]),
        ("*/one", [BOOK]),
        ("p/shelve", []),
        ("P/shelves/a", []),
    ],
)
def test_a_pattern_meets_an_address_or_all_below_it(pattern: str, met: list[Address]) -> None:
    assert [each for each in (A, B, BOOK) if each in Selection((pattern,))] == met


def test_without_a_pattern_all_is_met_and_with_several_what_one_of_them_meets() -> None:
    assert A in Selection()
    assert BOOK in Selection(("q", "p/shelves/a"))
    assert B not in Selection(("q", "p/shelves/a"))


def test_a_collection_is_reached_by_what_it_may_hold() -> None:
    collection = ROOT / "shelves"
    for pattern, is_reached in (("p/shelves/x*", True), ("p", True), ("p/shelvesx/a", False)):
        assert Selection((pattern,)).reaches(collection) is is_reached


def test_what_is_selected_comes_with_what_it_stands_below_and_nothing_else() -> None:
    wanted = {each: desired(SHELVES, each) for each in (A, B, BOOK)}
    assert Selection((str(BOOK),)).of(wanted).keys() == {A, BOOK}
    assert Selection().of(wanted).keys() == {A, B, BOOK}


def test_only_the_providers_that_a_selection_meets_are_concerned() -> None:
    assert concerned(CONFIG, Selection()).providers.keys() == {"p", "q"}
    assert concerned(CONFIG, Selection(("q",))).providers.keys() == {"q"}
    assert concerned(CONFIG, Selection(("*/mg.example.com",))).providers.keys() == {"q"}
    found = concerned(CONFIG, Selection(("p/streams/news",)))
    assert [str(each) for each in found.desired] == ["p/streams/news"]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("p/stream/news", "no address matches; did you mean `p/streams/news`\\?"),
        ("zzz/zzz/zzz", "no address matches; the providers are: p, q"),
    ],
)
def test_a_pattern_that_can_meet_nothing_is_refused_with_the_nearest(
    pattern: str, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        check_patterns(CONFIG, Selection((pattern,)))
    with pytest.raises(UsageError, match=told):
        check_patterns(CONFIG, Selection(("p", pattern)))


def test_a_pattern_that_may_meet_what_is_live_is_judged_when_that_is_known() -> None:
    only = Selection(("p/streams/other",))
    check_patterns(CONFIG, only)
    known = named(CONFIG)
    with pytest.raises(UsageError, match="no address matches"):
        check_met(only, [], known)
    check_met(only, [ROOT / "streams" / "other"], known)
    check_met(Selection(("p/streams/o*/*",)), [], known)
    check_met(Selection(), [], [])


def test_a_pattern_may_be_about_providers_their_collections_and_what_is_declared() -> None:
    assert [str(each) for each in named(CONFIG)] == [
        "p",
        "q",
        "p/streams",
        "q/domains",
        "p/streams/news",
        "q/domains/mg.example.com",
    ]


def test_a_pattern_that_meets_what_is_declared_need_not_reach_a_collection() -> None:
    check_patterns(CONFIG, Selection(("*/mg.example.com",)))


def test_a_provider_is_concerned_by_what_may_be_live_there() -> None:
    found = concerned(CONFIG, Selection(("p/streams/other",)))
    assert found.providers.keys() == {"p"}
    assert not found.desired


def test_what_a_pattern_met_before_it_was_read_stays_met() -> None:
    check_met(Selection(("p/streams/news",)), [], named(CONFIG))


def test_a_collection_is_reached_if_one_of_several_patterns_reaches_it() -> None:
    assert Selection(("q", "p/shelves/x")).reaches(ROOT / "shelves")
    assert not Selection(("q", "p/other/x")).reaches(ROOT / "shelves")


def test_a_key_that_is_called_like_what_stands_below_others_is_no_collection() -> None:
    found = configuration(Library(SHELVES, Books()), {"p": ("shelves", "books")})
    assert [str(each) for each in named(found)] == ["p", "p/shelves"]
    with pytest.raises(UsageError, match="no address matches"):
        check_patterns(found, Selection(("p/books/one",)))


def test_what_is_told_of_a_pattern_has_no_line_of_its_own() -> None:
    odd = Address(("p\n", "shelves", "a\n"))
    near = "no address matches; did you mean `p\\n/shelves/a\\n`?"
    for pattern, told in (
        ("p\n/shelves/b\n", near),
        ("zzz\n", "no address matches; the providers are: p\\n"),
    ):
        with pytest.raises(UsageError) as raised:
            check_met(Selection((pattern,)), [odd], [])
        shown = pattern.replace("\n", "\\n")
        assert str(raised.value) == f"--only {shown}: {told}"


def test_where_there_is_no_provider_none_is_told() -> None:
    with pytest.raises(UsageError, match=r"no address matches; the providers are: none$"):
        check_met(Selection(("p",)), [], [])
