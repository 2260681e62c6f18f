"""`openai-usage report`: spend and usage as one HTML file that people can share."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from openai_usage._gap_text import describe_spans, returned_no_bucket
from openai_usage._text import with_full_stop
from openai_usage.analysis import costs_group_by, read_budgets
from openai_usage.cli.ids import find_project_ids
from openai_usage.cli.options.budget import names_for, reject_projects
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.flags import OUTPUT, flag
from openai_usage.cli.options.names import NameOptions, WithNames
from openai_usage.cli.options.time_range import TimeRange
from openai_usage.cli.output.atomic_file import atomic_file, check_path
from openai_usage.cli.output.console import print_path
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.unread import not_known
from openai_usage.cli.wording import CommandError
from openai_usage.report import Figures, Report, check
from openai_usage.report import report as create_report
from openai_usage.report.options import Breakdown

_CONTENT = Group("Content", sort_key=2)
_FILE, _RANGE, _CONNECTION = Path("report.html"), TimeRange(), Connection()


def report(
    *,
    output: Annotated[
        Path,
        Parameter(
            name=("--output", "-o"),
            group=OUTPUT,
            help="The file to write. It is written completely or not at all.",
        ),
    ] = _FILE,
    png: Annotated[
        bool,
        flag("Also write every chart as a picture: report-spend-by-project.png and so on."),
        Parameter(group=OUTPUT),
    ] = False,
    names: WithNames = False,
    personal: Annotated[
        bool,
        flag("Add spend by user and by API key. With --names, show the names of people, too."),
        Parameter(group=OUTPUT),
    ] = False,
    group_by: Annotated[
        list[Breakdown] | None,
        Parameter(
            group=_CONTENT,
            negative=(),
            consume_multiple=True,
            help="The breakdowns of spend that come first: model, project. Default: model.",
        ),
    ] = None,
    project_ids: Annotated[
        list[str] | None,
        Parameter(
            group=_CONTENT,
            negative=(),
            consume_multiple=True,
            help="Only these projects, by id or name.",
        ),
    ] = None,
    organization_name: Annotated[
        str | None,
        Parameter(
            group=_CONTENT,
            help="The name in the title. Default: the one that the API returns with costs.",
        ),
    ] = None,
    budgets: Annotated[
        Path | None,
        Parameter(
            group=_CONTENT,
            help="A TOML file with budgets, to compare with the month in which the range ends.",
        ),
    ] = None,
    range: TimeRange = _RANGE,  # noqa: A002 - what it is
    connection: Connection = _CONNECTION,
) -> int:
    """Write spend and usage as one HTML file, with charts and all their figures.

    The file works offline and loads nothing from the network. If a part cannot be read, or days of
    it are missing, the report is written without it and says so, and the exit code is 1. If only
    days of the period before cannot be read, these are not compared, and the exit code is 0.
    """
    start_time, end_time = range.span()
    check_path(output)
    if png and output.exists() and not output.is_file():
        raise CommandError(
            f"--png writes pictures next to the report, but --output {output} is not a file. "
            "Choose a file, or remove --png."
        )
    if output.suffix.lower() not in ("", ".html", ".htm"):
        raise CommandError(
            f"--output {output} does not end in .html. A report is an HTML file: choose a name "
            "that ends in .html."
        )
    check(start_time, end_time)
    reject_projects(budgets, project_ids)
    planned = [] if budgets is None else read_budgets(budgets)
    naming = names_for(planned, NameOptions(names=names, personal=names and personal))

    async def create() -> Report:
        # The report finds the gaps itself and describes them in its own words.
        async with connection.client(on_gap=lambda _: None, reading="costs and usage") as client:
            people = ["user_id", "api_key_id"] if personal else []
            projects = await find_project_ids(client, project_ids)
            named = ["project_id", *people, *costs_group_by(planned)]
            known = await naming.of(client, named, projects)
            return await create_report(
                client,
                start_time,
                end_time,
                names=known.names if naming.names else None,
                group_by=group_by or (),
                project_ids=projects,
                organization_name=organization_name,
                personal=personal,
                is_sample=connection.sandbox,
                budgets=planned,
            )

    created = asyncio.run(create())
    files = {output: created.html().encode()}
    if png:
        for name, picture in created.pictures().items():
            files[output.with_name(f"{output.stem}-{name}.png")] = picture
    for path, content in files.items():
        with atomic_file(path) as file:
            file.write(content)
        if path.is_file():
            print_path(path)
    _warn_of_unread_names(created.figures)
    for sentence in _warnings(created, connection):
        say(sentence)
    return 1 if created.missing else 0


def _warnings(created: Report, connection: Connection) -> Iterator[str]:
    """Yield a sentence for everything that the report, a budget or the period before lacks."""
    for verdict in created.figures.answers.verdicts:
        if verdict.problem:
            yield with_full_stop(str(verdict))
    for part in created.missing:
        if not part.gaps:
            yield with_full_stop(f"{part.what} could not be read: {part.why}")
    of_one = [part for part in created.missing if part.gaps and part.organization]
    for part in of_one:
        yield not_known(part.what, part.gaps)
    known = [gap for part in of_one for gap in part.gaps]
    yield from connection.describe_gaps(
        gap for part in created.missing for gap in part.gaps if gap not in known
    )
    if why := created.figures.uncompared:
        yield with_full_stop(f"nothing is compared with the days before: {why}")
    gaps = created.figures.gaps_before
    if gaps and created.figures.averaged_days:  # otherwise no days are compared anyway
        yield (
            f"{returned_no_bucket(of_copy=connection.from_ is not None)} of costs for "
            f"{describe_spans(gaps)}, in the days before: "
            "these days are not compared."
        )


def _warn_of_unread_names(figures: Figures) -> None:
    """Say on stderr why some projects have no name."""
    if figures.names is not None:
        known = KnownNames(figures.names)
        for spend in figures.spend:
            for project, *_ in [*spend.rows, *(spend.before or ())]:
                known.named("project_name", project)
        known.warn_of_unread()
