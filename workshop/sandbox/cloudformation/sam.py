"""Expands SAM templates, with AWS's own translator."""

from __future__ import annotations

import copy
import importlib
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .template import Template, TemplateError

TRANSFORM = "AWS::Serverless-2016-10-31"


@dataclass(frozen=True)
class _Session:
    """All that the translator asks of a boto3 session."""

    region_name: str


class Sam:
    """The Serverless transform.

    The translator takes half a second to import, so that `warm` does it in a thread; it
    keeps the region in a class attribute, so that one translation runs at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Import the translator and its data ahead of the first use."""
        with self._lock:
            _translator()

    def expand(self, template: Template, parameters: Mapping[str, Any], region: str) -> Template:
        """`template` in plain CloudFormation; TemplateError with the translator's words."""
        from samtranslator.public.exceptions import InvalidDocumentException

        try:
            with self._lock:
                return Template(_translate(template, parameters, region))
        except InvalidDocumentException as error:
            causes = " ".join(dict.fromkeys(cause.message for cause in error.causes))
            raise TemplateError(f"Transform {TRANSFORM} failed with: {error.message} {causes}") from None


def _translator() -> Any:
    # It warns about metrics that nobody here collects.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.CRITICAL)
    managed = importlib.import_module("samtranslator.internal.managed_policies")
    managed.get_bundled_managed_policy_map("aws")
    return importlib.import_module("samtranslator.translator.translator")


def _translate(template: Template, parameters: Mapping[str, Any], region: str) -> dict[str, Any]:
    translator = _translator()
    parser = importlib.import_module("samtranslator.parser.parser").Parser()
    managed = importlib.import_module("samtranslator.internal.managed_policies")
    found: dict[str, Any] = translator.Translator(None, parser, boto_session=_Session(region)).translate(
        copy.deepcopy(dict(template.body)),
        dict(parameters),
        get_managed_policy_map=lambda: managed.get_bundled_managed_policy_map("aws"),
    )
    return {key: value for key, value in found.items() if key not in ("Transform", "Globals")}
