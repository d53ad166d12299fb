"""Dataclasses made again from the plain values that a file carried, with every key and type checked."""

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from leorn.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")
PLAIN_TYPES = {int: "a whole number", float: "a number", bool: "true or false", str: "text", NoneType: "null"}
"""What to call a type of Python's in a message."""


def restore(cls: type[Config], values: object, where: str) -> Config:
    """Make a dataclass again, with those inside it, from what `asdict` gave and JSON or a checkpoint carried.

    Raises:
        InputError: keys that this version does not know, or lacks, or a value of another kind than its key's; `where`
            says in the message whose they are.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"{where}: {reprlib.repr(values)}; expected keys with their values")
    hints = get_type_hints(cls)
    arguments: dict[str, Any] = {}
    for name, value in values.items():
        if name not in hints:
            raise InputError(f"{where}: unknown key {name}; is it of another version of leorn?")
        value = tuple(value) if isinstance(value, list) else value
        section = _section(hints[name], value, f"{where}: {name}")
        if section is not None and not _fits(value, hints[name]):
            value = restore(section, value, f"{where}: {name}")
        if not _fits(value, hints[name]):
            raise InputError(f"{where}: {name} is {reprlib.repr(value)}; expected {_describe(hints[name])}")
        arguments[name] = value
    required = [key.name for key in fields(cls) if key.default is MISSING and key.default_factory is MISSING]
    if missing := [name for name in required if name not in arguments]:
        raise InputError(f"{where}: missing {', '.join(missing)}")
    return cls(**arguments)


def _section(hint: Any, value: object, where: str) -> Any:  # noqa: ANN401
    """The dataclass that a key's value is to become, if any: of several networks', that which the value names."""
    choices = [one for one in (hint, *get_args(hint)) if is_dataclass(one)]
    named = value.get("network") if isinstance(value, Mapping) else None
    known = [one.network for one in choices if hasattr(one, "network")]
    if named is not None and known and named not in known:
        raise InputError(f"{where}: network is {reprlib.repr(named)}; expected {' or '.join(known)}")
    return next((one for one in choices if getattr(one, "network", named) == named), next(iter(choices), None))


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401
    """Is a value of the type that a key's hint asks for? A whole number is a float too; a bool is no number."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if hint in (int, float):
        return type(value) in (int, hint)
    if origin is Literal:
        return value in inner
    if origin is UnionType:
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(item, inner[0]) for item in value)
    if origin is Sequence:
        return isinstance(value, tuple | list) and all(_fits(item, inner[0]) for item in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(
            _fits(key, inner[0]) and _fits(item, inner[1]) for key, item in value.items()
        )
    return isinstance(value, hint)


def _describe(hint: Any) -> str:  # noqa: ANN401
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(inner)
    if origin is UnionType:
        return " or ".join(_describe(one) for one in inner)
    if origin in (tuple, Sequence):
        return f"a list, each {_describe(inner[0])}"
    if origin is Mapping:
        return "keys with their values"
    return PLAIN_TYPES[hint]
