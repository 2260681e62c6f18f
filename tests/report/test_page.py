"""The page and the pictures of a report: what is in them, and that nothing else can be."""

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from itertools import combinations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from openai_usage import Names, UnreadList
from openai_usage._number_format import money_with_symbol
from openai_usage._text import printable, unique_labels
from openai_usage.analysis.daily import Period, Rows
from openai_usage.report import Report
from openai_usage.report.charts import COLOURS, subtitle
from openai_usage.report.data import Figures, Missing
from openai_usage.report.panels import bars, named, slugs
from openai_usage.report.spend import rankings
from tests.conftest import DAY, TODAY
from tests.support.hostile_report import TOKENS, called, hostile, panels
from tests.support.report_values import HOSTILE, known, of_days, spent, used


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.exact: list[str] = []
        """The titles of cells: their figures with every digit."""
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img"):
            self._open.append(tag)
        match tag:
            case "table":
                self.tables.append([])
            case "tr":
                self.tables[-1].append([])
            case "th" | "td":
                self.tables[-1][-1].append("")
                self.exact += [str(value) for name, value in attrs if name == "title"]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("th", "td"):
            self.tables[-1][-1][-1] += data
        if self._open and self._open[-1] != "style":
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for each, attributes in self.tags if each == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def titles(self) -> list[str]:
        """What bars say of themselves."""
        return [text for text in self.texts if re.match(r".*, .*: [$-]?", text)]


@pytest.fixture(scope="module")
def page(figures: Figures) -> Page:
    return Page(Report(figures).html())


# ---------------------------------------------------------------- what is in it


def test_headlines_are_exact_to_the_cent(figures: Figures, page: Page) -> None:
    [spend] = figures.spend
    assert spend.before is not None
    days = [sum(known(day)) for day in zip(*spend.rows.values(), strict=True)]
    before = sum(sum(known(row)) for row in spend.before.values())
    now = sum(days[:-1])
    text = page.text
    assert f"Spent ${sum(days):,.2f} 14 days, 1 of them in part" in text
    assert f"Spent a day ${now / 13:,.2f} average of 13 days" in text
    assert f"Against 13 days before {(now - before) / before:+.1%}".replace("%", " %") in text
    assert f"${abs(now - before):,.2f} on ${before:,.2f}" in text


def test_every_figure_that_is_drawn_is_listed_with_every_digit(
    figures: Figures, page: Page
) -> None:
    listed = {tuple(row) for table in page.tables for row in table}
    exact = {*page.exact, *(cell for row in listed for cell in row)}
    assert len(panels(figures)) == 12
    for panel in panels(figures):
        for series in panel.series:
            if series.label.startswith("Other"):
                continue
            for bar, value in zip(panel.bars, known(series.values), strict=True):
                rounded = panel.unit.rounded(value)
                assert any(row[0] == bar.text and rounded in row for row in listed)
                assert panel.unit.exact(value) in exact
                assert Decimal(re.sub("[$,B ]", "", panel.unit.exact(value))) == value
            assert not panel.adds_up or panel.unit.exact(series.total) in exact


def test_a_bar_is_drawn_for_every_figure_that_is_not_zero(figures: Figures, page: Page) -> None:
    for panel in panels(figures):
        for series in panel.series:
            for bar, value in zip(panel.bars, known(series.values), strict=True):
                title = f"{bar.text}, {series.label}: {panel.unit.rounded(value)}"
                drawn = 0 if panel.compact else 1  # small charts have no titles
                assert page.texts.count(title) == (drawn if value else 0)


def test_it_says_what_it_covers(figures: Figures, page: Page) -> None:
    text = page.text
    assert "28 August 2026 to 10 September 2026, in UTC" in text
    assert "Covers 28 August 2026 00:00 to 10 September 2026 22:40 UTC" in text
    assert text.startswith("Sandbox Organization: OpenAI usage and costs, 28 August 2026 to")
    assert "Source 127.0.0.1" in text
    assert "Made 10 September 2026 22:40 UTC, with openai-usage-client" in text
    assert "usage times price does not reconcile" in text
    assert "10 September 2026 is not complete, because" in text
    assert "This report is not complete" not in text
    assert (
        "Only complete days are compared: 13 days, 28 August 2026 to 9 September 2026, with as "
        "many before, 15 August 2026 to 27 August 2026." in text
    )
    text = Page(Report(evolve(figures, organization="org-1")).html()).text
    assert "Organization org-1" in text


