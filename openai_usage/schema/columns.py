"""The columns of results in tables: their names, order, types and places.

Every table with one row per result takes its columns from here, so they are the same everywhere:
the times of the bucket, then the fields of the result, with a currency after each amount of money,
then what is derived from the fields, such as the model of a line item.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias

import attrs
from attrs import frozen
from msgspec import inspect

from openai_usage.errors import ColumnError
from openai_usage.schema.results import Amount, Bucket

Values: TypeAlias = Callable[[Sequence[Bucket[object]]], list[Any]]

_EACH_RESULT = "for bucket in buckets for result in bucket.results"


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
    """The attributes that lead to a value, from a result: `amount.value`. Times are attributes of
    the bucket."""
    derived_from: str = ""
    """The field that decides the value, if it is derived: `line_item`."""

    @property
    def values(self) -> Values:
        """A function from buckets to the values of this column, one for each result.

        For `datetime`, the function returns one value for each bucket, in Unix seconds.
        """
        if self.kind is datetime:
            return _compiled(f"bucket.{self.path} for bucket in buckets")
        if self.derived_from:
            return self._derived
        inner = f"result.{self._field} and " if self.nullable and self._field != self.path else ""
        return _compiled(f"{inner}result.{self.path} {_EACH_RESULT}")

    @property
    def known_values(self) -> Values:
        """A function from buckets to the values of this column that are not None."""
        known = f" if result.{self._field} is not None" if self.nullable else ""
        return _compiled(f"result.{self.path} {_EACH_RESULT}{known}")

    def derived_values(self, examples: Mapping[Any, object]) -> Mapping[Any, Any]:
        """Return the values of a derived column by the values of the field that decides them.

        *examples* has a result for each value of that field, from `examples_by`.
        """
        return {field: getattr(result, self.path) for field, result in examples.items()}

    def _derived(self, buckets: Sequence[Bucket[object]]) -> list[Any]:
        values = self.derived_values(examples_by(self.derived_from, buckets))
        fields = _compiled(f"result.{self.derived_from} {_EACH_RESULT}")(buckets)
        return [values[field] for field in fields]

    @property
    def _field(self) -> str:
        return self.path.partition(".")[0]


def examples_by(field: str, buckets: Sequence[Bucket[object]]) -> Mapping[Any, object]:
    """Return a result for each value of a field."""
    fields = _compiled(f"result.{field} {_EACH_RESULT}")(buckets)
    return dict(zip(fields, _compiled(f"result {_EACH_RESULT}")(buckets), strict=True))


@cache
def _compiled(items: str) -> Values:
    # Every row is read with this, and compiled code takes a third of the time of `attrgetter`.
    found: Values = eval(f"lambda buckets: [{items}]")  # noqa: S307
    return found


def columns_of(result: type) -> tuple[Column, ...]:
    """Return the columns of a result class, always in the same order.

    Raises:
        ColumnError: It is not a class with fields, or two columns have the same name.
    """
    columns = (
        Column("start", datetime, nullable=False, path="start_time"),
        Column("end", datetime, nullable=False, path="end_time"),
        # The label of the organization comes first, if several are read together.
        *(
            each
            for field in sorted(_fields(result), key=lambda field: field.name != "organization")
            for each in _of_field(field)
        ),
        *(
            Column(name, str, nullable=True, path=name, derived_from=field)
            for name, field in getattr(result, "derived", {}).items()
        ),
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
    if kind is not Amount:
        yield Column(field.name, kind, nullable, field.name)
        return
    currency = "currency" if field.name == "amount" else f"{field.name}_currency"
    yield Column(field.name, Decimal, nullable, f"{field.name}.value")
    yield Column(currency, str, nullable, f"{field.name}.currency")


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
