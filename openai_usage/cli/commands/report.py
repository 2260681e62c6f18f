"""`openai-usage report`: spend and usage as one HTML file, for people to read and pass on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from openai_usage import InvalidOptionError
from openai_usage._gap_text import describe_gaps, describe_spans
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.flags import OUTPUT, flag
from openai_usage.cli.options.names import NameOptions, WithNames
from openai_usage.cli.options.time_range import TimeRange
from openai_usage.cli.output.atomic_file import check_path, whole_file
from openai_usage.cli.output.console import print_path
from openai_usage.cli.output.known_names import KnownNames
from openai_usage.cli.output.messages import say
from openai_usage.cli.wording import for_terminal
from openai_usage.report import Figures, Report, check
from openai_usage.report import report as made_by

_FILE, _RANGE, _CONNECTION = Path("report.html"), TimeRange(), Connection()


def report(
    *,
    output: Annotated[
        Path,
        Parameter(
            name=("--output", "-o"),
            group=OUTPUT,
            help="The file to write. It is there whole or not at all.",
        ),
    ] = _FILE,
    png: Annotated[
        bool,
        flag("Write every chart as a picture too: report-spend-by-project.png and so on."),
        Parameter(group=OUTPUT),
    ] = False,
    names: WithNames = False,
    range: TimeRange = _RANGE,  # noqa: A002 - what it is
    connection: Connection = _CONNECTION,
) -> int:
    """Spend and usage as one HTML file, with charts and all figures in them.

    It works offline, and asks nobody for anything. Where a part cannot be read, or days are missing
    of it, the report is written without it, says so, and the exit code is 1. Where only the days
    before cannot be read, or some of them, these are not compared, and the exit code is 0.
    """
    start_time, end_time = range.span()
    check_path(output)
    if png and output.exists() and not output.is_file():
        raise InvalidOptionError(
            f"--png writes pictures beside a file, and --output {output} is none", option="png"
        )
    if output.suffix.lower() not in ("", ".html", ".htm"):
        raise InvalidOptionError(
            f"--output {output} does not end in .html, which is what a report is", option="output"
        )
    check(start_time, end_time)

    async def ask() -> Report:
        # The report finds the gaps itself, and has them in its words.
        async with connection.client(on_gap=lambda _: None) as client:
            known = await NameOptions(names=names).of(client, ["project_id"])
            listed = known.names if names else None
            return await made_by(client, start_time, end_time, names=listed)

    made = asyncio.run(ask())
    files = {output: made.html().encode()}
    if png:
        for name, picture in made.pictures().items():
            files[output.with_name(f"{output.stem}-{name}.png")] = picture
    for path, content in files.items():
        with whole_file(path) as file:
            file.write(content)
        if path.is_file():
            print_path(path)
    _tell_of_names(made.figures)
    for sentence in _noteworthy(made):
        say(sentence)
    return 1 if made.missing else 0


def _noteworthy(made: Report) -> Iterator[str]:
    """What is missing of a report, and of the days before."""
    for part in made.missing:
        if not part.gaps:
            yield f"{part.what} could not be read: {for_terminal(part.why)}"
    yield from describe_gaps(gap for part in made.missing for gap in part.gaps)
    if why := made.figures.uncompared:
        yield f"nothing is compared with the days before: {for_terminal(why)}"
    gaps = made.figures.gaps_before
    if gaps and made.figures.averaged_days:  # or there is nothing to compare with them
        yield (
            f"the API returned no bucket of costs for {describe_spans(gaps)}, in the days before: "
            "these days are not compared."
        )


def _tell_of_names(figures: Figures) -> None:
    """Say on stderr why projects lack a name, where some do."""
    if figures.names is not None:
        known = KnownNames(figures.names)
        for spend in figures.spend:
            for project, _ in [*spend.rows, *(spend.before or ())]:
                known.named("project_name", project)
        known.tell()
