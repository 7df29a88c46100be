"""The build images that AWS curates (Dockerfile repository, April 2026); here all run the same toolchain."""

from __future__ import annotations

from typing import Any

CURATED = {
    "UBUNTU": ("aws/codebuild/standard:7.0", "aws/codebuild/standard:8.0"),
    "AMAZON_LINUX": (
        "aws/codebuild/amazonlinux-x86_64-standard:5.0",
        "aws/codebuild/amazonlinux-x86_64-standard:6.0",
        "aws/codebuild/amazonlinux-aarch64-standard:3.0",
        "aws/codebuild/amazonlinux-aarch64-standard:4.0",
    ),
}


def platforms() -> list[dict[str, Any]]:
    """The images as ListCuratedEnvironmentImages shows them."""
    return [
        {
            "platform": platform,
            "languages": [{"language": "BASE", "images": [_image(name) for name in names]}],
        }
        for platform, names in CURATED.items()
    ]


def _image(name: str) -> dict[str, Any]:
    return {"name": name, "description": "AWS CodeBuild curated image", "versions": [name]}
