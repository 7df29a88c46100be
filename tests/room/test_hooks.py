"""News by signed webhooks: what is told, to whom, how often, and what becomes of what does not arrive."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from tests.room.receiver import Forged, Receiver, verify
from tests.room.test_events import at_once, draft
from tests.web.conftest import SMALL_COURSE
from workshop.config import Backend
from workshop.course import Course, load
from workshop.models import Base, DeliveryRow, HappeningRow, HookRow, now
from workshop.progress import Enrolled, Place, Progress
from workshop.room.event import Event
from workshop.room.events import Events
from workshop.room.hooks import GONE, KINDS, LEASE, MOST, TRIES, Hook, Hooks, TooMany
from workshop.room.news import News
from workshop.room.purge import belonging
from workshop.room.staff import Staff
from workshop.room.whereto import NotThere, Whereto, is_public
from workshop.vault import Vault
from workshop.work.post import ELSEWHERE, SHUT, SLOW, Post

ALL = tuple(KINDS)
HOUR = timedelta(hours=1)


class Clock:
    """The clock of this machine, put forward by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def course() -> Course:
    return load(SMALL_COURSE)


@pytest.fixture
def event(engine: Engine) -> Event:
    return Events(engine).make(draft(starts=now() - HOUR, ends=now() + HOUR))


@pytest.fixture
def progress(engine: Engine) -> Progress:
    return Progress(engine, 700000000001)


@pytest.fixture
def hooks(engine: Engine, clock: Clock) -> Hooks:
    return Hooks(engine, Vault("a secret", "of this test"), clock, lambda: 0.5)


@pytest.fixture
def news(engine: Engine, course: Course, clock: Clock) -> News:
    return News(engine, course, clock)


@pytest.fixture
def post(hooks: Hooks, news: News) -> Post:
    return Post(hooks, news, Whereto(private=True), patience=0.6)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture
def join(progress: Progress, event: Event) -> Callable[[str], Enrolled]:
    place = Place(event.id, event.capacity, (Backend(),))
    return lambda handle: progress.enrol(handle, handle.title(), place)


def deliver(post: Post) -> None:
    """One round, and all that it has begun to its end."""
    for done in wait(post.round()).done:
        done.result()


def finish(progress: Progress, who: Enrolled, course: Course) -> None:
    for step in course.steps:
        progress.record(who.id, "passed" if step.checks else "read", step.slug)


def types(receiver: Receiver, secret: str) -> list[str]:
    return sorted(one["type"] for one in receiver.messages(secret))


def test_what_happens_is_told_with_a_signature_that_is_good(
    hooks: Hooks, post: Post, receiver: Receiver, event: Event, progress: Progress, join: Any, course: Course
) -> None:
    hook = hooks.add(event.id, receiver.url, ALL)
    paul = join("paulf")
    progress.record(paul.id, "helped", "make-a-branch")
    progress.record(paul.id, "passed", "make-a-branch")
    deliver(post)
    joined, passed = receiver.messages(hooks.secret(hook.id))
    assert joined["type"] == "attendee.joined"
    assert joined["data"]["event"] == {"id": event.id, "code": event.code, "name": "PG23"}
    assert joined["data"]["attendee"] == {"id": paul.id, "handle": "paulf", "name": "Paulf"}
    assert passed["data"]["how"] == "done for them"
    assert passed["data"]["step"]["number"] == [s.slug for s in course.steps].index("make-a-branch") + 1
    assert datetime.fromisoformat(passed["timestamp"]).tzinfo == UTC
    assert receiver.got[0].headers["content-type"] == "application/json"
    assert all(one.arrived for one in hooks.deliveries(hook.id))


def test_another_secret_or_body_is_not_verified(
    hooks: Hooks, post: Post, receiver: Receiver, event: Event, join: Any
) -> None:
    hook, other = hooks.add(event.id, receiver.url, ALL), hooks.add(event.id, receiver.url + "2", ALL)
    join("paulf")
    deliver(post)
    one = next(got for got in receiver.got if got.path == "/news")
    verify(hooks.secret(hook.id), one.headers, one.body)
    with pytest.raises(Forged):
        verify(hooks.secret(other.id), one.headers, one.body)
    with pytest.raises(Forged):
        verify(hooks.secret(hook.id), one.headers, one.body.replace(b"paulf", b"ana"))