def test_storage_is_never_added_up(figures: Figures, page: Page) -> None:
    [panel] = [each for each in panels(figures) if not each.adds_up]
    assert panel.title == "Vector stores"
    assert panel.unit.exact(panel.total) not in page.text
    [table] = [table for table in page.tables if panel.title in table[0]]
    assert table[-1][table[0].index(panel.title)] == "\N{EN DASH}"
    assert "The API does not say whether" in page.text


def test_tokens_are_in_one_kind_each(figures: Figures) -> None:
    by_day, by_model = (each for each in panels(figures) if each.title.startswith("Tokens"))
    labels = ["Uncached input", "Cached input", "Cache writes", "Output"]
    assert [each.label for each in by_day.series] == labels == [s.label for s in by_model.series]
    counted = sum(
        sum(known(days))
        for usage in figures.usage
        for (measure, _), days in usage.rows.items()
        if measure in ("input_tokens", "output_tokens")
    )
    assert by_day.total == by_model.total == counted


def test_requests_that_web_searches_count_are_not_counted_twice(figures: Figures) -> None:
    [requests] = [each for each in panels(figures) if each.title == "Requests to models"]
    assert "Web search calls" not in [each.label for each in requests.series]
    assert requests.total == sum(
        sum(known(days))
        for usage in figures.usage
        for (measure, _), days in usage.rows.items()
        if measure == "num_model_requests" and usage.endpoint != "web_search_calls"
    )


def test_what_moved_most(figures: Figures, page: Page) -> None:
    [by_model, by_project] = rankings(figures)
    movers = by_model.movers()
    assert len(movers) == 5
    assert min(abs(each.change) for each in movers) >= max(
        abs(each.change) for each in by_model.items if each not in movers
    )
    [table] = [table for table in page.tables if table[0][0] == "Model" and len(table) == 6]
    for row, each in zip(table[1:], movers, strict=True):
        assert row[0] == each.label
        assert row[3] == money_with_symbol("usd").signed(each.change)
    assert sum(each.change for each in by_project.items) == by_project.everything.change


# ---------------------------------------------------------------- unusual organizations


def test_nothing_at_all() -> None:
    page = Page(Report(of_days(7)).html())
    assert "Spent nothing 7 days, 1 of them in part" in page.text
    assert "Nothing was billed on these days." in page.text
    assert "Nothing was used on these days." in page.text
    assert (page.all("svg"), page.tables) == ([], [])
    assert Report(of_days(7)).pictures() == {}


def test_where_usage_could_not_be_read_it_does_not_say_that_there_was_none() -> None:
    missing = (Missing("images", "500", frozenset({"images"})),)
    text = Page(Report(of_days(7, missing=missing)).html()).text
    assert "Usage could not be read." in text
    assert "Nothing was used" not in text
    some = of_days(7, missing=missing, usage=(used("moderations", 7, {}),))
    text = Page(Report(some).html()).text
    assert "Some usage could not be read. The rest shows no usage on these days." in text
    text = Page(Report(of_days(7, missing=(Missing("costs", "500"),))).html()).text
    assert "Nothing was used on these days." in text


