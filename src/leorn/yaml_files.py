"""YAML as a person meant it: well formed, each key once."""

from typing import Any

import yaml

from leorn.errors import InputError


def check_yaml(text: str, path: str) -> None:
    """See that a text is YAML in which no mapping has a key twice: PyYAML would let the last one win, silently.

    Args:
        text: what the file holds.
        path: names the file in errors.

    Raises:
        InputError: naming the file and the line.
    """
    try:
        yaml.load(text, Loader=_UniqueKeys)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        reason = ", ".join(filter(None, (error.context, error.problem)))
        raise InputError(f"{path}{line}: not YAML: {reason}") from error
    except yaml.YAMLError as error:
        # of a character that no YAML may hold, PyYAML does not say the line
        raise InputError(f"{path}: not YAML: {getattr(error, 'reason', error)}") from error


class _UniqueKeys(yaml.BaseLoader):
    """Makes text, lists and mappings alone, and no mapping of which a key is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            name = str(key.value)
            if name in lines:
                problem = f"the key {name} stands in line {lines[name]} already"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            lines[name] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)
