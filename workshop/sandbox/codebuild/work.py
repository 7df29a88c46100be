"""Does what the phases of one build ask for; decides nothing about their order."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workshop.sandbox.call import AwsError
from workshop.sandbox.codebuild import environment, phases, runtimes, upload, variables
from workshop.sandbox.codebuild.announce import announced
from workshop.sandbox.codebuild.buildspec import Artifact, Buildspec
from workshop.sandbox.codebuild.checkout import Checkout
from workshop.sandbox.codebuild.container import Container, ContainerGone
from workshop.sandbox.codebuild.destination import Destination
from workshop.sandbox.codebuild.failure import PhaseFailed
from workshop.sandbox.codebuild.log import BuildLog
from workshop.sandbox.codebuild.record import Record
from workshop.sandbox.codebuild.source import Fetched
from workshop.sandbox.isolation import IsolationUnavailable

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox


class Work:
    """One build's role, log, container and buildspec, as the phases bring them about.

    Each method is a phase; it raises PhaseFailed, ContainerGone or OutOfTime.
    """

    def __init__(self, sandbox: Sandbox, record: Record, folder: Path) -> None:
        self._sandbox = sandbox
        self._record = record
        self._build = record.build
        self._folder = folder
        self._log: BuildLog | None = None
        self._destination: Destination | None = None
        self._spec = Buildspec("0.2")
        self._variables: list[variables.Variable] = []
        self._deadline = 0.0
        self.container: Container | None = None

    def queued(self) -> None:
        """Become the service role and open the log."""
        role = self._build.settings["serviceRole"]
        session = f"AWSCodeBuild-{self._build.uuid}"
        try:
            self._who = self._sandbox.clients.assume(
                role, session, "codebuild.amazonaws.com", region=self._build.region
            )
        except AwsError as error:
            raise PhaseFailed("ACCESS_DENIED", error.message) from None
        destination = Destination(self._sandbox, self._who, self._build)
        self._record.note(log=destination.open())
        self._destination = destination
        self._log = BuildLog(destination.write)

    def provisioning(self) -> None:
        """Start the container with the role's credentials and no others."""
        self._deadline = time.monotonic() + 60 * self._build.settings["timeoutInMinutes"]
        self.say("Running on CodeBuild On-demand")
        isolation = self._sandbox.isolation
        try:
            isolated = isolation.kind != "none"
            env = {
                **environment.of_npm(isolated),
                **environment.of_build(self._build),
                **self._sandbox.clients.environment(self._who, self._build.region),
            }
            self.container = Container(isolation, self._folder, env, self._printed)
        except IsolationUnavailable as error:
            raise PhaseFailed("CLIENT_ERROR", str(error)) from None
        self.say("Waiting for agent ping")
        self.say("Waiting for DOWNLOAD_SOURCE")

    def download_source(self) -> None:
        """Fetch the sources, read the buildspec, find the variables' values."""
        self.say("Phase is DOWNLOAD_SOURCE")
        if self.container is None:
            raise ContainerGone
        checkout = Checkout(self._sandbox, self._who, self._build, self.container, self._folder)
        folders = checkout.unpack()
        self._note_version(checkout.primary)
        for name, folder in folders.items():
            self.say(f"{name}={folder}")
        source = folders["CODEBUILD_SRC_DIR"]
        location, spec = checkout.buildspec(source)
        self.say(f"YAML location is {location}")
        if isinstance(spec, PhaseFailed):
            raise spec
        self._spec = spec
        self._prepare(source, folders)

    def _prepare(self, source: str, folders: dict[str, str]) -> None:
        """Settle variables, runtimes and shell."""
        self.say("Processing environment variables")
        values = {**folders, **environment.of_source(self._build), **self._resolved()}
        for line in runtimes.chosen(self._spec.runtimes, values):
            self.say(line)
        if not self._spec.runtimes:
            self.say("No runtime version selected in buildspec.")
        self.say(f"Moving to directory {source}")
        shell = runtimes.shell(self._build.settings["environment"]["image"], self._spec.shell)
        self._ask("settle", env=values, cwd=source, shell=shell)
        for line in announced(self._spec):
            self.say(line)

    def _note_version(self, fetched: Fetched) -> None:
        pipeline = self._build.pipeline
        self._record.note(
            source_version=fetched.version or self._build.source_version,
            resolved_version=pipeline.inputs[0].revision if pipeline else fetched.resolved,
        )

    def commands(self, name: str, succeeding: bool) -> None:
        """Run the commands of one phase, again if `on-failure` says so."""
        phase = self._spec.phase(name)
        retry = phases.retry(phase.on_failure)
        self.say(f"Entering phase {phases.COMMANDS[name]}")
        failures = 0
        while True:
            try:
                self._run_all(phase.commands, phase.finally_, succeeding)
            except PhaseFailed as failure:
                failures += 1
                if not retry.again(failures, failure.message):
                    raise
                self.say(f"Retrying phase {phases.COMMANDS[name]}: attempt {failures} of {retry.times}")
            else:
                return

    def on_failure(self, name: str) -> str:
        """What the buildspec says about a failure of this phase."""
        return self._spec.phase(name).on_failure

    def upload_artifacts(self) -> None:
        """Gather what the buildspec keeps and store it as the service role."""
        s3 = self._sandbox.clients.client("s3", self._who, self._build.region)
        for kept in upload.wanted(self._build, self._spec):
            if kept.identifier:
                self.say(f"Preparing to copy secondary artifacts {kept.identifier}")
            files = self._expanded(kept.files)
            answer = self._collect(files)
            name = self._shell_text(kept.named) if kept.named else ""
            with answer["payload"] as archive:
                told = upload.store(s3, kept, archive, name, self._key())
            if kept.identifier:
                self._record.note(secondary_artifacts=[*self._build.secondary_artifacts, told])
            else:
                self._record.note(artifact=told)

    def finalizing(self) -> None:
        """Note the exported variables, end the container, complete the log."""
        names = variables.exportable(self._spec, self._variables)
        if self.container is not None and self.container.killed is None and names:
            values = self._ask("values", names=names)["values"]
            self._record.note(exported=[{"name": name, "value": values[name]} for name in names])
        self.close()
        if self._destination is not None:
            self._destination.close()

    def close(self) -> None:
        """End the container and write out the log; harmless when done already."""
        if self.container is not None:
            self.container.close()
            self.container = None
        if self._log is not None:
            self._log.close()
            self._log = None

    def say(self, text: str) -> None:
        """A line of the agent's in the log."""
        if self._log is not None:
            self._log.say(text)

    def _printed(self, chunk: bytes) -> None:
        if self._log is not None:
            self._log.output(chunk)

    def _ask(self, do: str, **request: Any) -> dict[str, Any]:
        if self.container is None:
            raise ContainerGone
        return self.container.ask(do, self._deadline, **request)

    def _resolved(self) -> dict[str, str]:
        given = self._build.settings["environment"].get("environmentVariables", [])
        self._variables = variables.merged(self._spec, given)
        client = self._sandbox.clients.client
        ssm = client("ssm", self._who, self._build.region)
        secrets = client("secretsmanager", self._who, self._build.region)
        values = {one.name: variables.resolve(one, ssm, secrets) for one in self._variables}
        if self._log is not None:
            self._log.hide(values[one.name] for one in self._variables if one.type != variables.PLAIN)
        return values

    def _run_all(self, commands: tuple[str, ...], last: tuple[str, ...], succeeding: bool) -> None:
        failure = None
        for group in (commands, last):
            try:
                for command in group:
                    self._run(command, succeeding and failure is None)
            except PhaseFailed as failed:
                failure = failure or failed
        if failure is not None:
            raise failure

    def _run(self, command: str, succeeding: bool) -> None:
        if self._log is not None:
            self._log.blank()
        self.say(f"Running command {command}")
        answer = self._ask(
            "run", command=command, succeeding="01"[succeeding], fresh=self._spec.version == "0.1"
        )
        status = answer.get("status", answer.get("error"))
        if status == 0:
            return
        self.say(f"Command did not exit successfully {command} exit status {status}")
        raise PhaseFailed(
            "COMMAND_EXECUTION_ERROR",
            f"Error while executing command: {command}. Reason: exit status {status}",
        )

    def _collect(self, files: Artifact) -> dict[str, Any]:
        self.say(f"Expanding base directory path: {files.base_directory}")
        self.say("Assembling file list")
        self.say(f"Expanding {files.base_directory}")
        self.say(f"Expanding file paths for base directory {files.base_directory}")
        self.say("Assembling file list")
        for pattern in files.files:
            self.say(f"Expanding {pattern}")
        answer = self._ask(
            "collect",
            base=files.base_directory,
            files=files.files,
            exclude=files.exclude_paths,
            flat=files.discard_paths,
        )
        if "payload" not in answer:
            raise PhaseFailed("CLIENT_ERROR", answer.get("error", "no matching artifact paths found"))
        self.say(f"Found {answer['count']} file(s)")
        return answer

    def _expanded(self, files: Artifact) -> Artifact:
        return replace(
            files,
            base_directory=self._shell_text(files.base_directory),
            files=tuple(self._shell_text(one) for one in files.files),
            s3_prefix=self._shell_text(files.s3_prefix),
        )

    def _shell_text(self, text: str) -> str:
        if "$" not in text and "`" not in text:
            return text
        return str(self._ask("expand", texts=[text])["texts"][0])

    def _key(self) -> str | None:
        key = str(self._build.settings.get("encryptionKey", ""))
        return None if key.endswith(":alias/aws/s3") else key or None
