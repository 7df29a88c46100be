"""Git over HTTP at /v1/repos/<name>: clone, fetch and push with any git client."""

from __future__ import annotations

import base64
import binascii
import logging
import re
import uuid
import zlib
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast
from urllib.parse import parse_qs

from dulwich.errors import GitProtocolError, HangupException

from workshop.sandbox.call import AwsError
from workshop.sandbox.codecommit import smartgit
from workshop.sandbox.codecommit.gitlogin import GitLogin, Visitor
from workshop.sandbox.codecommit.smartgit import RECEIVE, UPLOAD
from workshop.sandbox.codecommit.state import Repository

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
ROOT = "/v1/repos/"
PATH = re.compile(
    rf"(?P<signed>/v1/repos/(?P<name>[\w.-]+?)(\.git)?/?)(?P<rest>/info/refs|/{UPLOAD}|/{RECEIVE})?"
)
ACTIONS = {UPLOAD: "codecommit:GitPull", RECEIVE: "codecommit:GitPush"}
MEGABYTE = 1024 * 1024
LARGEST_PUSH = 256 * MEGABYTE


class Refused(Exception):
    """An answer other than success: an HTTP status and a text that git shows."""

    def __init__(self, status: str, text: str, *headers: tuple[str, str]) -> None:
        super().__init__(text)
        self.status, self.text, self.headers = status, text, headers


class Visit(NamedTuple):
    """What one request asks for, and of which repository."""

    service: str
    advertise: bool
    repository: Repository
    visitor: Visitor


class GitHttp:
    """A layer of the server: answers git, and hands every other request on."""

    def __init__(self, sandbox: Sandbox, inner: Application, largest_push: int = LARGEST_PUSH) -> None:
        """`largest_push` is in bytes."""
        self._largest = largest_push
        self._sandbox = sandbox
        self._inner = inner
        self._codecommit = sandbox.service("codecommit")
        self._login = GitLogin(sandbox, self._codecommit.store)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(ROOT):
            return self._inner(environ, start_response)
        try:
            return self._answer(environ, start_response)
        except Refused as refused:
            return _say(refused, start_response)
        except Exception:
            reference = uuid.uuid4()
            log.exception("git request %s failed", reference)
            words = f"The sandbox failed; its log says why under {reference}."
            return _say(Refused("500 Internal Server Error", words), start_response)

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = PATH.fullmatch(environ["PATH_INFO"])
        if path is None:
            raise Refused("404 Not Found", "A repository's address ends in /v1/repos/ and its name.")
        service, advertise = _asked(environ, path)
        visit = self._admit(environ, path, service, advertise)
        out = BytesIO()
        try:
            with self._sandbox.gate.passing(visit.visitor.principal.account):
                self._serve(visit, environ, out)
        except AwsError as closed:
            raise Refused("503 Service Unavailable", closed.message) from closed
        except (GitProtocolError, HangupException) as broken:
            raise Refused("400 Bad Request", f"This is not git's protocol: {broken}") from broken
        kind = f"application/x-{service}-{'advertisement' if advertise else 'result'}"
        headers = [("Content-Type", kind), ("Content-Length", str(out.tell())), ("Cache-Control", "no-cache")]
        start_response("200 OK", headers)
        return [out.getvalue()]

    def _admit(self, environ: dict[str, Any], path: re.Match[str], service: str, advertise: bool) -> Visit:
        """Who comes, and whether they may; Refused 401, 403 or 404 otherwise."""
        user, password = _credentials(environ)
        name, signed = path["name"], path["signed"]
        try:
            visitor = self._login.visitor(user, password, name, signed, environ.get("HTTP_HOST", ""))
            account, region = visitor.principal.account, visitor.region
            arn = f"arn:aws:codecommit:{region}:{account}:{name}"
            self._sandbox.permissions.require(visitor.principal, ACTIONS[service], arn, region)
        except AwsError as error:
            raise Refused("403 Forbidden", error.message) from error
        repository = self._codecommit.store.find(account, region, name)
        if repository is None:
            raise Refused("404 Not Found", f"{name} does not exist in account {account}, region {region}")
        return Visit(service, advertise, repository, visitor)

    def _serve(self, visit: Visit, environ: dict[str, Any], out: BinaryIO) -> None:
        if visit.advertise:
            with self._codecommit.opened_for_git(visit.repository) as git:
                smartgit.advertise(git, visit.service, out)
        elif visit.service == UPLOAD:
            with self._codecommit.opened_for_git(visit.repository) as git:
                smartgit.upload(git, _body(environ, self._largest), out)
        else:
            self._push(visit, environ, out)

    def _push(self, visit: Visit, environ: dict[str, Any], out: BinaryIO) -> None:
        refusal = None
        try:
            body = _body(environ, self._largest)
        except OverflowError:
            body, refusal = _beginning(environ), f"a push may hold at most {self._largest // MEGABYTE} MB"
        self._codecommit.receive(visit.repository, visit.visitor.principal, body, out, refusal)


def _say(refused: Refused, start_response: Callable[..., Any]) -> Iterable[bytes]:
    text = refused.text.encode() + b"\n"
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
    start_response(refused.status, headers + list(refused.headers))
    return [text]


def _asked(environ: dict[str, Any], path: re.Match[str]) -> tuple[str, bool]:
    """The git service that a request wants, and whether it only asks what there is."""
    rest = path["rest"]
    if rest is None:
        raise Refused("404 Not Found", "This is a git repository: use its address with git clone.")
    method = environ["REQUEST_METHOD"]
    if rest != "/info/refs":
        if method != "POST":
            raise Refused("405 Method Not Allowed", "Only POST is allowed here.")
        return rest.removeprefix("/"), False
    service = parse_qs(environ.get("QUERY_STRING", "")).get("service", [""])[0]
    if service not in ACTIONS:
        raise Refused("403 Forbidden", "Please use git 1.7.9 or later: only smart HTTP is served.")
    return service, True


def _credentials(environ: dict[str, Any]) -> tuple[str, str]:
    """Username and password of HTTP Basic; Refused 401 without, so that git asks for them."""
    kind, _, value = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    try:
        user, found, password = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, ValueError):
        found = ""
    if kind.lower() != "basic" or not found:
        challenge = ("WWW-Authenticate", 'Basic realm="AWS CodeCommit"')
        raise Refused("401 Unauthorized", "Git needs credentials for this repository.", challenge)
    return user, password


def _body(environ: dict[str, Any], largest: int) -> BinaryIO:
    """The request's body, unpacked if git packed it; OverflowError above `largest` bytes."""
    stream = environ["wsgi.input"]
    if int(environ.get("CONTENT_LENGTH") or 0) > largest:
        raise OverflowError
    if environ.get("HTTP_CONTENT_ENCODING") not in ("gzip", "x-gzip"):
        return cast(BinaryIO, stream)
    return BytesIO(_unzipped(stream.read(), largest))


def _unzipped(packed: bytes, largest: int) -> bytes:
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = unzip.decompress(packed, largest)
    except zlib.error as broken:
        raise Refused("400 Bad Request", "The body is not gzip, though its header says so.") from broken
    if unzip.unconsumed_tail:
        raise OverflowError
    return content


def _beginning(environ: dict[str, Any]) -> BinaryIO:
    """Of a body that is too large the first megabyte, in which the references are named."""
    environ["wsgi.input"].seek(0)
    return BytesIO(environ["wsgi.input"].read(MEGABYTE))
