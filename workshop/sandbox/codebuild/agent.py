"""The agent in a build's box: unpacks sources, runs commands, gathers artifacts.

It runs inside, as one file with nothing but the standard library, and takes one request a line
on its standard input.  What commands print goes to standard output; its answers go to standard
error, a line of JSON each, followed by `size` bytes where it says so.  Nothing in the box is
written to the machine: artifacts leave it as bytes.

As CodeBuild's agent does (seen in public build logs), each command is a script of its own: it
restores the folder and the variables of the one before and stores them for the next.  So `cd`
and variables carry over, functions and `set -e` do not; the command stands in line 4.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

EARLIEST = (1980, 1, 1, 0, 0, 0)  # what a zip can tell
LARGEST_TEXT = 1024 * 1024
LARGEST_ARTIFACT = 512 * 1024 * 1024
PATTERN = re.compile(r"\*\*/|\*\*|\*|\?|\[[^]]+\]|\{[^}]*\}|[^*?\[{]+|.", re.DOTALL)


class Agent:
    """Keeps a build's folder and variables between its requests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._script = folder / "script.sh"
        self._kept = folder / "env.sh"
        self._where = folder / "dir.txt"
        self._kept.write_text("")
        self._source = self._cwd = "/"
        self._shell = "sh"
        self._env = dict(os.environ)
        self._env.pop("LC_CTYPE", None)  # set by Python itself

    def unpack(self, archives: list[str], to: str) -> dict[str, Any]:
        """Unpack zip files into a folder, one over the other."""
        Path(to).mkdir(parents=True, exist_ok=True)
        for archive in archives:
            with zipfile.ZipFile(archive) as file:
                for member in file.infolist():
                    unpack_member(file, member, Path(to))
        return {}

    def read(self, path: str) -> dict[str, Any]:
        """The text of a file; `text` is None where there is none."""
        try:
            with Path(path).open("rb") as file:
                return {"text": file.read(LARGEST_TEXT).decode(errors="replace")}
        except OSError:
            return {"text": None}

    def settle(self, env: dict[str, str], cwd: str, shell: str) -> dict[str, Any]:
        """Set what the first command finds: variables, folder, shell."""
        self._env.update(env)
        self._source = self._cwd = cwd
        self._shell = shutil.which(shell) or "sh"
        return {}

    def run(self, command: str, succeeding: str, fresh: bool) -> dict[str, Any]:
        """Run one command; its exit status.  `fresh`: in the first folder (buildspec 0.1)."""
        before = f". {shlex.quote(str(self._kept))}; CODEBUILD_BUILD_SUCCEEDING={succeeding}"
        first = self._cwd
        self._script.write_text(
            f"cd {shlex.quote(first)}\nset -a\n{before}\n{command}\n"
            "CODEBUILD_LAST_EXIT=$?\n"
            f"export -p > {shlex.quote(str(self._kept))}\n"
            f"pwd > {shlex.quote(str(self._where))}\n"
            "exit $CODEBUILD_LAST_EXIT\n"
        )
        self._where.unlink(missing_ok=True)
        status = subprocess.call(
            [self._shell, str(self._script)],
            env=self._env,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            cwd=first if Path(first).is_dir() else "/",
        )
        if fresh:
            self._kept.write_text("")
        elif self._where.exists():
            self._cwd = self._where.read_text().removesuffix("\n")
        return {"status": status if status >= 0 else 128 - status}

    def expand(self, texts: list[str]) -> dict[str, Any]:
        """Each text with its $variables and $(commands) replaced by the build's shell."""
        return {"texts": [self._ask(f'printf %s "{text}"') for text in texts]}

    def values(self, names: list[str]) -> dict[str, Any]:
        """The variables of these names, as the last command left them."""
        return {"values": {name: self._ask(f'printf %s "${name}"') for name in names}}

    def collect(self, base: str, files: list[str], exclude: list[str], flat: bool) -> dict[str, Any]:
        """A zip of the files below `base` that the patterns choose."""
        folders = base_folders(Path(self._source), base)
        if not folders:
            return {"error": f"no matching base directory path found for {base}"}
        chosen = dict(choose(folders, files, exclude))
        if not chosen:
            return {"error": "no matching artifact paths found"}
        if sum(path.stat().st_size for path in chosen.values()) > LARGEST_ARTIFACT:
            return {"error": f"the artifact is larger than {LARGEST_ARTIFACT} bytes, the most kept here"}
        return {"count": len(chosen), "payload": pack(chosen, flat)}

    def _ask(self, script: str) -> str:
        prepared = f". {shlex.quote(str(self._kept))}\n{script}\n"
        asked = subprocess.run(
            [self._shell, "-c", prepared],
            env=self._env,
            cwd=self._cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return asked.stdout.decode(errors="replace")


def unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    """Unpack one file with its mode, or one symbolic link."""
    mode = member.external_attr >> 16
    if stat.S_ISLNK(mode):
        link = folder / member.filename
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(archive.read(member).decode())
        return
    path = Path(archive.extract(member, folder))
    if path.is_file() and mode & 0o777:
        path.chmod(mode & 0o777 | 0o600)


def base_folders(source: Path, base: str) -> list[tuple[Path, str]]:
    """The folders that a base directory names, each with what its files' names begin with.

    Files below a plain folder are named from there; below `build*` they keep the folder's name
    (User Guide, artifacts/base-directory).
    """
    start = source / base
    if not is_pattern(base):
        return [(start, "")] if start.is_dir() else []
    matching = compile_pattern(start.name)
    found = [path for path in sorted(start.parent.glob("*")) if path.is_dir()]
    return [(path, f"{path.name}/") for path in found if matching.fullmatch(path.name)]


def choose(
    folders: list[tuple[Path, str]], files: list[str], exclude: list[str]
) -> Iterator[tuple[str, Path]]:
    """(name in the artifact, file) of everything that the patterns choose, in order."""
    wanted = [compile_pattern(pattern) for pattern in files]
    unwanted = [compile_pattern(pattern) for pattern in exclude]
    for folder, prefix in folders:
        for name in names_below(folder):
            if matches(name, wanted) and not matches(name, unwanted):
                yield prefix + name, folder / name
        for path in (folder / pattern for pattern in files if leads_outside(pattern)):
            if path.is_file():
                yield path.name, path


def matches(name: str, patterns: list[re.Pattern[str]]) -> bool:
    """Whether any of the patterns fits the whole name."""
    return any(one.fullmatch(name) for one in patterns)


def leads_outside(pattern: str) -> bool:
    """Whether this names one file that does not lie below the base directory."""
    return not is_pattern(pattern) and (pattern.startswith("/") or ".." in Path(pattern).parts)


def names_below(folder: Path) -> Iterator[str]:
    """The names of all files below a folder, hidden ones too; linked folders are not entered."""
    for where, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(where, name)
            if path.is_file():
                yield path.relative_to(folder).as_posix()


def is_pattern(text: str) -> bool:
    """Whether a path has wildcards."""
    return any(mark in text for mark in "*?[{")


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression: `*` stays within a folder, `**` does not."""
    pattern = pattern.removeprefix("./")
    return re.compile("".join(_as_expression(part) for part in PATTERN.findall(pattern)), re.DOTALL)


def _as_expression(part: str) -> str:
    fixed = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    if part in fixed:
        return fixed[part]
    if part[0] == "[" and len(part) > 2:
        return "[" + part[1:-1].replace("\\", "\\\\").replace("!", "^", part[1] == "!") + "]"
    if part[0] == "{" and len(part) > 1:
        return "(?:" + "|".join(_as_expression(choice) for choice in part[1:-1].split(",")) + ")"
    return re.escape(part)


def pack(files: dict[str, Path], flat: bool) -> bytes:
    """A zip of these files; `flat` drops the folders from their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, path in files.items():
            status = path.stat()
            member = zipfile.ZipInfo(path.name if flat else name)
            member.date_time = max(time.gmtime(status.st_mtime)[:6], EARLIEST)
            member.external_attr = status.st_mode << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, path.read_bytes())
    return buffer.getvalue()


def serve(agent: Agent) -> None:
    """Answer requests until there are no more."""
    able = (agent.unpack, agent.read, agent.settle, agent.run, agent.expand, agent.values, agent.collect)
    operations: dict[str, Callable[..., dict[str, Any]]] = {one.__name__: one for one in able}
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            answer = operations[request.pop("do")](**request)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        payload = answer.pop("payload", b"")
        answer["size"] = len(payload)
        sys.stderr.buffer.write(json.dumps(answer).encode() + b"\n" + payload)
        sys.stderr.buffer.flush()


def main(folder: str, cache: str, copy: str) -> None:
    """Serve from `folder`, with a copy of the machine's npm cache in `copy`."""
    agent = Agent(Path(folder))
    if Path(cache).is_dir():
        shutil.copytree(cache, copy, copy_function=shutil.copyfile)
    serve(agent)


if __name__ == "__main__":
    main(*sys.argv[1:])
