"""The page on which facilitators choose where news go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from tests.room.receiver import Receiver
from tests.web.conftest import HTMX, Visitor, app_for
from tests.web.leading import leader
from workshop.config import Config
from workshop.guide import Guide
from workshop.models import connect, now
from workshop.room.event import Event
from workshop.room.events import Draft
from workshop.room.hooks import KINDS, MOST, Hooks
from workshop.room.news import News
from workshop.room.staff import Role
from workshop.room.whereto import Whereto
from workshop.vault import NEWS, Vault
from workshop.work.post import Post

HOUR = timedelta(hours=1)
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
def app(config: Config) -> Flask:
    """Tests listen on the loopback address."""
    return app_for(config.model_copy(update={"hooks_to_private": True}))


@pytest.fixture
def event(guide: Guide) -> Event:
    return guide.events.make(
        Draft("PG23", now() - HOUR, now() + HOUR, region="eu-west-1", prefix="abc", capacity=30)
    )


@pytest.fixture
def maria(app: Flask, event: Event) -> Visitor:
    return leader(app, event.id)


@pytest.fixture
def observer(app: Flask, event: Event) -> Visitor:
    return leader(app, event.id, Role.OBSERVER, "ola")


@pytest.fixture
def hooks(config: Config) -> Hooks:
    return Hooks(connect(config.database), Vault(config.secret_key, NEWS))


@pytest.fixture
def post(config: Config, hooks: Hooks, guide: Guide) -> Post:
    return Post(hooks, News(connect(config.database), guide.course), Whereto(private=True), patience=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


def add(who: Visitor, event: Event, url: str, *kinds: str) -> str:
    """Add an address as the form does; the page that follows."""
    path = f"/events/{event.id}/hooks"
    who.get(path)
    answer = who.client.post(
        path,
        data={"csrf_token": who.token, "url": url, "kinds": list(kinds or KINDS)},
        follow_redirects=True,
    )
    return answer.get_data(as_text=True)


def deliver(post: Post) -> None:
    for begun in post.round():
        begun.result()


def test_the_secret_is_shown_once_and_signs_what_is_sent(
    maria: Visitor, event: Event, receiver: Receiver, post: Post
) -> None:
    shown = SECRET.search(add(maria, event, receiver.url))
    assert shown
    assert not SECRET.search(maria.text(f"/events/{event.id}/hooks"))
    assert maria.post(f"/events/{event.id}/hooks/1/test").status_code == 303
    deliver(post)
    [message] = receiver.messages(shown[0])
    assert message["type"] == "hook.test"
    assert message["data"]["asked_by"] == "Maria"
    assert "arrived" in maria.text(f"/events/{event.id}/hooks")


def test_the_secret_is_not_in_the_cookie(maria: Visitor, event: Event, receiver: Receiver) -> None:
    maria.get(f"/events/{event.id}/hooks")
    maria.post(f"/events/{event.id}/hooks", url=receiver.url, kinds="step.passed")
    with maria.client.session_transaction() as session:
        assert not SECRET.search(repr(dict(session)))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://169.254.169.254/latest/meta-data", "private network"),
        ("https://127.0.0.1:4566/", "private network"),
        ("http://example.org/", "by https only"),
        ("nonsense", "That is not an address"),
        ("", "That is not an address"),
    ],
)
def test_an_address_that_will_not_do_is_told_and_not_kept(
    config: Config, url: str, says: str, guide: Guide, event: Event, hooks: Hooks
) -> None:
    careful = leader(app_for(config), event.id)
    page = add(careful, event, url)
    assert says in page
    assert f'value="{url}"' in page
    assert hooks.of_event(event.id) == []


def test_nothing_chosen_is_told(maria: Visitor, event: Event, receiver: Receiver) -> None:
    answer = maria.get(f"/events/{event.id}/hooks")
    answer = maria.post(f"/events/{event.id}/hooks", url=receiver.url)
    assert answer.status_code == 422
    assert "at least one thing" in answer.get_data(as_text=True)


def test_one_address_too_many_is_told(maria: Visitor, event: Event, hooks: Hooks, receiver: Receiver) -> None:
    for number in range(MOST):
        hooks.add(event.id, f"{receiver.url}/{number}", ("step.passed",))
    assert f"at most {MOST} addresses" in add(maria, event, receiver.url)


def test_what_did_not_arrive_can_be_sent_again(
    maria: Visitor, event: Event, hooks: Hooks, post: Post
) -> None:
    with Receiver(answers=[500, 204]) as receiver:
        hook = hooks.add(event.id, receiver.url, tuple(KINDS))
        maria.get(f"/events/{event.id}/hooks")
        maria.post(f"/events/{event.id}/hooks/{hook.id}/test")
        deliver(post)
        page = maria.text(f"/events/{event.id}/hooks")
        assert "tried 1 of 10 times" in page
        assert "500: It answered, but did not take it." in page
        [failed] = hooks.deliveries(hook.id)
        assert maria.post(f"/events/{event.id}/hooks/retry/{failed.id}").status_code == 303
        deliver(post)
        assert hooks.deliveries(hook.id)[0].arrived


def test_the_list_is_silent_until_something_has_changed(
    maria: Visitor, event: Event, hooks: Hooks, post: Post, receiver: Receiver
) -> None:
    hook = hooks.add(event.id, receiver.url, tuple(KINDS))
    found = re.search(r'hx-get="([^"]+v=\w+)"', maria.text(f"/events/{event.id}/hooks"))
    assert found
    assert maria.client.get(found[1], headers=HTMX).status_code == 204
    maria.post(f"/events/{event.id}/hooks/{hook.id}/test")
    answer = maria.client.get(found[1], headers=HTMX)
    assert "on its way" in answer.get_data(as_text=True)


def test_a_removed_address_is_gone(maria: Visitor, event: Event, hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.add(event.id, receiver.url, tuple(KINDS))
    maria.get(f"/events/{event.id}/hooks")
    answer = maria.press(f"/events/{event.id}/hooks/{hook.id}/remove")
    assert "No address yet" in answer.get_data(as_text=True)
    assert hooks.of_event(event.id) == []
    assert maria.press(f"/events/{event.id}/hooks/{hook.id}/test").status_code == 404


def test_an_observer_looks_and_learns_no_secret(
    observer: Visitor, event: Event, hooks: Hooks, receiver: Receiver
) -> None:
    hook = hooks.add(event.id, receiver.url + "?token=between-us", tuple(KINDS))
    page = observer.text(f"/events/{event.id}/hooks")
    assert "127.0.0.1" in page
    assert "between-us" not in page
    assert "Send a test" not in page
    for path in ("", f"/{hook.id}/test", f"/{hook.id}/remove", "/retry/1"):
        assert observer.post(f"/events/{event.id}/hooks{path}", url=receiver.url).status_code == 403
    assert hooks.of_event(event.id) == [hook]


def test_hooks_of_another_event_are_out_of_reach(
    app: Flask, event: Event, hooks: Hooks, guide: Guide, receiver: Receiver
) -> None:
    hook = hooks.add(event.id, receiver.url, tuple(KINDS))
    other = guide.events.make(Draft("Other", now(), now() + HOUR, "eu-west-1", "xyz", 3))
    stranger = leader(app, other.id, login="stranger")
    stranger.get(f"/events/{other.id}/hooks")
    assert stranger.get(f"/events/{event.id}/hooks").status_code == 404
    assert stranger.post(f"/events/{event.id}/hooks/{hook.id}/remove").status_code == 404
    assert stranger.post(f"/events/{other.id}/hooks/{hook.id}/remove").status_code == 404
    assert stranger.post(f"/events/{other.id}/hooks/{hook.id}/test").status_code == 404
    assert hooks.of_event(event.id) == [hook]