def test_each_thing_is_told_once_however_often_the_record_is_read(
    hooks: Hooks, post: Post, receiver: Receiver, event: Event, progress: Progress, join: Any, clock: Clock
) -> None:
    hook = hooks.add(event.id, receiver.url, ALL)
    paul = join("paulf")
    for kind in ("passed", "looked", "passed"):
        progress.record(paul.id, kind, "make-a-branch")
        deliver(post)
    clock.ahead = timedelta(minutes=5)  # what has been read is left behind
    deliver(post)
    progress.record(paul.id, "passed", "make-a-branch")
    deliver(post)
    assert types(receiver, hooks.secret(hook.id)) == ["attendee.joined", "step.passed"]


def test_what_was_before_the_hook_or_is_of_another_event_is_not_told(
    engine: Engine, hooks: Hooks, post: Post, receiver: Receiver, event: Event, progress: Progress, join: Any
) -> None:
    join("early")
    other = Events(engine).make(draft(starts=now() - HOUR, ends=now() + HOUR))
    hooks.add(event.id, receiver.url, ALL)
    progress.enrol("elsewhere", "", Place(other.id, 5, (Backend(),)))
    progress.enrol("alone", "")
    deliver(post)
    assert receiver.got == []


def test_only_the_kinds_that_were_chosen_are_told(
    hooks: Hooks, post: Post, receiver: Receiver, event: Event, progress: Progress, join: Any, course: Course
) -> None:
    hook = hooks.add(event.id, receiver.url, ("course.finished",))
    finish(progress, join("paulf"), course)
    deliver(post)
    assert types(receiver, hooks.secret(hook.id)) == ["course.finished"]


def test_finished_is_who_has_every_step_and_once(
    hooks: Hooks, post: Post, receiver: Receiver, event: Event, progress: Progress, join: Any, course: Course
) -> None:
    hook = hooks.add(event.id, receiver.url, ("course.finished",))
    paul = join("paulf")
    finish(progress, join("almost"), Course(course.chapters[:-1]))
    for step in course.steps[:-1]:
        progress.record(paul.id, "passed", step.slug)
    progress.record(paul.id, "looked", "make-a-branch")  # no longer holds
    progress.record(paul.id, "passed", course.steps[-1].slug)
    deliver(post)
    assert receiver.got == []
    progress.record(paul.id, "passed", "make-a-branch")
    finish(progress, join("ana"), course)
    deliver(post)
    progress.record(paul.id, "looked", "make-a-branch")
    progress.record(paul.id, "passed", "make-a-branch")
    deliver(post)
    told = [one["data"]["attendee"]["handle"] for one in receiver.messages(hooks.secret(hook.id))]
    assert sorted(told) == ["ana", "paulf"]


def test_what_becomes_of_a_hand_is_told(
    engine: Engine, hooks: Hooks, post: Post, receiver: Receiver, event: Event, progress: Progress, join: Any
) -> None:
    told, paul = ("hand.raised", "hand.taken", "hand.released", "hand.ended"), join("paulf")
    hook = hooks.add(event.id, receiver.url, told)
    maria = Staff(engine).add("maria", "Maria", "a good long one").id
    progress.record(paul.id, "hand raised", "make-a-branch", hand=7, message="Help!")
    progress.record(paul.id, "hand taken", "make-a-branch", hand=7, facilitator=maria)
    progress.record(paul.id, "hand released", "make-a-branch", hand=7, facilitator=maria)
    progress.record(paul.id, "hand ended", "make-a-branch", hand=7, outcome="shown")
    deliver(post)
    messages = receiver.messages(hooks.secret(hook.id))
    assert [one["type"] for one in messages] == list(told)
    assert messages[0]["data"]["hand"] == {"id": 7, "message": "Help!", "facilitator": None, "outcome": ""}
    assert messages[0]["data"]["step"]["slug"] == "make-a-branch"
    assert messages[1]["data"]["hand"]["facilitator"] == "Maria"
    assert messages[3]["data"]["hand"]["outcome"] == "shown"


