"""Validation of a connection before it is saved.

In: the secrets and options that the operator entered. Out: nothing, or `Misconfigured` with a pointer per field.
Never here: a secret's value in a message.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from app.adapters.protocol import Options, Secret, Secrets
from app.events.fields import LongText
from app.problems import rule_params

_MAX_SECRET = 4096


@dataclass(frozen=True, slots=True)
class InvalidField:
    """The error of one field."""

    pointer: str
    """JSON pointer into the connection, such as `/secrets/encoding_aes_key`."""
    detail: str
    code: str = "invalid"
    params: Mapping[str, str | float] = field(default_factory=dict)


class Misconfigured(ValueError):
    """Secrets or options that cannot work."""

    def __init__(self, faults: Iterable[InvalidField]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.pointer} {fault.detail}" for fault in self.faults))


def _base_url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        raise PydanticCustomError("base_url", "must be an http or https address without query")
    return url


class CommonOptions(BaseModel):
    """Options that every kind has. Other options pass, since they may belong to the poller or the dashboard."""

    model_config = ConfigDict(extra="allow", strict=True, use_attribute_docstrings=True)

    session: LongText | None = None
    """The session that all of the connection's events belong to."""
    api_base: Annotated[str, AfterValidator(_base_url)] | None = None
    """Replaces the platform's API host: a test server, a proxy. Hosts that are not public need `TALLYLIGHT_API_BASE_ALLOW`."""


def _faults_of_secrets(known: tuple[Secret, ...], secrets: Secrets) -> Iterable[InvalidField]:
    names = {secret.name for secret in known}
    for name in secrets:
        if name not in names:
            yield InvalidField(f"/secrets/{name}", "is not a secret of this kind of connection", "extra_forbidden")
    for secret in known:
        value = secrets.get(secret.name)
        pointer = f"/secrets/{secret.name}"
        if value is None or value == "":
            if secret.required:
                yield InvalidField(pointer, "is required", "missing")
        elif not isinstance(value, str) or len(value) > _MAX_SECRET or not value.isprintable():
            yield InvalidField(pointer, "must be a printable text", "printable")
        elif secret.pattern and not re.fullmatch(secret.pattern, value):
            yield InvalidField(pointer, secret.says)


def faults_of_model(model: type[BaseModel], values: Options, root: str) -> Iterable[InvalidField]:
    """Return an error per field that the model rejects, as pointers below `root`."""
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            place = "".join(f"/{part}" for part in found["loc"])
            yield InvalidField(f"{root}{place}", found["msg"], found["type"], rule_params(found.get("ctx")))


def check_connection(
    known: tuple[Secret, ...],
    secrets: Secrets,
    options: Options,
    model: type[BaseModel] = CommonOptions,
    more: Iterable[InvalidField] = (),
) -> None:
    """Accept a connection's secrets and options, or name every field that is wrong.

    Raises:
        Misconfigured: at least one field is wrong.
    """
    faults = [*_faults_of_secrets(known, secrets), *faults_of_model(model, options, "/options"), *more]
    if faults:
        raise Misconfigured(faults)
