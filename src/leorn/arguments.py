"""A command's arguments: parsed by jsonargparse, with errors of one line, and made into our configurations."""

import os
import re
from typing import Any, NoReturn

from jsonargparse import ArgumentParser, Namespace, set_parsing_settings

from leorn.config import restore
from leorn.terminal import fail

set_parsing_settings(docstring_parse_attribute_docstrings=True)


class Parser(ArgumentParser):
    """A parser whose errors are one line, which names the full path of a key."""

    reading = ""

    def parse_path(self, path: str | os.PathLike[str], *arguments: Any, **options: Any) -> Namespace:  # noqa: ANN401
        """Read a configuration file, which an error then names."""
        self.reading = f"{path}: "
        try:
            values = super().parse_path(path, *arguments, **options)
        except UnicodeDecodeError:
            self.error("not UTF-8; expected YAML")
        self.reading = ""
        return values

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Say what is wrong with the arguments, and leave with status 2."""
        del ex
        unknown = re.search(r"(Group|Subcommand) '(.+)' does not accept option '(.+)'", message)
        if unknown and unknown[1] == "Group":
            message = f"unknown key {unknown[2]}.{unknown[3]}"
        elif unknown:
            message = f"leorn {unknown[2]}: unknown key {unknown[3]}"
        elif message.startswith("Unexpected config"):
            message = "no keys in it; expected YAML such as in experiments/"
        fail(self.reading + message)


def make(cls: type[Any], options: Namespace) -> Any:  # noqa: ANN401
    """Return the configuration that the options hold, beside others."""
    values = options.as_dict()
    return restore(cls, {name: values[name] for name in cls.__dataclass_fields__}, "options")
