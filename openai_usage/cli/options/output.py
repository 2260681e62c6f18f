"""Options for the destination and the format of the output."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, BinaryIO, Literal, TypeAlias

from attrs import evolve, frozen
from cyclopts import Parameter, Token

from openai_usage import Endpoint, MoneyType
from openai_usage._text import listed
from openai_usage.cli.options.flags import OUTPUT, flag
from openai_usage.cli.output.atomic_file import atomic_file, check_path
from openai_usage.cli.output.formats import EXTENSIONS, FORMATS, Format
from openai_usage.cli.output.grouping import Grouping
from openai_usage.cli.output.messages import say
from openai_usage.cli.output.rows import ResultRows, Written
from openai_usage.cli.output.total_rows import TotalRows
from openai_usage.cli.wording import CommandError
from openai_usage.integrations.focus_columns import FocusVersion

TableOrJson: TypeAlias = Annotated[
    Literal["table", "json"],
    Parameter(
        name="--format",
        group=OUTPUT,
        help="A table for people, or JSON with every digit.",
    ),
]
"""The format option of commands that print one report rather than rows."""


FormatName: TypeAlias = str
"""The name of a format."""

if not TYPE_CHECKING:  # type checkers only know literals that are written out
    FormatName = Literal[tuple(FORMATS)]

_SPREADSHEETS = (".ods", ".xls", ".xlsb", ".xlsm")
"""The extensions of spreadsheets that cannot be written."""


def _file(_: object, tokens: Sequence[Token]) -> Path | None:
    """Return the path that was typed; None for `-`, which conventionally means stdout."""
    [token] = tokens
    if token.value.startswith("-") and token.value != "-":
        raise ValueError(
            f"{token.value} looks like an option. If it is a file, type ./{token.value}"
        )
    return None if token.value == "-" else Path(token.value)


@Parameter(name="*", group=OUTPUT)
@frozen(kw_only=True)
class Destination:
    """Options for the format and the destination of the output."""

    format: Annotated[
        FormatName | None,
        Parameter(
            help="A table of totals for people, or every result as a JSON array, as one JSON "
            "object per line, as CSV, as an Excel file, as Parquet, as CSV with the columns of the "
            "costs on OpenAI's dashboard, or as FOCUS in CSV or Parquet. Default: the extension of "
            "--output, or table."
        ),
    ] = None
    output: Annotated[
        Path | None,
        Parameter(
            name=("--output", "-o"),
            help="The file to write, or - for stdout. The file is written completely or not at "
            "all.",
            allow_leading_hyphen=True,
            n_tokens=1,
            converter=_file,
        ),
    ] = None

    def check(
        self, endpoint: Endpoint[..., object] | None = None, grouping: Grouping | None = None
    ) -> None:
        """Reject output that cannot be written, before a request is sent.

        Args:
            endpoint: The endpoint whose results are written, if rows are results or their sums.
            grouping: The groups of the results.

        Raises:
            CommandError: The folder does not exist, or the format does not, or it does not fit
                the file or the rows.
            ModuleNotFoundError: The format needs an extra that is missing.
        """
        if self.output is not None:
            self._check_extension(self.output)
        _check_rows(self.name, endpoint, grouping)
        if self.chosen.needs:
            import_module(self.chosen.needs)  # raises if the extra is missing
        if self.output is not None:
            check_path(self.output)
        else:
            self._check_for(sys.stdout)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file, which is written completely or not at all, or stdout."""
        if self.output is None:
            yield sys.stdout.buffer
        else:
            with atomic_file(self.output) as file:
                self._check_for(file)
                yield file

    @property
    def name(self) -> str:
        """The name of the chosen format."""
        return next(name for name, each in FORMATS.items() if each is self.chosen)

    @property
    def chosen(self) -> Format:
        """The format of `--format`, or else of the file's extension.

        Raises:
            CommandError: The extension is not a known format.
        """
        ending = self.output.suffix.removeprefix(".").lower() if self.output else ""
        if self.format is not None:  # some have a second form for an extension: focus-parquet
            return FORMATS.get(f"{self.format}-{ending}", FORMATS[self.format])
        if self.output is None:
            return FORMATS["table"]
        if ending not in EXTENSIONS:
            raise CommandError(
                f"--output {self.output} does not end in one of {', '.join(EXTENSIONS)}. Choose "
                "one of them with --format."
            )
        return FORMATS[ending]

    def _check_extension(self, output: Path) -> None:
        """Reject a file that spreadsheets would not open, because it holds something else."""
        extension = output.suffix.lower()
        if extension in _SPREADSHEETS:
            raise CommandError(
                f"--output {output} names a kind of spreadsheet that this command cannot write. "
                f"Use --output {output.with_suffix('.xlsx')}, which spreadsheets open."
            )
        if extension == ".xlsx" and self.name != "xlsx":
            raise CommandError(
                f"--output {output} names an Excel file, and --format {self.name} writes something "
                "else. Leave out --format, or change the name of the file."
            )

    def _check_for(self, file: IO[Any]) -> None:
        """Reject a binary format if *file* is a terminal, which would interpret its bytes."""
        if self.chosen.binary and file.isatty():
            raise CommandError(
                f"Refusing to write {self.chosen.binary} to a terminal. Use --output FILE."
            )