def test_a_happening_that_becomes_visible_late_is_told_as_well(
    engine: Engine, hooks: Hooks, post: Post, receiver: Receiver, event: Event, join: Any
) -> None:
    hook, paul = hooks.add(event.id, receiver.url, ALL), join("paulf")
    with Session(engine) as session:  # a number is left free, as by a transaction that is still open
        top = session.scalars(select(HappeningRow.id).order_by(HappeningRow.id.desc())).first() or 0
        session.add(HappeningRow(id=top + 2, enrolment=paul.id, kind="passed", slug="make-a-branch"))
        session.commit()
    deliver(post)
    with Session(engine) as session:
        session.add(HappeningRow(id=top + 1, enrolment=paul.id, kind="passed", slug="ask-aws"))
        session.commit()
    deliver(post)
    told = [one["data"].get("step", {}).get("slug") for one in receiver.messages(hooks.secret(hook.id))]
    assert told == [None, "make-a-branch", "ask-aws"]


def test_two_workers_send_each_thing_once(
    engine: Engine, hooks: Hooks, receiver: Receiver, event: Event, join: Any, course: Course
) -> None:
    hook = hooks.add(event.id, receiver.url, ALL)
    for number in range(25):
        join(f"someone{number}")
    posts = [Post(hooks, News(engine, course), Whereto(private=True)) for _ in range(4)]
    assert at_once(4, lambda n: deliver(posts[n])) == []
    deliver(posts[0])
    numbers = [one.number for one in receiver.got]
    assert len(numbers) == len(set(numbers)) == 25
    assert len(hooks.deliveries(hook.id, 100)) == 25


def test_what_a_killed_worker_had_taken_is_sent_again_under_the_same_number(
    hooks: Hooks, post: Post, news: News, receiver: Receiver, event: Event, join: Any, clock: Clock
) -> None:
    hook = hooks.add(event.id, receiver.url, ALL)
    join("paulf")
    news.gather()
    taken = hooks.take(hook.id)  # and then kill -9
    assert taken
    deliver(post)
    assert receiver.got == []
    clock.ahead = LEASE + timedelta(seconds=1)
    deliver(post)
    assert [one.number for one in receiver.got] == [taken.number]
    hooks.sent(taken, 500, "too late to say")
    assert hooks.deliveries(hook.id)[0].arrived


def test_what_fails_is_tried_later_and_later_and_then_given_up(
    hooks: Hooks, post: Post, event: Event, join: Any, clock: Clock
) -> None:
    with Receiver(answers=[503]) as receiver:
        hook = hooks.add(event.id, receiver.url, ALL)
        join("paulf")
        pauses = []
        for _ in range(TRIES):
            deliver(post)
            [tried] = hooks.deliveries(hook.id)
            pauses.append(round((tried.due - clock()).total_seconds()))
            deliver(post)  # not due
            clock.ahead += timedelta(seconds=pauses[-1] + 2)
        assert pauses == pytest.approx([5, 20, 80, 320, 1280, 5120, 20480, 81920, 86400, 86400], abs=3)
        assert tried.given_up
        assert tried.status == 503
        deliver(post)
        assert len(receiver.got) == TRIES
        assert len({one.number for one in receiver.got}) == 1
        receiver.answers[:] = [200]
        assert hooks.retry(event.id, tried.id)
        deliver(post)
        assert hooks.deliveries(hook.id)[0].arrived
        assert not hooks.retry(event.id, tried.id)


def test_pauses_differ_by_a_quarter(engine: Engine) -> None:
    hooks = [Hooks(engine, Vault("x"), jitter=lambda one=one: one) for one in (0.0, 1.0)]  # type: ignore[misc]
    assert [one._pause(2).total_seconds() for one in hooks] == [15, 25]
    assert hooks[1]._pause(30) == timedelta(days=1)


def test_who_asks_to_be_spared_is_spared(hooks: Hooks, post: Post, event: Event, join: Any) -> None:
    with Receiver(answers=[429], extra={"Retry-After": "600"}) as receiver:
        hook = hooks.add(event.id, receiver.url, ALL)
        join("paulf")
        deliver(post)
        assert hooks.deliveries(hook.id)[0].due > now() + timedelta(seconds=590)


def test_where_nothing_is_wanted_any_more_nothing_is_sent(
    hooks: Hooks, post: Post, event: Event, join: Any
) -> None:
    with Receiver(answers=[GONE]) as receiver:
        hook = hooks.add(event.id, receiver.url, ALL)
        join("paulf")
        deliver(post)
        join("ana")
        deliver(post)
        assert len(receiver.got) == 1
        [ended] = hooks.of_event(event.id)
        assert ended.ended
        assert hooks.deliveries(hook.id)[0].given_up