def test_tokens_and_requests_say_whose_are_missing() -> None:
    counted: dict[str, dict[str, object]] = {"input_tokens": {}, "num_model_requests": {}}
    measures = frozenset({"input_tokens", "num_model_requests", "model"})
    missing = [
        Missing("costs", "500"),
        Missing("images", "500", frozenset({"images", "num_model_requests"})),
        Missing("completions", "500", measures),
        Missing("web search calls", "500", frozenset({"num_requests", "num_model_requests"})),
    ]
    figures = of_days(2, usage=(used("embeddings", 2, counted),), missing=tuple(missing))
    tokens, models, requests = panels(figures)
    assert tokens.omission == models.omission == "without completions"
    assert requests.omission == "without images and completions"
    page = Page(Report(figures).html())
    assert "Tokens 201 201, without completions Requests to models 201 201, without " in page.text
    assert "Tokens 201, without completions table" in page.text
    assert "exactly" not in page.text
    drawn = [str(each["aria-label"]) for each in page.all("div") if each.get("role") == "img"]
    assert drawn[0].startswith("Tokens from 2026-09-09 to 2026-09-10 (without completions): ")
    assert list(subtitle(tokens, figures.period)) == [
        "9 September 2026 to 10 September 2026, in UTC · total 201 · without completions",
        "In part (paler): 2026-09-10",
    ]
    whole = Page(Report(evolve(figures, missing=())).html()).text
    assert "Tokens 201 exactly 201 Requests to models 201 exactly 201" in whole


def test_what_is_missing_is_said_plainly() -> None:
    missing = (Missing("costs", "403 <b>no</b>"), Missing("images", "500"))
    page = Page(Report(of_days(7, missing=missing)).html())
    assert "This report is not complete" in page.text
    assert "costs : 403 <b>no</b>" in page.text
    assert "images : 500" in page.text
    assert "The costs could not be read." in page.text
    assert "Spent a day" not in page.text


def test_costs_before_that_are_not_known_are_not_compared_with() -> None:
    spend = evolve(spent(7, ("p", "a")), before=None)
    page = Page(Report(of_days(7, spend=(spend,), uncompared="404 <b>gone</b>")).html())
    assert "Compared" not in page.text
    assert "left out of averages." in page.text
    assert "the costs of that period could not be read: 404 <b>gone</b>" in page.text
    assert "This report is not complete" not in page.text
    assert "Against" not in page.text
    assert "Largest changes" not in page.text
    assert page.tables[0][0] == ["Model or line item", "Spend"]


def test_a_day_that_is_not_over_has_no_average() -> None:
    page = Page(Report(of_days(1, spend=(spent(1, ("p", "a")),))).html())
    assert "10 September 2026, in UTC" in page.text
    assert "part of a day" in page.text
    assert "No day is complete, so nothing is compared." in page.text
    assert "Spent a day" not in page.text


def test_days_that_have_none_before_them_are_not_compared() -> None:
    figures = evolve(of_days(7, spend=(spent(7, ("p", "a")),)), compared=None)
    text = Page(Report(figures).html()).text
    assert "ompared" not in text
    assert Period(0, DAY).before() is None


def test_days_that_are_all_over() -> None:
    figures = of_days(8)
    period = evolve(figures.period, end=TODAY)
    figures = evolve(figures, period=period, spend=(spent(7, ("p", "a")),))
    text = Page(Report(figures).html()).text
    assert "All days are complete." in text
    assert "Spent $7.02 7 days" in text


def test_a_range_that_begins_and_ends_within_days() -> None:
    figures = of_days(3)
    period = evolve(figures.period, start=figures.period.start + 3600)
    text = Page(Report(evolve(figures, period=period)).html()).text
    assert "8 September 2026 and 10 September 2026 are not complete" in text


def test_sixty_projects_are_six_and_others_and_all_in_the_table() -> None:
    spend = spent(7, *((f"proj_{n:02}", "a, input") for n in range(60)), before=1)
    figures = of_days(7, spend=(spend,))
    panel = panels(figures)[1]
    assert [each.label for each in panel.series] == [
        *(f"proj_{n:02}" for n in range(6)),
        "Other (54)",
    ]
    assert [each.colour for each in panel.series] == [1, 2, 3, 4, 5, 6, 0]
    page = Page(Report(figures).html())
    largest, rest = page.tables[1:3]
    assert [row[0] for row in largest[1:]] == [
        *(f"proj_{n:02}" for n in range(25)),
        "35 more",
        "Total",
    ]
    assert largest[26] == ["35 more", "$4,410.86", "+$3,745.63"]
    assert rest[0] == ["Project", "Spend", "Change"]
    assert [row[0] for row in rest[1:]] == [f"proj_{n:02}" for n in range(25, 60)]
    assert rest[-1] == ["proj_59", "$7.02", "+$5.02"]
    assert "Every other project: 35 rows, 3 columns" in page.text
    by_day = page.tables[-1]
    assert by_day[0] == ["In UTC", *(f"proj_{n:02}" for n in range(11)), "49 more", "Total"]
    assert [by_day[1][1], *by_day[1][-2:]] == ["$60.00", "$1,225.02", "$1,830.03"]
    assert len(by_day) == 1 + 7 + 1


