"""Which language runtimes a build gets, and what is said where they are not the ones asked for."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping

from workshop.sandbox.codebuild.failure import PhaseFailed

HERE = ("nodejs", "python")
NODE = "24"
VERSION = re.compile(r"latest|\d+(\.(\d+|x))*")


def chosen(asked: Mapping[str, str], variables: Mapping[str, str]) -> Iterator[str]:
    """What the log says of the runtimes that `runtime-versions` asks for.

    PhaseFailed YAML_FILE_ERROR for a runtime that is not here.  There is one version of each:
    where the buildspec asks for another, the log says so.
    """
    present = {"nodejs": NODE, "python": ".".join(platform.python_version_tuple()[:2])}
    for name, text in asked.items():
        version = _expanded(text, variables)
        if name not in HERE:
            raise PhaseFailed(
                "YAML_FILE_ERROR",
                f"Unknown runtime named '{name}'. This build image has the following runtimes: "
                + ", ".join(HERE),
            )
        if not VERSION.fullmatch(version):
            raise PhaseFailed(
                "YAML_FILE_ERROR",
                f"Unknown runtime version named '{version}' of {name}. "
                f"This build image has the following versions: {present[name]}",
            )
        yield f"Selecting '{name}' runtime version '{version}' based on manual selections..."
        if not _same(version, present[name]):
            yield (
                f"This sandbox has one version of {name}: the build runs with {present[name]} "
                f"instead of {version}."
            )


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    name = text.removeprefix("$").strip("{}")
    return variables.get(name, "") if text.startswith("$") else text


def _same(version: str, present: str) -> bool:
    wanted = [part for part in version.split(".") if part != "x"]
    return version == "latest" or wanted == present.split(".")[: len(wanted)]


def shell(image: str, wanted: str) -> str:
    """The program that runs commands: dash as Ubuntu's sh, bash as Amazon Linux's."""
    if wanted == "bash" or "amazonlinux" in image:
        return "bash"
    return "dash" if any(os.access(f"{one}/dash", os.X_OK) for one in ("/bin", "/usr/bin")) else "sh"