def test_nobody_follows_where_an_answer_points_elsewhere(
    hooks: Hooks, post: Post, event: Event, join: Any, receiver: Receiver
) -> None:
    with Receiver(answers=[307], extra={"Location": receiver.url}) as pointing:
        hook = hooks.add(event.id, pointing.url, ALL)
        join("paulf")
        deliver(post)
        assert len(pointing.got) == 1
        assert receiver.got == []
        [tried] = hooks.deliveries(hook.id)
        assert (tried.status, tried.words, tried.ended) == (307, ELSEWHERE, None)


@pytest.mark.parametrize("how", [{"hangs": 30.0}, {"drips": True}])
def test_who_hangs_or_drips_is_cut_off(
    hooks: Hooks, post: Post, event: Event, join: Any, how: dict[str, Any]
) -> None:
    with Receiver(**how) as receiver:
        hook = hooks.add(event.id, receiver.url, ALL)
        join("paulf")
        began = time.monotonic()
        deliver(post)
        assert time.monotonic() - began < 3
        [tried] = hooks.deliveries(hook.id)
        assert (tried.status, tried.words) == (0, SLOW)


def test_one_that_hangs_does_not_hold_up_another(
    hooks: Hooks, post: Post, event: Event, join: Any, receiver: Receiver
) -> None:
    with Receiver(hangs=30.0) as hanging:
        hooks.add(event.id, hanging.url, ALL)
        hook = hooks.add(event.id, receiver.url, ALL)
        for number in range(30):
            join(f"someone{number}")
        post.round()
        last = time.monotonic() + 5
        while len(receiver.got) < 30:
            assert time.monotonic() < last
            time.sleep(0.02)
        assert len(receiver.messages(hooks.secret(hook.id))) == 30


def test_where_nobody_listens_is_said(hooks: Hooks, post: Post, event: Event, join: Any) -> None:
    with Receiver() as gone:
        url = gone.url
    hook = hooks.add(event.id, url, ALL)
    join("paulf")
    deliver(post)
    assert hooks.deliveries(hook.id)[0].words == SHUT


def test_a_test_is_sent_at_once(hooks: Hooks, post: Post, event: Event, receiver: Receiver) -> None:
    hook = hooks.add(event.id, receiver.url, ())
    hooks.test(hook, {"type": "hook.test", "data": {}})
    hooks.test(hook, {"type": "hook.test", "data": {}})
    deliver(post)
    assert types(receiver, hooks.secret(hook.id)) == ["hook.test"] * 2


def test_of_many_who_add_hooks_at_once_as_many_do_as_may(hooks: Hooks, event: Event) -> None:
    raised = at_once(MOST + 4, lambda n: hooks.add(event.id, f"https://example.org/{n}", ALL))
    assert [type(error) for error in raised] == [TooMany] * 4
    assert len(hooks.of_event(event.id)) == MOST


def test_a_removed_hook_and_a_deleted_event_are_left_alone(
    engine: Engine, hooks: Hooks, post: Post, news: News, event: Event, receiver: Receiver, join: Any
) -> None:
    hook, kept = hooks.add(event.id, receiver.url, ALL), hooks.add(event.id, receiver.url, ALL)
    join("paulf")
    news.gather()
    hooks.remove(event.id + 1, kept.id)
    hooks.remove(event.id, hook.id)
    assert hooks.of_event(event.id) == [kept]
    assert hooks.deliveries(hook.id) == []
    Events(engine).delete(event.id)
    deliver(post)
    assert receiver.got == []
    Events(engine).undelete(event.id)
    deliver(post)
    assert len(receiver.got) == 1


def test_they_go_with_a_deleted_event() -> None:
    """Whatever is taken away with an event is read off the tables' references."""
    assert belonging(Base.metadata.tables["hooks"], 1) is not None
    assert belonging(Base.metadata.tables["deliveries"], 1) is not None


def test_the_secret_is_nowhere_to_be_read(engine: Engine, hooks: Hooks, event: Event) -> None:
    hook = hooks.add(event.id, "https://example.org/", ALL)
    with Session(engine) as session:
        kept = session.scalars(select(HookRow.secret)).one()
    secret = hooks.secret(hook.id)
    assert secret.startswith("whsec_")
    assert secret not in kept
    assert Hooks(engine, Vault("another secret")).secret(hook.id) == ""


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::80ff:fffe",
    ],
)
def test_what_is_not_public_is_refused(ip: str) -> None:
    assert not is_public(ip)
    with pytest.raises(NotThere, match="private network"):
        Whereto(look_up=lambda *_: ["93.184.215.14", ip]).find("https://example.org/")