def test_one_more_project_than_the_table_lists_has_its_row() -> None:
    spend = spent(2, *((f"proj_{n:02}", "a") for n in range(26)))
    page = Page(Report(of_days(2, spend=(spend,))).html())
    assert [row[0] for row in page.tables[1][1:-1]] == [f"proj_{n:02}" for n in range(26)]
    assert "more" not in page.text.partition("Usage back")[0]


def test_kinds_of_one_model_are_one() -> None:
    items = [("p", f"gpt-{n}, {kind}") for n in range(3) for kind in ("input", "output")]
    figures = of_days(2, spend=(spent(2, *items, ("p", "storage, in all"), ("p", "gpt-0")),))
    [by_model, by_project] = panels(figures)
    assert [each.label for each in by_model.series] == [
        "gpt-0",
        "gpt-1",
        "gpt-2",
        "storage, in all",
    ]
    assert by_model.total == by_project.total
    assert by_model.series[0].values == (Decimal("16.0015"), Decimal("16.0045"))
    [table] = [table for table in Page(Report(figures).html()).tables if len(table[0]) == 6]
    assert table[0][1:-1] == [each.label for each in by_model.series]


def test_a_seventh_project_has_its_name_and_the_colour_of_others() -> None:
    figures = of_days(2, spend=(spent(2, *((f"proj_{n}", "a") for n in range(7))),))
    last = panels(figures)[1].series[-1]
    assert (last.label, last.colour) == ("proj_6", 0)


def test_models_beyond_twelve_are_put_together() -> None:
    models = [f"model-{n:02}" for n in range(15)]
    for many in (13, 15):
        figures = of_days(2, usage=(used("completions", 2, TOKENS, *models[:many]),))
        [_, panel] = panels(figures)
        assert len(panel.bars) == 13
        assert panel.bars[-1].label == ("model-12" if many == 13 else "Other models (3)")
        assert panel.total == panels(figures)[0].total
        listed = {row[0] for table in Page(Report(figures).html()).tables for row in table}
        assert listed >= set(models[:many])


def test_long_ranges_are_shown_by_month() -> None:
    storage: dict[str, dict[str, object]] = {"usage_bytes": {"adds_up": False, "unit": "bytes"}}
    figures = of_days(
        200,
        spend=(spent(200, ("p", "a")),),
        usage=(used("vector_stores", 200, storage), used("images", 200, {"images": {}})),
    )
    money_, _, stored, images = panels(figures)
    assert [bar.text for bar in money_.bars] == [
        "2026-02 (in part)",
        *(f"2026-0{month}" for month in range(3, 9)),
        "2026-09 (in part)",
    ]
    assert images.total == sum(known(figures.usage[1].rows["images", None]))
    assert len(stored.bars) == 200  # which cannot be added up to months
    page = Page(Report(figures).html())
    assert {len(table) for table in page.tables[4:]} == {8 + 2, 200 + 2}
    listed = {tuple(row) for table in page.tables for row in table}
    assert ("2026-02-23", "$1.00", "$1.00") in listed
    assert ("2026-02-23", "100") in listed  # images
    assert "Images, in full" in page.text
    assert "10 September 2026 is not complete, because the range begins or ends within" in page.text
    assert "charts show months where days can be summed. 2026-02 and" in page.text
    assert "Feb 2026" in page.texts


def test_a_month_is_whole_from_its_first_day_to_its_last() -> None:
    whole = Period(1_767_225_600, 1_767_225_600 + 181 * DAY)  # January to June 2026
    assert [bar.text for bar in bars(whole)] == [f"2026-0{month}" for month in range(1, 7)]
    text = Page(Report(evolve(of_days(1), period=whole)).html()).text
    assert "All days are complete. Because the range is long, charts show months" in text
    assert "not complete" not in text


