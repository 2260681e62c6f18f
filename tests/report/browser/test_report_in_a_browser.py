"""The report as a browser shows it: it draws all figures, asks nobody, and suits every screen."""

import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from openai_usage.report import Report
from openai_usage.report.charts import COLOURS
from openai_usage.report.data import Figures
from openai_usage.report.fetch import gather
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, NOW, TODAY, client_of
from tests.report.browser.chromium import Scheme, Tab, tab
from tests.support.hostile_report import hostile, panels
from tests.support.report_values import of_days

pytestmark = [pytest.mark.browser, pytest.mark.real_clock]

VISIBLE = "[...document.querySelectorAll('svg')].filter(e => e.getBoundingClientRect().width)"

DRAWN = f"{VISIBLE}.flatMap(e => [...e.querySelectorAll('path > title')]).length"
"""How many bars and marks with a title there are to be seen: those of large charts."""

OVERLAPPING = f"""
{VISIBLE}.flatMap(svg => {{
    const boxes = [...svg.querySelectorAll('text')].map(
        e => [e.textContent, e.getBoundingClientRect()]);
    return boxes.flatMap(([one, a], n) => boxes.slice(n + 1).filter(([, b]) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
    ).map(([other]) => `${{one}} / ${{other}}`));
}})
"""
"""Pairs of labels of a chart, one of which lies over the other."""

CUT = f"""
{VISIBLE}.flatMap(svg => {{
    const box = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text, path:has(title)')].filter(e => {{
        const own = e.getBoundingClientRect();
        return own.left < box.left - 16 || own.right > box.right + 16
            || own.bottom > box.bottom + 4;
    }}).map(e => e.textContent);
}})
"""
"""What reaches out of a chart."""


SCROLLED = """
[...document.querySelectorAll('.scroll, .slide')].filter(e =>
    e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1
).map(e => e.textContent)
"""
"""Tables that are larger than the room they have."""


BROKEN = """
[...document.querySelectorAll('td, .movers thead th, .card strong')].filter(e => {
    const range = document.createRange();
    range.selectNodeContents(e.firstChild || e);  // a share below a figure is a second line
    const heights = new Set([...range.getClientRects()].map(box => box.top));
    return e.getClientRects().length && heights.size > 1;
}).map(e => e.textContent)
"""
"""Figures, and what stands above them, that go on in a second line."""


@pytest.fixture
async def browser() -> AsyncIterator[Tab]:
    async with tab() as opened:
        yield opened


async def figures_of(days: int) -> Figures:
    """Those of the sandbox's organization."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.time", lambda: NOW)
        async with Sandbox(seed=7, now=NOW) as sandbox, client_of(sandbox) as client:
            return await gather(client, TODAY - (days - 1) * DAY)


@pytest.fixture(params=["91 days", "1 day", "400 days", "hostile", "empty"])
async def figures(request: pytest.FixtureRequest) -> Figures:
    match request.param.split():
        case [days, _]:
            return await figures_of(int(days))
        case ["hostile"]:
            return hostile()
        case _:
            return of_days(7)


def written(figures: Figures, folder: Path) -> Path:
    file = folder / "report.html"
    file.write_text(Report(figures).html(), encoding="utf-8")
    return file


async def test_it_shows_all_figures_on_every_screen_and_asks_for_nothing(
    figures: Figures, browser: Tab, tmp_path: Path
) -> None:
    file = written(figures, tmp_path)
    large = [panel for panel in panels(figures) if not panel.compact]
    bars = sum(
        sum(1 for value in series.values if value) for panel in large for series in panel.series
    ) + sum(bar.label in panel.marks for panel in large for bar in panel.bars)
    for width in (360, 720, 721, 1400):
        await browser.show(file, width=width)
        assert len(await browser.run(f"{VISIBLE}.map(e => 1)")) == len(panels(figures))
        assert await browser.run(DRAWN) == (bars if width > 720 else 0)
        assert await browser.run("document.documentElement.scrollWidth") <= width
        assert await browser.run(OVERLAPPING) == []
        assert await browser.run(CUT) == []
        assert await browser.run(BROKEN) == []
    assert set(browser.requests) == {file.as_uri()}
    assert browser.complaints == []


async def test_no_text_becomes_markup_or_a_script(browser: Tab, tmp_path: Path) -> None:
    await browser.show(written(hostile(), tmp_path), width=1400)
    others = "document.querySelectorAll('script, img, u, i:not([class]), li > strong > *').length"
    assert await browser.run(others) == 0
    text = await browser.run("document.body.textContent")
    assert "<script>alert(1)</script>" in text
    assert "</style></title><img src=x onerror=alert(1)>" in text
    assert browser.complaints == []


async def test_even_a_script_that_got_into_it_would_not_run(browser: Tab, tmp_path: Path) -> None:
    file = written(of_days(2), tmp_path)
    attack = '<script>document.title = "run"</script><img src="https://evil.example/x.png">'
    file.write_text(file.read_text().replace("</main>", f"{attack}</main>"))
    await browser.show(file, width=1400)
    assert await browser.run("document.title") != "run"
    assert len(browser.complaints) == 2
    assert all("Content Security Policy" in each for each in browser.complaints)


def rgb(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


SIGHTS: Sequence[tuple[Scheme, str, int]] = (
    ("light", "screen", 0),
    ("dark", "screen", 1),
    ("light", "print", 0),
    ("dark", "print", 0),
)
"""The colour scheme that a reader prefers, the medium, and the column of `COLOURS` for these."""


async def test_it_is_light_or_dark_as_is_wanted_and_light_on_paper(
    browser: Tab, tmp_path: Path
) -> None:
    file = written(await figures_of(91), tmp_path)
    for scheme, media, column in SIGHTS:
        await browser.show(file, width=1400, scheme=scheme, media=media)
        seen = await browser.run(
            "[getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.body).color,"
            " getComputedStyle(document.querySelector('path:has(> title)')).fill,"
            " getComputedStyle(document.querySelector('.legend i')).backgroundColor]"
        )
        surface, text, first = (
            rgb(COLOURS[name][column]) for name in ("surface", "text", "series-1")
        )
        assert seen == [surface, text, first, first], (scheme, media)


async def test_on_paper_nothing_is_cut_off_or_has_to_be_scrolled(
    browser: Tab, tmp_path: Path
) -> None:
    figures = await figures_of(91)
    # The widths of the sheets, less their margins: standing, and lying, as tables are printed.
    for width in (688, 1031):
        await browser.show(written(figures, tmp_path), width=width, media="print")
        assert await browser.run(BROKEN) == []
    assert await browser.run(SCROLLED) == []
    assert await browser.run("document.documentElement.scrollWidth") <= width
    assert await browser.run(
        "[...document.querySelectorAll('figure')].every("
        "e => getComputedStyle(e).breakInside === 'avoid')"
    )
    pdf = await browser.pdf()
    assert 5 < len(re.findall(rb"/Type\s*/Page\b", pdf)) < 21
    assert await browser.run(f"{VISIBLE}.length") == len(panels(figures))
