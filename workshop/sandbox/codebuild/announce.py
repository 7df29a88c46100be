"""What the agent says of a buildspec before it begins: what it found, and what it will not do."""

from __future__ import annotations

from collections.abc import Iterator

from workshop.sandbox.codebuild import phases
from workshop.sandbox.codebuild.buildspec import Buildspec


def announced(spec: Buildspec) -> Iterator[str]:
    """The lines of the log, in order."""
    if spec.unknown:
        yield "Found possible syntax errors in buildspec: "
        for place, key in spec.unknown:
            where = f"In the section {place}" if place else "At the top level"
            yield f"{where}\n\tThe following keys cannot be identified:\n\t\t{key}"
    if spec.run_as:
        yield f"This sandbox runs every command as one user: run-as {spec.run_as} is ignored"
    if spec.reports:
        yield f"This sandbox collects no test reports: {', '.join(spec.reports)}"
    if spec.cache_paths:
        yield "This sandbox keeps no cache between builds"
    else:
        yield "Cache is not defined in the buildspec"
        yield "Skip cache due to: no paths specified to be cached"
    yield "Registering with agent"
    found = [(name, phase) for name, phase in spec.phases.items() if phase.commands]
    yield f"Phases found in YAML: {len(found)}"
    for name, phase in found:
        yield f" {phases.COMMANDS[name]}: {len(phase.commands)} commands"