def test_currencies_are_never_added_up() -> None:
    figures = of_days(
        3, spend=(spent(3, ("p", "a"), currency="eur"), spent(3, ("p", "a"), ("q", "b")))
    )
    page = Page(Report(figures).html())
    assert "Spent, EUR EUR 3.00" in page.text
    assert "Spent, USD $9.01" in page.text
    names = list(Report(figures).pictures())
    assert names == [
        f"spend-by-{what}-{currency}"
        for what in ("model", "project")
        for currency in ("eur", "usd")
    ]


def test_currencies_that_are_spelt_alike_are_text_apart() -> None:
    currencies = ("EUR", "eur", "\N{EURO SIGN}", "\N{POUND SIGN}")
    figures = of_days(2, spend=tuple(spent(2, ("p", "a"), currency=each) for each in currencies))
    page = Page(Report(figures).html())
    ids = [str(each["id"]) for _, each in page.tags if "id" in each]
    assert len(ids) == len(set(ids))
    links = [str(each["href"]) for each in page.all("a")]
    to_tables = [each for each in links if each.startswith("#table-")]
    assert len(to_tables) == len(set(to_tables)) == 8
    assert list(Report(figures).pictures())[:4] == [
        "spend-by-model-eur",
        "spend-by-model-eur-2",
        "spend-by-model",
        "spend-by-model-2",
    ]


def test_pictures_say_what_they_are_of() -> None:
    figures = of_days(2, spend=(spent(2, ("p", "a")), spent(2, ("p", "a"), currency="eur")))
    dollars, euros, _, _ = panels(figures)
    assert next(subtitle(dollars, figures.period)).endswith("in UTC · total $2.00 USD")
    assert next(subtitle(euros, figures.period)).endswith("in UTC · total EUR 2.00")
    storage: dict[str, dict[str, object]] = {"usage_bytes": {"adds_up": False, "unit": "bytes"}}
    figures = of_days(2, usage=(used("vector_stores", 2, storage),))
    [stored] = panels(figures)
    said = " ".join(subtitle(stored, figures.period))
    assert "total" not in said
    assert "The API does not say whether" in said
    moved = evolve(figures, period=Period(figures.period.start, figures.period.end - DAY))
    assert [*Report(moved).pictures().values()] != [*Report(figures).pictures().values()]


def test_web_searches_are_spoken_of_where_there_are_some() -> None:
    searches = used("web_search_calls", 2, {"num_requests": {}, "num_model_requests": {}})
    completions = used("completions", 2, {"num_model_requests": {}})
    for usage, says in (((completions,), False), ((completions, searches), True)):
        [panel] = [
            each for each in panels(of_days(2, usage=usage)) if each.title == "Requests to models"
        ]
        assert bool(panel.note) is says


def test_credits_are_drawn_below_the_line() -> None:
    spend = spent(3, ("p", "a"))
    credit: Rows = {("p", "credit"): (Decimal("-9.005"),) * 3}
    figures = of_days(3, spend=(evolve(spend, rows={**spend.rows, **credit}),))
    page = Page(Report(figures).html())
    assert "2026-09-08, credit: -$9.00" in page.texts
    assert {"$0", "-$2"} <= set(page.texts)
    assert not any("\N{MINUS SIGN}" in text for text in page.texts)
    # The largest first: a refund is the smallest, though it is as much to be seen in a chart.
    assert [row[0] for row in page.tables[0]] == ["Model or line item", "a", "credit", "Total"]
    assert [each.label for each in panels(figures)[0].series] == ["credit", "a"]
    assert "-$9.005" in page.exact


def test_projects_have_their_names_and_ids_where_names_are_the_same() -> None:
    figures = of_days(
        3,
        spend=(spent(3, ("proj_1", "a"), ("proj_2", "a"), ("proj_3", "a"), (None, "a")),),
        names=called(proj_1="Marketing", proj_2="Marketing", proj_3="Research"),
    )
    assert [each.label for each in panels(figures)[1].series] == [
        "Marketing (proj_1)",
        "Marketing (proj_2)",
        "Research",
        "(no project)",
    ]
    page = Page(Report(figures).html())
    rows = [row[0] for row in page.tables[1]]
    assert "Research" in rows
    assert "proj_3" in page.text
    assert "Marketing (proj_1)" in rows


