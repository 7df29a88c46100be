"""Visiting an attendee's application, and nothing else."""

import pytest

from workshop.lab import Lab
from workshop.links import LINKS, link
from workshop.visit import NoAnswer, visit


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://example.com/",
        "http://abc.execute-api.eu-west-1.amazonaws.com/",
        "https://abc.execute-api.eu-west-1.amazonaws.com.example.com/",
        "file:///etc/passwd",
    ],
)
def test_only_addresses_of_api_gateway_are_visited(url: str) -> None:
    with pytest.raises(NoAnswer, match="not an address"):
        visit(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:22/", "http://abc.localhost:8000/", "file:///etc/passwd"])
def test_with_an_endpoint_only_its_own_addresses_are_visited(url: str) -> None:
    with pytest.raises(NoAnswer, match="not an address"):
        visit(url, "http://127.0.0.1:4566")


def test_names_under_localhost_are_those_of_the_endpoint(lab: Lab) -> None:
    port = lab.git_url.split(":")[2].split("/")[0]
    assert lab.fetch(f"http://nobody.execute-api.localhost:{port}/").status == 404


def test_silence_is_told(lab: Lab) -> None:
    with pytest.raises(NoAnswer, match="did not answer"):
        visit("http://127.0.0.1:9/", "http://127.0.0.1:9")


def test_links_hold_names_safely() -> None:
    address = link("424200000007", "eu-west-1", "pipeline", "a/b c")
    assert "/pipelines/a%2Fb%20c/view?region=eu-west-1" in address


@pytest.mark.parametrize("thing", LINKS)
def test_every_link_leads_to_aws(thing: str) -> None:
    host = link("1", "eu-west-1", thing, "x", "y").split("/")[2]
    assert host.endswith(".aws.amazon.com")
