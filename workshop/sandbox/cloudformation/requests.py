"""Turns a request into the definition of a stack, or says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from . import capabilities, parameters
from .catalogue import Catalogue
from .graph import check_cycles
from .include import included
from .parameters import Given, Value
from .references import check_references, dependencies, references
from .sam import TRANSFORM, Sam
from .scope import Place, active, conditions
from .sources import invalid, text
from .state import Definition
from .template import Template, TemplateError, check, parse

MACROS = frozenset({TRANSFORM, "AWS::Include", "AWS::LanguageExtensions"})


@dataclass(frozen=True)
class Reader:
    """Reads templates for one caller.

    `client` makes boto3 clients that act as the caller; `permit` raises AwsError unless
    the caller may use a macro.
    """

    client: Callable[[str], Any]
    permit: Callable[[str], None]
    place: Place
    catalogue: Catalogue
    sam: Sam
    endpoint: str

    def definition(
        self, params: Mapping[str, Any], previous: Definition | None, *, direct: bool
    ) -> Definition:
        """What the request wants the stack to be.

        `direct` requests (no change set to review) must accept macros by capability.
        Raises TemplateError, or AwsError in AWS's words.
        """
        source = self.source(params, previous)
        template = parse(source)
        given = [
            Given(p["ParameterKey"], p.get("ParameterValue"), p.get("UsePreviousValue", False))
            for p in params.get("Parameters") or ()
        ]
        held = tuple(params.get("Capabilities") or ())
        if template.transforms and direct:
            capabilities.require(["CAPABILITY_AUTO_EXPAND"], held)
        values = parameters.values(template, given, previous.parameters if previous else {}, self._stored)
        processed = self.processed(template, values)
        self.check(processed, values)
        capabilities.require(capabilities.needed(processed), held)
        kept = previous.tags if previous and "Tags" not in params else ()
        tags = tuple((tag["Key"], tag["Value"]) for tag in params.get("Tags") or ()) or kept
        notifications = tuple(params.get("NotificationARNs") or ())
        return Definition(source, processed, values, tags, held, notifications)

    def source(self, params: Mapping[str, Any], previous: Definition | None) -> str:
        """The template's text: given, fetched, or that of the stack as it is."""
        found = text(params, self.client, self.endpoint)
        if found is not None:
            return found
        if params.get("UsePreviousTemplate") and previous:
            return previous.text
        raise invalid("Either Template URL or Template Body must be specified.")

    def processed(self, template: Template, values: Mapping[str, Value]) -> Template:
        """The template after its macros."""
        if "Fn::Transform" in str(template.body) or "AWS::Include" in template.transforms:
            template = Template(included(template.body, self._read, values))
        for name in template.transforms:
            if name not in MACROS:
                raise TemplateError(f"No transform named {name} found.")
            self.permit(name)
        if TRANSFORM in template.transforms:
            template = self.sam.expand(template, {n: v.used for n, v in values.items()}, self.place.region)
            check(template)
        return template

    def check(self, template: Template, values: Mapping[str, Value]) -> None:
        """Raises TemplateError for what can be known to fail before anything is made."""
        check_references(template)
        unknown = [t for t in _types(template) if not self.catalogue.exists(t)]
        if unknown:
            raise TemplateError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
        check_cycles(dependencies(template))
        wanted = active(template, conditions(template, values, self.place))
        for name, resource in wanted.items():
            self._check_attributes(name, resource, template)

    def _check_attributes(self, name: str, resource: Mapping[str, Any], template: Template) -> None:
        for reference in references(resource.get("Properties")):
            if (
                reference.attribute is None
                or "*" in reference.attribute
                or reference.name not in template.resources
            ):
                continue
            schema = self.catalogue.schema(template.resources[reference.name]["Type"])
            if not schema.has_attribute(reference.attribute):
                raise TemplateError(
                    f"Template error: resource {reference.name} does not support attribute type "
                    f"{reference.attribute} in Fn::GetAtt"
                )

    def _read(self, location: str) -> str:
        return str(text({"TemplateURL": location}, self.client, self.endpoint))

    def _stored(self, name: str) -> str:
        try:
            found: str = self.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ParameterNotFound":
                raise invalid(
                    f"Unable to fetch parameters [{name}] from parameter store for this account."
                ) from None
            raise invalid(str(error.response["Error"].get("Message"))) from None
        return found


def _types(template: Template) -> list[str]:
    return list(dict.fromkeys(resource["Type"] for resource in template.resources.values()))
