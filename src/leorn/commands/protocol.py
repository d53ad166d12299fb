"""The option `--protocol` of the commands that score."""

import json
from dataclasses import asdict

from leorn.arguments import Parser, given_options
from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.scoring.protocols import PROTOCOLS, ProtocolName


def add_protocol(parser: Parser, note: str) -> None:
    """Add the option; `note` ends its help."""
    rules = "; ".join(f"{name}: {protocol.rule}" for name, protocol in PROTOCOLS.items())
    parser.add_argument("--protocol", type=ProtocolName, help=f"Score as published. {rules}. {note}")


def take_defaults(parser: Parser) -> None:
    """Give the options of an evaluation the values of the protocol that the arguments name, if any."""
    for option, value in given_options(parser.given):
        if option == "--protocol" and value in PROTOCOLS:
            parser.set_defaults(asdict(PROTOCOLS[value].evaluation))


def check_agreement(evaluation: EvaluationConfig, name: ProtocolName) -> None:
    """See that no option says otherwise than the protocol beside it.

    Raises:
        InputError: naming the first that does.
    """
    for key, ruled in asdict(PROTOCOLS[name].evaluation).items():
        if (given := getattr(evaluation, key)) != ruled:
            said, instead = (value if isinstance(value, str) else json.dumps(value) for value in (given, ruled))
            raise InputError(f"--{key} {said}: protocol {name} has {instead}; leave out --{key} or --protocol")


def described(name: ProtocolName) -> dict[str, str]:
    """Return a protocol's name, rule and source, for JSON."""
    return {"protocol": name, "rule": PROTOCOLS[name].rule, "source": PROTOCOLS[name].source}
