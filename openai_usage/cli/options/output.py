"""Where a sheet goes, and in which format."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Annotated, Any, Literal, TypeAlias

from attrs import frozen
from cyclopts import Parameter, Token

from openai_usage import InvalidOptionError, MoneyType
from openai_usage.cli.options.flags import OUTPUT, flag
from openai_usage.cli.output.atomic_file import check_path, whole_file
from openai_usage.cli.output.formats import FORMATS, Format
from openai_usage.cli.output.rows import ResultRows

TableOrJson: TypeAlias = Annotated[
    Literal["table", "json"],
    Parameter(
        name="--format",
        group=OUTPUT,
        help="A table for people, or JSON with every digit.",
    ),
]
"""The option of commands whose answer is one report, and no rows."""


def _file(_: object, words: Sequence[Token]) -> Path | None:
    """The file that was typed; None for `-`, which is stdout as for other programs."""
    [word] = words
    if word.value.startswith("-") and word.value != "-":
        raise ValueError(f"{word.value} looks like an option. If it is a file: ./{word.value}")
    return None if word.value == "-" else Path(word.value)


@Parameter(name="*", group=OUTPUT)
@frozen(kw_only=True)
class OutputOptions:
    """The options that say what becomes of an answer; without any, it is a table."""

    format: Annotated[
        Literal["table", "json", "jsonl", "csv", "parquet"] | None,
        Parameter(
            help="A table for people, summed up by group; or every result: a JSON array, a JSON "
            "object a line, CSV, Parquet. Left out: by the ending of --output, else a table."
        ),
    ] = None
    output: Annotated[
        Path | None,
        Parameter(
            name=("--output", "-o"),
            help="The file to write, - for stdout. It is there whole or not at all.",
            allow_leading_hyphen=True,
            n_tokens=1,
            converter=_file,
        ),
    ] = None
    exact: Annotated[
        bool,
        flag("Show every digit in a table, not 1.2M."),
    ] = False
    money: Annotated[
        MoneyType | None,
        Parameter(
            help="What money and quantities are in Parquet: decimals of 24 places, which is the "
            "default; text with every digit; floats for arithmetic."
        ),
    ] = None

    def check(self) -> None:
        """Refuse what cannot be written, before anything is asked.

        Raises:
            InvalidOptionError: There is no such format, or no such folder, or the format does not
                go with another option.
            ModuleNotFoundError: The format needs an extra that is missing.
        """
        is_text = self.chosen.is_text
        if is_text and self.money is not None:
            raise InvalidOptionError(
                f"--money {self.money} goes with Parquet alone. The other formats write money with "
                "every digit, and a table with --exact. Leave it out, or use --format parquet.",
                option="money",
            )
        if not is_text:
            import openai_usage.arrow  # noqa: F401, PLC0415 - says what is missing
        if self.output is not None:
            check_path(self.output)
        else:
            self._check_for(sys.stdout)

    def _check_for(self, file: IO[Any]) -> None:
        """Refuse a format that is no text where *file* is a terminal, which would obey it."""
        if not self.chosen.is_text and file.isatty():
            raise InvalidOptionError(
                "Parquet is nothing for a terminal: say where it is to go with --output",
                option="format",
            )

    @property
    def chosen(self) -> Format:
        """The format that was asked for, or that the name of the file asks for.

        Raises:
            InvalidOptionError: The name of the file has an ending that is no format.
        """
        if self.format is not None:
            return FORMATS[self.format]
        if self.output is None:
            return FORMATS["table"]
        ending = self.output.suffix.removeprefix(".").lower()
        if ending not in FORMATS:
            raise InvalidOptionError(
                f"--output {self.output} does not end in one of {', '.join(FORMATS)}: say which of "
                "them it is to be with --format",
                option="output",
            )
        return FORMATS[ending]

    @property
    def is_incremental(self) -> bool:
        """Whether what was written before an error stays, and is of use."""
        return self.output is None and self.chosen.streams

    async def write(self, sheet: ResultRows) -> None:
        """Write all of a sheet."""
        if self.output is None:
            await self.chosen.write(sheet, sys.stdout.buffer)
        else:
            with whole_file(self.output) as file:
                self._check_for(file)
                await self.chosen.write(sheet, file)
