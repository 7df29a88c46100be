"""The sample application is installed, tested and packaged without internet, for a pipeline."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REGION, ROOT, Account
from tests.sandbox.building import ENVIRONMENT, Builder, allow, artifact_names, context_of
from workshop.sandbox.codebuild.state import PipelineArtifact
from workshop.sandbox.toolchain import NPM_CACHE

SAMPLE = ROOT / "sample_app"


def zipped(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "node_modules" not in path.parts:
                archive.write(path, path.relative_to(folder))
    return packed.getvalue()


class Pipeline:
    """What a pipeline does for its build: an artifact bucket, an input, an output."""

    def __init__(self, builder: Builder, source: bytes) -> None:
        self.builder = builder
        self.account = builder.account
        self.bucket = f"codepipeline-{self.account.id}"
        s3 = self.account.client("s3")
        s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=self.bucket, Key="p/Source/1", Body=source)

    def build(self, **settings: Any) -> dict[str, Any]:
        started = self.account.server.sandbox.service("codebuild").start_for_pipeline(
            self.account.root.principal,
            REGION,
            "proj",
            pipeline="p",
            inputs=[PipelineArtifact("SourceArtifact", self.bucket, "p/Source/1", "c" * 40)],
            outputs=[PipelineArtifact("BuildArtifact", self.bucket, "p/Build/1")],
            **settings,
        )
        return self.builder.finished(started)


def builder_for(account: Account, bucket: str, *statements: dict[str, Any]) -> Builder:
    builder = Builder(account, *statements)
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    builder.project(
        None,
        source={"type": "CODEPIPELINE"},
        artifacts={"type": "CODEPIPELINE"},
        environment={
            **ENVIRONMENT,
            "environmentVariables": [{"name": "PACKAGE_BUCKET", "value": bucket}],
        },
    )
    return builder


@pytest.mark.skipif(not NPM_CACHE.is_dir(), reason="the cache of npm packages has not been filled")
def test_the_sample_application_is_built(account: Account) -> None:
    bucket = f"packages-{account.id}"
    pipeline = Pipeline(builder_for(account, bucket, allow("s3:*")), zipped(SAMPLE))
    build = pipeline.build()
    assert build["buildStatus"] == "SUCCEEDED", pipeline.builder.log(build)
    assert artifact_names(account, pipeline.bucket, "p/Build/1") == ["outputtemplate.yml"]
    stored = account.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert stored[0]["Size"] > 100_000


@pytest.mark.skipif(not NPM_CACHE.is_dir(), reason="the cache of npm packages has not been filled")
def test_a_role_that_may_not_store_the_package_fails_the_build(account: Account) -> None:
    bucket = f"packages-{account.id}"
    reading = allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::codepipeline-*")
    pipeline = Pipeline(builder_for(account, bucket, reading), zipped(SAMPLE))
    build = pipeline.build()
    log = pipeline.builder.log(build)
    assert context_of(build, "BUILD")[0] == "COMMAND_EXECUTION_ERROR"
    assert f'is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::{bucket}/' in log


def test_a_pipelines_build_tells_where_it_comes_from(account: Account) -> None:
    builder = builder_for(account, f"packages-{account.id}", allow("s3:*"))
    pipeline = Pipeline(builder, zipped(SAMPLE))
    spec = (
        "version: 0.2\nphases:\n  build:\n    commands:\n"
        '      - echo "$CODEBUILD_INITIATOR $CODEBUILD_RESOLVED_SOURCE_VERSION"\n'
        '      - test "$(pwd)" = "$CODEBUILD_SRC_DIR"\n'
    )
    build = pipeline.build(buildspec=spec)
    assert f"codepipeline/p {'c' * 40}\n" in builder.log(build)
    assert build["sourceVersion"] == f"arn:aws:s3:::{pipeline.bucket}/p/Source/1"
    assert (build["buildStatus"], build["initiator"]) == ("SUCCEEDED", "codepipeline/p")
