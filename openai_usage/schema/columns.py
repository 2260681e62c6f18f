"""The columns of results in tables: their names, order, types and places.

Every table with one row per result takes its columns from here, so they are the same everywhere:
the times of the bucket, then the fields of the result, with a currency after each amount of money.
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
    """A column: the same attribute of every row."""

    name: str
    kind: type
    """The type of its values: `datetime`, `Decimal`, `int`, `float`, `bool` or `str`; `object` for
    any other declared type."""
    nullable: bool
    """True if values can be None."""
    path: str
    """The expression for a value, of a `bucket` and a `result`: `result.amount.value`."""

    @property
    def values(self) -> Callable[[Sequence[Bucket[object]]], list[object]]:
        """A function from buckets to the values of this column, one for each result.

        For `datetime`, the function returns one value for each bucket, in Unix seconds.
        """
        return _values(self.path, "" if self.kind is datetime else " for result in bucket.results")


@cache
def _values(path: str, results: str) -> Callable[[Sequence[Bucket[object]]], list[object]]:
    # Compiled, as in `_wire/decimals.py`: it takes half the time of `attrgetter`.
    source = f"lambda buckets: [{path} for bucket in buckets{results}]"
    found: Callable[[Sequence[Bucket[object]]], list[object]] = eval(source)  # noqa: S307
    return found


def columns_of(result: type) -> tuple[Column, ...]:
    """Return the columns of a result class, always in the same order.

    Raises:
        ColumnError: It is not a class with fields, or two columns have the same name.
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
                f"{result.__name__} would have two columns named {name}: rename its field",
                column=name,
            )
    return columns


def _fields(result: type) -> Iterator[inspect.Field]:
    match inspect.type_info(result):
        case inspect.StructType(fields=fields) | inspect.DataclassType(fields=fields):
            by_name = {field.name: field for field in fields}
            by_name.pop("object", None)  # the same in every row
            # msgspec moves optional fields of an attrs class to the end.
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
    """Return the Python type of a field, and whether it can be None."""
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