@pytest.mark.parametrize("ip", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_what_is_public_is_taken(ip: str) -> None:
    place = Whereto(look_up=lambda *_: [ip]).find("https://example.org:8443/news?for=us#top")
    assert (place.ip, place.named, place.path) == (ip, "example.org:8443", "/news?for=us")


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://[::1]:443/",
        "https://[::ffff:7f00:1]/",
    ],
)
def test_this_machine_by_any_name_is_refused(url: str) -> None:
    with pytest.raises(NotThere, match="private network"):
        Whereto().find(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org:99999/",
        "https://example.org/a b",
        "https://example.org/\r\nHost: other",
        "https://[::1/",
        "https://exämple.org/",
        "https://example.org/" + "x" * 3000,
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(NotThere):
        Whereto(look_up=lambda *_: ["93.184.215.14"]).find(url)


def test_a_name_that_leads_elsewhere_by_now_is_refused_when_it_is_sent(
    engine: Engine, hooks: Hooks, news: News, event: Event, join: Any, receiver: Receiver
) -> None:
    led = iter([["93.184.215.14"], ["127.0.0.1"]])
    whereto = Whereto(look_up=lambda *_: next(led))
    url = f"https://rebinding.example:{receiver.port}/"
    assert whereto.find(url).ip == "93.184.215.14"
    hook = hooks.add(event.id, url, ALL)
    join("paulf")
    deliver(Post(hooks, news, whereto))
    assert receiver.got == []
    assert "private network" in hooks.deliveries(hook.id)[0].words


def test_the_name_is_looked_up_once_for_each_sending(
    hooks: Hooks, news: News, event: Event, join: Any, receiver: Receiver
) -> None:
    asked = []

    def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    hooks.add(event.id, f"http://news.example:{receiver.port}/", ALL)
    join("paulf")
    deliver(Post(hooks, news, Whereto(private=True, look_up=look_up)))
    assert asked == ["news.example"]
    assert receiver.got[0].headers["host"] == f"news.example:{receiver.port}"


def test_by_https_only_who_proves_the_name_is_told(
    hooks: Hooks, news: News, event: Event, join: Any, tmp_path: Path
) -> None:
    certificate = _certificate(tmp_path, "news.example")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    with Receiver(trusted=serving) as receiver:
        good, bad = (
            hooks.add(event.id, f"https://{host}:{receiver.port}/", ALL)
            for host in ("news.example", "other.example")
        )
        join("paulf")
        trusted = ssl.create_default_context(cafile=str(certificate))
        whereto = Whereto(private=True, look_up=lambda *_: ["127.0.0.1"])
        deliver(Post(hooks, news, whereto, trusted, patience=3))
        assert [one.headers["host"] for one in receiver.got] == [f"news.example:{receiver.port}"]
        assert hooks.deliveries(good.id)[0].arrived
        assert "certificate" in hooks.deliveries(bad.id)[0].words


def _certificate(folder: Path, host: str) -> Path:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - dt.timedelta(days=1))
        .not_valid_after(now() + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_a_message_that_is_too_big_is_not_sent(
    engine: Engine, hooks: Hooks, post: Post, event: Event, receiver: Receiver
) -> None:
    hook = hooks.add(event.id, receiver.url, ())
    hooks.test(hook, {"type": "hook.test", "data": "x" * 70_000})
    deliver(post)
    assert receiver.got == []
    assert "64 kilobytes" in hooks.deliveries(hook.id)[0].words
    assert isinstance(hook, Hook)
    with Session(engine) as session:
        session.execute(update(DeliveryRow).values(body={"type": "hook.test"}, due=now()))
        session.commit()
    deliver(post)
    assert len(receiver.got) == 1


def test_the_post_goes_on_until_it_is_ended(
    hooks: Hooks, post: Post, event: Event, join: Any, receiver: Receiver
) -> None:
    hooks.add(event.id, receiver.url, ALL)
    ended = threading.Event()
    serving = threading.Thread(target=post.serve, args=(ended,))
    serving.start()
    join("paulf")
    last = time.monotonic() + 5
    while not receiver.got:
        assert time.monotonic() < last
        time.sleep(0.02)
    ended.set()
    serving.join(5)
    assert not serving.is_alive()
