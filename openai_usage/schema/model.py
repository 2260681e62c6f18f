"""Value: the base of what comes back. msgspec fills it straight from the wire, attrs knows it too.

An attrs class would take msgspec three times as long to fill, attribute by attribute. A Struct is
filled in one go; what makes it an attrs class for everyone else is the description of its fields.
"""

from functools import cache
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


class _ValueMeta(msgspec.StructMeta):
    """Says `kw_only` for each class anew: all else that is said of `Value`, its heirs inherit."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any
    ) -> type:
        return super().__new__(cls, name, bases, namespace, kw_only=True, **config)

    if not TYPE_CHECKING:  # to whom the fields are the signature

        def __call__(cls, *args: object, **kwargs: object) -> "Model":
            """Check what is built by hand; what comes from the wire is checked on its way in."""
            value = super().__call__(*args, **kwargs)
            value.check()
            return value


class _Fields:
    """What attrs looks for in its classes: a description of each field."""

    def __get__(self, _: object, owner: type[msgspec.Struct]) -> Any:
        return _attrs_fields(owner)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Model(
    msgspec.Struct,
    metaclass=_ValueMeta,
    frozen=True,
    gc=False,  # made of text, numbers and other values, so none can hold itself
    repr_omit_defaults=True,
):
    """A frozen value, built by keyword: to attrs one of its classes, to msgspec one of its own."""

    __attrs_attrs__: ClassVar[Any] = _Fields()

    def check(self) -> None:
        """Raise a `ValueError` where this is no value to reckon with."""


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
