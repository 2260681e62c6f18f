"""The columns that results have as rows: their names and order, what they hold, where it is.

Whatever shows results as rows, one for each of them, takes its columns from here, so that they are
the same everywhere: when the bucket was, then the fields of the result, money with its currency
beside it.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache

import attrs
from attrs import frozen
from msgspec import inspect

from openai_usage.errors import ColumnError
from openai_usage.schema.results import Amount, Bucket


@frozen
class Column:
    """One column: the same attribute of every row."""

    name: str
    kind: type
    """What it holds: `datetime`, `Decimal`, `int`, `float`, `bool` or `str`; `object` where the
    field is declared as anything else."""
    nullable: bool
    """Whether it may hold None."""
    path: str
    """Where it is, seen from a `bucket` and a `result` in it: `result.amount.value`."""

    @property
    def values(self) -> Callable[[Sequence[Bucket[object]]], list[object]]:
        """Its values in some buckets, one for each result.

        Of moments there is one for each bucket, in Unix seconds, UTC.
        """
        return _values(self.path, "" if self.kind is datetime else " for result in bucket.results")


@cache
def _values(path: str, results: str) -> Callable[[Sequence[Bucket[object]]], list[object]]:
    # Compiled, as `_reckonable` does it: half of the time that `attrgetter` would take.
    source = f"lambda buckets: [{path} for bucket in buckets{results}]"
    found: Callable[[Sequence[Bucket[object]]], list[object]] = eval(source)  # noqa: S307
    return found


def columns_of(result: type) -> tuple[Column, ...]:
    """The columns of a class of results, always the same and in the same order.

    Raises:
        ColumnError: It is no class with fields, or two columns would have the same name.
    """
    columns = (
        Column("start", datetime, nullable=False, path="bucket.start_time"),
        Column("end", datetime, nullable=False, path="bucket.end_time"),
        *(each for field in _fields(result) for each in _of_field(field)),
    )
    names = [column.name for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise ColumnError(
                f"{result.__name__} would have two columns that are called {name}: "
                "give its field another name",
                column=name,
            )
    return columns


def _fields(result: type) -> Iterator[inspect.Field]:
    match inspect.type_info(result):
        case inspect.StructType(fields=fields) | inspect.DataclassType(fields=fields):
            by_name = {field.name: field for field in fields}
            by_name.pop("object", None)  # what a result is called is the same in every row
            # msgspec puts what may be left out of an attrs class last.
            order = [each.name for each in attrs.fields(result)] if attrs.has(result) else by_name
            return (by_name[name] for name in order if name in by_name)
    raise ColumnError(
        f"{result.__name__} has no fields to be columns: make it an attrs class or a msgspec.Struct"
    )


def _of_field(field: inspect.Field) -> Iterator[Column]:
    kind, nullable = _kind(field.type)
    path = f"result.{field.name}"
    if kind is not Amount:
        yield Column(field.name, kind, nullable, path)
        return
    guard = f"{path} and " if nullable else ""
    currency = "currency" if field.name == "amount" else f"{field.name}_currency"
    yield Column(field.name, Decimal, nullable, f"{guard}{path}.value")
    yield Column(currency, str, nullable, f"{guard}{path}.currency")


def _kind(described: inspect.Type) -> tuple[type, bool]:
    """What a type comes to in Python, and whether it may be None."""
    match described:
        case inspect.Metadata():
            return _kind(described.type)
        case inspect.UnionType(types=(one, inspect.NoneType()) | (inspect.NoneType(), one)):
            return _kind(one)[0], True
        case inspect.LiteralType(values=values) if all(isinstance(each, str) for each in values):
            return str, False
        case inspect.StructType(cls=cls) if cls is Amount:
            return Amount, False
    return _KINDS.get(type(described), object), False


_KINDS: dict[type[inspect.Type], type] = {
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.BoolType: bool,
    inspect.StrType: str,
    inspect.DecimalType: Decimal,
}