def _check_rows(
    name: str, endpoint: Endpoint[..., object] | None, grouping: Grouping | None
) -> None:
    """Reject rows that the format *name* cannot hold."""
    only = FORMATS[name].endpoint
    if not only:
        return
    if endpoint is None or endpoint.name != only:
        raise CommandError(
            f"--format {name} is only for the command {only}. Use --format csv here."
        )
    if grouping is not None and grouping.is_summed:
        fields = listed(endpoint.group_by, "and")
        raise CommandError(
            f"--format {name} has results as the API returns them, and these options add them up. "
            f"Use it only with --group-by {fields}, and without --top, --sort and --total; or use "
            "--format csv."
        )


@Parameter(name="*", group=OUTPUT)
@frozen(kw_only=True)
class OutputOptions(Destination):
    """Options for the output of the results of an endpoint."""

    exact: Annotated[
        bool,
        flag("Show every digit in a table instead of 1.2M."),
    ] = False
    money: Annotated[
        MoneyType | None,
        Parameter(
            help="The type of money and quantities in Parquet: decimal with 24 places (default), "
            "text with every digit, or float for arithmetic."
        ),
    ] = None
    focus_version: Annotated[
        FocusVersion | None,
        Parameter(help="The version of FOCUS. Default: 1.2."),
    ] = None

    def check(
        self,
        endpoint: Endpoint[..., object] | None = None,
        grouping: Grouping | None = None,
        *,
        with_zeros: bool = False,
    ) -> None:
        """Reject output that cannot be written, also because of options that do not fit the format.

        Args:
            endpoint: See `Destination.check`.
            grouping: See `Destination.check`.
            with_zeros: True if a bucket without results has a row with zeros.

        Raises:
            CommandError: See `Destination.check`, or an option does not fit the format.
            ModuleNotFoundError: The format needs an extra that is missing.
        """
        super().check(endpoint, grouping)
        if self.name != "parquet" and self.money is not None:
            raise CommandError(
                f"--money {self.money} is only for Parquet. CSV, JSON and Excel files have every "
                "digit of money, and so does a table with --exact. Remove it, or use --format "
                "parquet."
            )

        if self.chosen.is_focus and with_zeros:
            raise CommandError(
                f"--days-without-usage adds rows that are not charges, and --format {self.name} "
                "has only charges. Remove one of them."
            )
        if not self.chosen.is_focus and self.focus_version is not None:
            raise CommandError(
                f"--focus-version {self.focus_version} is only for FOCUS. Remove it, or use "
                "--format focus."
            )

    def grouped_by(self, typed: Sequence[str]) -> Sequence[str]:
        """Return the labels that were typed, and those that the format needs."""
        needed = FORMATS[self.format].group_by if self.format is not None else ()
        return list(dict.fromkeys([*typed, *needed]))

    def is_incremental(self, grouping: Grouping) -> bool:
        """Return whether output that was written before an error is kept and can be used."""
        return self.output is None and self.chosen.streams and not grouping.is_summed

    async def write(self, results: ResultRows) -> bool:
        """Write all rows to the chosen destination in the chosen format.

        Return whether there were any results, or parts of the range are unknown.
        """
        written = Written()
        results = evolve(results, buckets=written.count(results.buckets))
        rows = TotalRows(results) if results.grouping.is_summed else results
        with self.opened() as file:
            await self.chosen.write(rows, file)
        # For people only: scripts get nothing on stdout or stderr if all is well.
        if self.output is not None and sys.stderr.isatty():
            say(f"wrote {self.output}: {written}.")
        return bool(written.results or results.gaps)