def test_a_line_item_that_is_called_as_all_others_are_is_text_apart_from_them() -> None:
    items = [("p", f"item {n}") for n in range(8)]
    figures = of_days(2, spend=(spent(2, ("p", "Other (3)"), *items),))
    assert [each.label for each in panels(figures)[0].series][::6] == [
        "Other (3)",
        "Other (3) [2]",
    ]


def test_projects_without_a_name_keep_their_ids() -> None:
    figures = of_days(3, spend=(spent(3, ("proj_1", "a")),))
    for names, label in (
        (None, "proj_1"),
        (called(), "proj_1 (unknown)"),
        (
            Names(
                known={}, unread=(UnreadList(kind="projects", path="p", why="w", passing=False),)
            ),
            "proj_1",
        ),
    ):
        [_, project] = panels(evolve(figures, names=names))
        assert project.series[0].label == label


def test_what_looks_alike_is_text_apart() -> None:
    figures = of_days(
        3,
        spend=(spent(3, (None, "a b"), ("(no project)", "a\tb")),),
        usage=(used("completions", 3, TOKENS, "a b", "a\tb", None),),
    )
    item, project, _, model = panels(figures)
    assert {each.label for each in project.series} == {"(no project)", "(no project) [2]"}
    assert {each.label for each in item.series} == {"a b", "a b [2]"}
    assert sorted(bar.label for bar in model.bars) == ["(no model)", "a b", "a b [2]"]
    assert item.total == Decimal("9.009")


# ---------------------------------------------------------------- what cannot be in it


SHAPES = {"g", "line", "path", "svg", "text"}


def test_what_the_api_says_is_text_and_nothing_else() -> None:
    figures = hostile()
    page, tame = Page(Report(figures).html()), Page(Report(_tamed(figures)).html())
    # The very same elements as where every name is harmless.
    assert [tag for tag, _ in page.tags if tag not in SHAPES] == [
        tag for tag, _ in tame.tags if tag not in SHAPES
    ]
    for name in HOSTILE:
        assert printable(name) in page.text
    cells = {cell for table in page.tables for row in table for cell in row}
    assert not any(cell.startswith("=") for cell in cells)
    assert f"'{HOSTILE[3]}" in cells
    assert "\x00" not in page.text
    assert "\u202e" not in page.text


def _tamed(figures: Figures) -> Figures:
    """The same figures, with a harmless name for each that is not."""
    tame = {name: f"name {n}" for n, name in enumerate(HOSTILE)}
    return evolve(
        figures,
        spend=tuple(
            evolve(
                each,
                rows={(tame[str(a)], tame[str(b)]): row for (a, b), row in each.rows.items()},
                before={
                    (tame[str(a)], tame[str(b)]): row for (a, b), row in (each.before or {}).items()
                },
            )
            for each in figures.spend
        ),
        usage=tuple(
            evolve(each, rows={(a, tame.get(str(b))): row for (a, b), row in each.rows.items()})
            for each in figures.usage
        ),
        names=called(**dict.fromkeys([tame[each] for each in HOSTILE[:2]], HOSTILE[0])),
    )


