"""CloudFormation's operations that only look: at stacks, their history, and templates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workshop.sandbox.call import AwsError, Call

from . import capabilities, show
from .graph import check_cycles
from .office import Office
from .references import check_references, dependencies
from .sources import invalid
from .state import Definition, Stack
from .template import Template, TemplateError, dump, parse


class LookOperations:
    """Describe, list, get and validate; mixed into the service."""

    office: Office

    def describe_stacks(self, call: Call) -> dict[str, Any]:
        if call.params.get("StackName"):
            stack = self.office.stack(call)
            with self.office.ledger.lock:
                return {"Stacks": [show.stack(stack)]}
        with self.office.ledger.lock:
            living = [s for s in self.office.region(call).stacks.values() if not s.gone]
            return show.page(
                [show.stack(s) for s in reversed(living)], call.params.get("NextToken"), "Stacks"
            )

    def list_stacks(self, call: Call) -> dict[str, Any]:
        wanted = call.params.get("StackStatusFilter")
        with self.office.ledger.lock:
            found = [s for s in self.office.region(call).stacks.values() if not wanted or s.status in wanted]
            return show.page(
                [show.summary(s) for s in reversed(found)], call.params.get("NextToken"), "StackSummaries"
            )

    def describe_stack_events(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call, "Stack [{}] does not exist")
        with self.office.ledger.lock:
            events = [show.event(stack, event) for event in reversed(stack.events)]
        return show.page(events, call.params.get("NextToken"), "StackEvents")

    def describe_stack_resources(self, call: Call) -> dict[str, Any]:
        stack = self._stack_of_resources(call)
        wanted = call.params.get("LogicalResourceId")
        with self.office.ledger.lock:
            found = [r for r in stack.resources.values() if not wanted or r.name == wanted]
            return {"StackResources": [show.resource(stack, r) for r in found[:100]]}

    def _stack_of_resources(self, call: Call) -> Stack:
        if call.params.get("StackName"):
            return self.office.stack(call)
        physical = call.params.get("PhysicalResourceId")
        if not physical:
            raise invalid("Either the Stack Name or Physical Resource Id must be specified.")
        with self.office.ledger.lock:
            for stack in self.office.region(call).stacks.values():
                if not stack.gone and any(r.physical_id == physical for r in stack.resources.values()):
                    return stack
        raise invalid(f"Stack for {physical} does not exist")

    def describe_stack_resource(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call, "Stack '{}' does not exist")
        with self.office.ledger.lock:
            found = stack.resources.get(call.params["LogicalResourceId"])
            if found is None:
                raise invalid(
                    f"Resource {call.params['LogicalResourceId']} does not exist for stack {stack.name}"
                )
            return {"StackResourceDetail": show.resource_detail(stack, found)}

    def list_stack_resources(self, call: Call) -> dict[str, Any]:
        stack = self.office.stack(call)
        with self.office.ledger.lock:
            found = [show.resource_summary(r) for r in stack.resources.values()]
        return show.page(found, call.params.get("NextToken"), "StackResourceSummaries")

    def list_exports(self, call: Call) -> dict[str, Any]:
        with self.office.ledger.lock:
            exports = self.office.region(call).exports()
            found = [
                {"ExportingStackId": stack.id, "Name": name, "Value": output.value}
                for name, (stack, output) in sorted(exports.items())
            ]
        return show.page(found, call.params.get("NextToken"), "Exports")

    def list_imports(self, call: Call) -> dict[str, Any]:
        name = call.params["ExportName"]
        with self.office.ledger.lock:
            region = self.office.region(call)
            if name not in region.exports():
                raise invalid(f"Export '{name}' does not exist.")
            users = [stack.name for stack in region.importers(name)]
        if not users:
            raise invalid(f"Export '{name}' is not imported by any stack.")
        return show.page(users, call.params.get("NextToken"), "Imports")

    def get_template(self, call: Call) -> dict[str, Any]:
        definition = self._definition(call)
        processed = call.params.get("TemplateStage") == "Processed"
        text = dump(definition.template.body) if processed and _transformed(definition) else definition.text
        stages = ["Original", "Processed"] if definition.text else ["Original"]
        return {"TemplateBody": text, "StagesAvailable": stages}

    def _definition(self, call: Call) -> Definition:
        name = call.params.get("ChangeSetName")
        if name:
            sets = self.office.region(call).change_sets.values()
            stack = call.params.get("StackName")
            for found in sets:
                of = self.office.region(call).stacks[found.stack_id]
                if found.id == name or (found.name == name and stack in (of.name, of.id)):
                    return found.definition
            raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
        if not call.params.get("StackName"):
            raise invalid("StackName or ChangeSetName must be specified.")
        stack_found = self.office.stack(call)
        if stack_found.definition is None:
            raise invalid(f"Stack with id {stack_found.name} does not exist")
        return stack_found.definition

    def get_template_summary(self, call: Call) -> dict[str, Any]:
        template = self._summarised(call)
        metadata = template.section("Metadata")
        return show.given(
            {
                "Parameters": show.parameter_summaries(template),
                "Description": template.description,
                **_capabilities(template),
                "ResourceTypes": list(dict.fromkeys(r["Type"] for r in template.resources.values())),
                "Version": str(template.body.get("AWSTemplateFormatVersion", "2010-09-09")),
                "Metadata": json.dumps(metadata, default=str) if metadata else None,
                "DeclaredTransforms": list(template.transforms) or None,
            }
        )

    def _summarised(self, call: Call) -> Template:
        if call.params.get("StackName"):
            stack = self.office.stack(call)
            if stack.definition:
                return parse(stack.definition.text)
        return self._parsed(call)

    def validate_template(self, call: Call) -> dict[str, Any]:
        template = self._parsed(call)
        return show.given(
            {
                "Parameters": show.parameters(template),
                "Description": template.description,
                **_capabilities(template),
                "DeclaredTransforms": list(template.transforms) or None,
            }
        )

    def _parsed(self, call: Call) -> Template:
        """The request's template, checked as far as that goes without its macros."""
        try:
            template = parse(self.office.reader(call, "", "").source(call.params, None))
            if not template.transforms:
                self._check(template)
        except TemplateError as error:
            raise invalid(str(error)) from None
        return template

    def _check(self, template: Template) -> None:
        check_references(template)
        types = dict.fromkeys(resource["Type"] for resource in template.resources.values())
        unknown = [type_ for type_ in types if not self.office.catalogue.exists(type_)]
        if unknown:
            raise TemplateError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
        check_cycles(dependencies(template))


def _transformed(definition: Definition) -> bool:
    return "Transform" in definition.text


def _capabilities(template: Template) -> Mapping[str, Any]:
    """What a template's author has to acknowledge, and why; macros as well as IAM."""
    needed = [*capabilities.needed(template), *(["CAPABILITY_AUTO_EXPAND"] if template.transforms else [])]
    if not needed:
        return {}
    causes = ", ".join([*capabilities.iam_types(template), *template.transforms])
    reason = f"The following resource(s) require capabilities: [{causes}]"
    return {"Capabilities": needed, "CapabilitiesReason": reason}
