"""Model: the base class of results. It is a msgspec Struct that is also an attrs class.

msgspec takes three times as long to fill an attrs class, attribute by attribute, as a Struct. So
results are Structs, and a description of their fields makes them attrs classes for everything else.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    dataclass_transform,
    get_args,
    get_origin,
)

import attrs
import msgspec

from openai_usage._digits import digits


class _ModelMeta(msgspec.StructMeta):
    """Set `kw_only` for each subclass, since msgspec does not inherit it."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any
    ) -> type:
        return super().__new__(cls, name, bases, namespace, kw_only=True, **config)

    if not TYPE_CHECKING:  # for type checkers, the fields are the signature

        def __call__(cls, *args: object, **kwargs: object) -> "Model":
            """Check values built by hand. Values from the wire are checked by the decoder."""
            value = super().__call__(*args, **kwargs)
            value.check()
            return value


class _Fields:
    """The field descriptions that attrs looks for in its classes."""

    def __get__(self, _: object, owner: type[msgspec.Struct]) -> Any:
        return _attrs_fields(owner)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Model(
    msgspec.Struct,
    metaclass=_ModelMeta,
    frozen=True,
    gc=False,  # values contain no reference cycles
    repr_omit_defaults=True,
):
    """A frozen value, built by keyword. Both attrs and msgspec take it for their own."""

    __attrs_attrs__: ClassVar[Any] = _Fields()

    derived: ClassVar[Mapping[str, str]] = {}
    """The properties that are columns in tables as well, each with the field that decides it."""

    def check(self) -> None:
        """Raise a `ValueError` if the value is not valid. Subclasses override this."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as the API names them, and what is derived from them, for `json.dumps`.

        Money and quantities are text with every digit. Times stay Unix seconds.
        """
        fields = zip(self.__struct_encode_fields__, self.__struct_fields__, strict=True)
        derived = ((name, name) for name in self.derived)
        return {key: for_json(getattr(self, name)) for key, name in chain(fields, derived)}


def for_json(value: object) -> Any:
    """Return *value* as one of the types of JSON, with decimals as text with every digit."""
    match value:
        case None | str() | int() | float():
            return value
        case Decimal():
            return digits(value)
        case Model():
            return value.to_dict()
        case list() | tuple():
            return [for_json(each) for each in value]
        case dict():
            return {str(key): for_json(each) for key, each in value.items()}
    # Fields that were added in a subclass can have any type that msgspec supports.
    return for_json(msgspec.to_builtins(value, builtin_types=(Decimal,)))


@cache
def _attrs_fields(owner: type[msgspec.Struct]) -> Any:
    attributes = {each.name: _attribute(each) for each in msgspec.structs.fields(owner)}
    return attrs.fields(attrs.make_class(owner.__name__, attributes))


def _attribute(described: msgspec.structs.FieldInfo) -> Any:
    kind, notes = described.type, {}
    if get_origin(kind) is Annotated:
        kind, meta = get_args(kind)
        notes = meta.extra
    default = attrs.NOTHING if described.required else described.default
    if described.default_factory is not msgspec.NODEFAULT:
        default = attrs.Factory(described.default_factory)
    return attrs.field(
        default=default, type=kind, metadata=notes, kw_only=True, alias=described.name
    )