def test_it_has_no_script_and_nothing_from_elsewhere() -> None:
    page = Page(Report(hostile()).html())
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "use"}
    for _, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "action", "style", "xlink:href")
            if name == "href":
                assert str(value).startswith("#")
            if value and "://" in value:
                assert (name, value) == ("xmlns", "http://www.w3.org/2000/svg") or name in (
                    "title",
                    "aria-label",
                )
    [policy] = [each for each in page.all("meta") if each.get("http-equiv")]
    assert policy["content"] == (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )
    style = re.search(r"<style>(.*?)</style>", Report(hostile()).html(), re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_every_link_leads_somewhere_and_every_picture_has_words(figures: Figures) -> None:
    for made in (figures, hostile()):
        page = Page(Report(made).html())
        ids = [str(each["id"]) for _, each in page.tags if "id" in each]
        assert len(ids) == len(set(ids))
        for tag, each in page.tags:
            if tag == "a":
                assert str(each["href"]).removeprefix("#") in ids
            if "aria-labelledby" in each:
                assert each["aria-labelledby"] in ids
        drawings = [each for each in page.all("div") if each.get("role") == "img"]
        assert len(drawings) == len(page.all("figure")) == len(panels(made))
        for each in drawings:
            assert re.search(r"from .+ to .+: .*\d", str(each["aria-label"]), re.DOTALL)
        # All else that is in a drawing is for those who see it.
        assert {each["aria-hidden"] for each in page.all("svg")} == {"true"}
        assert len(page.all("nav")) == 1
        assert len(page.all("caption")) == len(page.all("table"))
        assert all(each.get("scope") in ("col", "row") for each in page.all("th"))


@pytest.mark.slow
def test_pictures_are_of_every_panel() -> None:
    figures = hostile()
    pictures = Report(figures).pictures()
    assert list(pictures) == list(named(panels(figures)))
    assert all(re.fullmatch("[a-z0-9-]+", name) for name in pictures)
    for picture in pictures.values():
        assert picture.startswith(b"\x89PNG\r\n")
        assert int.from_bytes(picture[16:20]) == 1920
        assert len(picture) < 300_000


# ---------------------------------------------------------------- colours

BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
                   (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                     (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602),
                   (0.004733, 0.691367, 0.303900)),
}  # fmt: skip
"""How light is seen by everyone (Machado, Oliveira and Fernandes, 2009)."""


def light(colour: str) -> list[float]:
    """A colour as linear light, red, green and blue."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    """As WCAG 2 reckons it."""
    luminances = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue
        for red, green, blue in (light(one), light(other))
    )
    return (luminances[1] + 0.05) / (luminances[0] + 0.05)


def perceived(colour: str, kind: str) -> list[float]:
    """A colour in Oklab, as it is seen with a kind of blindness."""
    seen = [
        max(0, sum(a * b for a, b in zip(row, light(colour), strict=True)))
        for row in BLINDNESS[kind]
    ]
    cones = (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
    felt = [math.cbrt(sum(a * b for a, b in zip(row, seen, strict=True))) for row in cones]
    axes = (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    )
    return [sum(a * b for a, b in zip(row, felt, strict=True)) for row in axes]


def schemes() -> Iterator[dict[str, str]]:
    for scheme in (0, 1):
        yield {name: colours[scheme] for name, colours in COLOURS.items()}


@pytest.mark.parametrize("kind", BLINDNESS)
def test_any_two_colours_are_text_apart_by_everyone(kind: str) -> None:
    for scheme in schemes():
        series = [value for name, value in scheme.items() if name.startswith("series")]
        assert len(series) == 7
        for one, other in combinations(series, 2):
            assert math.dist(perceived(one, kind), perceived(other, kind)) > 0.1


def test_colours_and_text_stand_out_from_what_is_behind_them() -> None:
    for scheme in schemes():
        for name, colour in scheme.items():
            wanted = 3 if name.startswith("series") else 4.5
            if name not in ("surface", "line", "weekend"):
                assert contrast(colour, scheme["surface"]) >= wanted


# ---------------------------------------------------------------- labels and names


@given(st.lists(st.sampled_from(["a", "b", "a [2]"])))
def test_no_two_labels_are_the_same(labels: list[str]) -> None:
    made = unique_labels(labels)
    assert len(set(made)) == len(labels)
    assert all(new.startswith(old) for new, old in zip(made, labels, strict=True))


@given(st.text())
def test_what_is_legible_is_on_one_line_and_can_be_seen(text: str) -> None:
    made = printable(text)
    assert "\n" not in made
    assert not any(ord(letter) < 32 for letter in made)
    assert len(made) <= len(text)


@given(st.lists(st.text() | st.sampled_from(["a", "A", "a-2", "\N{EURO SIGN}", "\N{POUND SIGN}"])))
def test_names_of_files_lead_nowhere_else_and_are_never_the_same(titles: list[str]) -> None:
    made = slugs(titles)
    assert all(re.fullmatch("[a-z0-9]+(?:-[a-z0-9]+)*", name) for name in made)
    assert len(set(made)) == len(titles)
