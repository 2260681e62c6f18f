"""Options for sums: what a row is, which rows are shown, and in which order."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from attrs import frozen
from cyclopts import Group, Parameter, Token

from openai_usage import Endpoint, InvalidQueryError
from openai_usage.analysis.periods import PERIODS
from openai_usage.cli.options.flags import OUTPUT, flag
from openai_usage.cli.output.grouping import Grouping, derived_of
from openai_usage.cli.wording import CommandError, as_typed
from openai_usage.schema.validation import choose


@Parameter(name="*", group=OUTPUT)
@frozen(kw_only=True)
class SumOptions:
    """Options for sums and their order."""

    top: Annotated[
        int | None,
        Parameter(help="Show only this many groups, the largest, and the rest as one: 41 more."),
    ] = None
    sort: Annotated[
        str | None,
        Parameter(
            help="Order rows by a column: a measure, from the largest, or a label. Default: by "
            "time, then the largest first."
        ),
    ] = None
    total: Annotated[
        bool,
        flag("One row for each group of the whole range, in every format, as in a table."),
    ] = False
    days_without_usage: Annotated[
        bool,
        flag("Show a row with zeros for each day, or other bucket, without results."),
    ] = False

    def grouping(self, endpoint: Endpoint[..., object], by: Sequence[str]) -> Grouping:
        """Return the grouping of results of *endpoint* by the labels *by*.

        Raises:
            CommandError: `--top` is not positive.
            InvalidQueryError: `--sort` does not name a column.
        """
        return Grouping.of(endpoint, by, top=self.top, sort=self.sort, total=self.total)


def group_by_option(endpoint: Endpoint[..., object], group: Group) -> object:
    """Return the type of `--group-by`: the values of the API, and those that are summed here."""
    has_hours = "1h" in endpoint.query_type.page_sizes
    periods = [name for name in PERIODS if name != "start" and (name != "hour" or has_hours)]
    choices = (*endpoint.group_by, *derived_of(endpoint), *periods)

    def chosen(_: object, tokens: Sequence[Token]) -> list[str]:
        words = [word for token in tokens for word in token.value.split(",") if word]
        try:
            return [choose("group_by", word, choices) for word in words]
        except InvalidQueryError as error:
            raise CommandError(as_typed(error)) from None

    described = Parameter(
        help="One row for each combination of these, instead of one for everything.",
        group=group,
        consume_multiple=True,
        negative_iterable=(),
        converter=chosen,
    )
    # Type checkers only know literals that are written out.
    literal: Any = Literal
    sequence: Any = Sequence
    annotated: Any = Annotated
    return annotated[sequence[literal[choices]] | None, described]
