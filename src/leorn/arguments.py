"""A command's arguments: parsed by jsonargparse, with errors of one line, and made into our configurations."""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn, get_args

import yaml
from jsonargparse import ActionConfigFile, ArgumentParser, Namespace, set_parsing_settings

from leorn.config import ExperimentConfig, ModelConfig, NetworkConfig
from leorn.errors import InputError
from leorn.jsonlines import read_text
from leorn.restore import PLAIN_TYPES, restore
from leorn.terminal import fail
from leorn.yaml_files import check_yaml

EXPERIMENT = "an experiment such as those in experiments/"
"""What a configuration file is, for messages."""

set_parsing_settings(docstring_parse_attribute_docstrings=True)

_UNKNOWN_KEY = re.compile(
    r"(?:Group '(?P<group>.+)'|Subcommand '.+') does not accept option '(?P<key>.+)'|Option '(?P<option>.+)' is not"
)
_BAD_VALUE = re.compile(
    r"""Parser\ key\ "(?P<key>[^"]+)":\s
    (?: Expected\ an?\ (?P<type>.+?)\.\ Got\ value:\s
      | Does\ not\ validate.+?Subtypes:\ \[(?P<types>.+?)\]\ Errors:.+Given\ value:\s
      | Not\ of\ type\ (?P<restricted>\w+):\s )
    (?P<value>.*)""",
    re.VERBOSE,
)
_REQUIRED = "the following arguments are required: "
_PLAIN_NAMES = {kind.__name__: name for kind, name in PLAIN_TYPES.items()} | {
    "PositiveInt": "a whole number above 0",
    "PositiveFloat": "a number above 0",
    "NonNegativeInt": "a whole number, 0 or more",
}


class ExperimentFile(ActionConfigFile):
    """The option `--config`: the path of an experiment, or the experiment itself as YAML."""

    def __call__(self, parser: ArgumentParser, cfg: Namespace, values: str, option_string: str | None = None) -> None:
        """Take up what the experiment says, once it is known to be YAML."""
        try:
            if os.path.isfile(values):
                check_yaml(read_text(values, EXPERIMENT), values)
            elif ":" in values:
                check_yaml(values, "--config")
            else:
                raise InputError(f"{values}: no such file; expected {EXPERIMENT}")
        except InputError as error:
            parser.error(str(error))
        super().__call__(parser, cfg, values, option_string)


class Parser(ArgumentParser):
    """A parser whose errors are one line, which names the full path of a key."""

    reading = ""
    given: Sequence[str] = ()
    """What it is about to parse."""

    def parse_path(self, path: str | os.PathLike[str], *arguments: Any, **options: Any) -> Namespace:  # noqa: ANN401
        """Read a configuration file, which an error then names."""
        self.reading = f"{path}: "
        try:
            values = super().parse_path(path, *arguments, **options)
            # now, because later nothing tells which file an unknown key is of
            self.validate(values, skip_required=True)
        except (KeyError, TypeError) as error:
            self.error(str(error), error)
        self.reading = ""
        return values

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Say what is wrong with the arguments, and leave with status 2."""
        del ex
        message = " ".join(message.split())
        if unknown := _UNKNOWN_KEY.search(message):
            message = f"unknown key {'.'.join(filter(None, unknown.groups()))}"
        elif bad := _BAD_VALUE.search(message):
            message = self._describe(bad)
        elif message.startswith("Unexpected config"):
            message = f"no keys in it; expected {EXPERIMENT}"
        elif message.startswith(_REQUIRED):
            message = _REQUIRED + ", ".join(map(self._as_written, message.removeprefix(_REQUIRED).split(", ")))
        fail(self.reading + message)

    def _as_written(self, key: str) -> str:
        """Return the option or the argument of a command that a key such as `train.out` stands for."""
        command, _, name = key.partition(".")
        assert self._subcommands_action is not None
        for action in self._subcommands_action.choices[command]._actions:
            if action.dest == name and not action.option_strings:
                return str(action.metavar)
        return f"--{name}"

    def _describe(self, bad: re.Match[str]) -> str:
        key, value = bad["key"], bad["value"].partition(" does not conform")[0]
        kinds = bad["type"] or bad["types"] or bad["restricted"]
        if bad["restricted"]:
            # of what is no number, Python's own words stand before it
            value = value.rpartition(": ")[2].strip("'")
        if options := re.findall(r"Literal\[(.+?)\]", kinds):
            expected = options[0].replace("'", "").replace(", ", " or ")
        elif re.search("tuple|list", kinds, re.IGNORECASE):
            example = self.get_default(key) or ("a", "b")
            expected = f"a list such as [{','.join(map(str, example))}]"
        else:
            names = re.findall(r"<class '(\w+)'>|^(\w+)$", kinds)
            expected = " or ".join(_PLAIN_NAMES.get(one or other, one or other) for one, other in names)
        return f"{'' if self.reading else '--'}{key}: expected {expected}, got {value}"


def given_options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give the options among a command line's words with their values, `--name value` or `--name=value`."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=False):
        option, joined, rest = option.partition("=")
        yield option, rest if joined else value


def add_experiment(parser: Parser) -> None:
    """Add the options of an experiment, those of the network that the arguments or their configuration file name."""
    parser.add_class_arguments(ExperimentConfig, skip={"model"})
    parser.add_class_arguments(_named_network(parser.given), "model")


def _named_network(arguments: Sequence[str]) -> type[NetworkConfig]:
    """Return the configuration of the network asked for: the last one named counts. What is wrong is said later."""
    named = ModelConfig.network
    for option, value in given_options(arguments):
        if option == "--model.network":
            named = value
        elif option == "--config":
            named = _network_in(value) or named
    kinds = {kind.network: kind for kind in get_args(NetworkConfig)}
    if named not in kinds:
        fail(f"model.network: expected {' or '.join(kinds)}, got {named}")
    return kinds[named]


def _network_in(experiment: str) -> str | None:
    """Return the network that an experiment names, which is a file or YAML itself."""
    with contextlib.suppress(InputError, yaml.YAMLError):
        text = read_text(experiment, EXPERIMENT) if os.path.isfile(experiment) else experiment
        content = yaml.safe_load(text)
        model = content.get("model") if isinstance(content, dict) else None
        named = model.get("network") if isinstance(model, dict) else None
        return None if named is None else str(named)
    return None


def make(cls: type[Any], options: Namespace) -> Any:  # noqa: ANN401
    """Return the configuration that the options hold, beside others; what is no option of a command has its default."""
    values = options.as_dict()
    return restore(cls, {name: values[name] for name in cls.__dataclass_fields__ if name in values}, "options")
