"""CodeCommit's operations on pull requests."""

from __future__ import annotations

from typing import Any

from workshop.sandbox.call import Call
from workshop.sandbox.codecommit import requests, rules
from workshop.sandbox.codecommit.git import HEADS, Git
from workshop.sandbox.codecommit.meeting import FAST_FORWARD, SQUASH, THREE_WAY, Meeting
from workshop.sandbox.codecommit.merges import Merges
from workshop.sandbox.codecommit.paging import page, paged
from workshop.sandbox.codecommit.requests import full_reference, note, shown_request
from workshop.sandbox.codecommit.state import Merge, PullRequest, Repository
from workshop.sandbox.codecommit.words import refusal

LONGEST_TITLE = 150
MOST_LISTED = 500


class PullRequests(Merges):
    """Pull requests; merging one is merging its branches."""

    def create_pull_request(self, call: Call) -> dict[str, Any]:
        title, targets = _valid_title(call.params["title"]), call.params["targets"]
        if not targets:
            raise refusal("TargetsRequiredException")
        if len(targets) > 1:
            raise refusal("MultipleRepositoriesInPullRequestException")
        token = call.params.get("clientRequestToken")
        earlier = self._earlier(call, token)
        if earlier:
            return {"pullRequest": self._shown(call, earlier)}
        with (
            self.opened(call, targets[0]["repositoryName"]) as (repository, git),
            self.store.lock(repository),
        ):
            request = self._opened(call, repository, git, title, targets[0])
            request.token = token
        self.news.pull_request(repository, request, "pullRequestCreated", call.caller)
        return {"pullRequest": self._shown(call, request)}

    def get_pull_request(self, call: Call) -> dict[str, Any]:
        return {"pullRequest": self._shown(call, self.request(call))}

    def list_pull_requests(self, call: Call) -> dict[str, Any]:
        repository, params = self.repository(call), call.params
        status, author = params.get("pullRequestStatus"), params.get("authorArn")
        if status not in (None, "OPEN", "CLOSED"):
            raise refusal("InvalidPullRequestStatusException")
        found = [
            each.id
            for each in sorted(
                self.state_of(call).pull_requests.copy().values(), key=lambda each: each.active, reverse=True
            )
            if each.repository == repository.id
            and status in (None, each.status)
            and author in (None, each.author)
        ]
        paging = params.get("nextToken"), params.get("maxResults"), MOST_LISTED
        return paged("pullRequestIds", *page(found, *paging))

    def update_pull_request_title(self, call: Call) -> dict[str, Any]:
        request = self.open_request(call)
        request.title = _valid_title(call.params["title"])
        return {"pullRequest": self._shown(call, request)}

    def update_pull_request_description(self, call: Call) -> dict[str, Any]:
        request = self.open_request(call)
        request.description = call.params["description"]
        return {"pullRequest": self._shown(call, request)}

    def update_pull_request_status(self, call: Call) -> dict[str, Any]:
        status, request = call.params["pullRequestStatus"], self.request(call)
        if status not in ("OPEN", "CLOSED"):
            raise refusal("InvalidPullRequestStatusException")
        if status == "OPEN":
            raise refusal("InvalidPullRequestStatusUpdateException")
        if request.status == "CLOSED":
            raise refusal("PullRequestAlreadyClosedException")
        request.status = status
        metadata = {"pullRequestStatus": status}
        kind = "PULL_REQUEST_STATUS_CHANGED"
        note(request, kind, call.caller.arn, pullRequestStatusChangedEventMetadata=metadata)
        self.news.pull_request(
            self.repository_of(call, request), request, "pullRequestStatusChanged", call.caller
        )
        return {"pullRequest": self._shown(call, request)}

    def describe_pull_request_events(self, call: Call) -> dict[str, Any]:
        request, params = self.request(call), call.params
        kind, actor = params.get("pullRequestEventType"), params.get("actorArn")
        found = [
            event
            for event in reversed(request.events)
            if kind in (None, event["pullRequestEventType"]) and actor in (None, event["actorArn"])
        ]
        return paged("pullRequestEvents", *page(found, params.get("nextToken"), params.get("maxResults")))

    def merge_pull_request_by_fast_forward(self, call: Call) -> dict[str, Any]:
        return self._merge_request(call, FAST_FORWARD)

    def merge_pull_request_by_squash(self, call: Call) -> dict[str, Any]:
        return self._merge_request(call, SQUASH)

    def merge_pull_request_by_three_way(self, call: Call) -> dict[str, Any]:
        return self._merge_request(call, THREE_WAY)

    def request(self, call: Call) -> PullRequest:
        """The pull request that a call names."""
        state = self.state_of(call)
        found = state.pull_requests.get(call.params["pullRequestId"])
        merging = found.destination if found and call.operation.startswith("Merge") else None
        self.permit(call, state.by_id(found.repository) if found else None, merging)
        if found is None:
            raise refusal("PullRequestDoesNotExistException")
        return found

    def open_request(self, call: Call) -> PullRequest:
        """The pull request that a call names, which must still be open."""
        request = self.request(call)
        if request.status == "CLOSED":
            raise refusal("PullRequestAlreadyClosedException")
        return request

    def repository_of(self, call: Call, request: PullRequest) -> Repository:
        """The repository that a request is about."""
        found = self.state_of(call).by_id(request.repository)
        if found is None:
            raise refusal("PullRequestDoesNotExistException")
        return found

    def _earlier(self, call: Call, token: str | None) -> PullRequest | None:
        """The request made by an earlier call with this token; the same token for another is refused."""
        every = self.state_of(call).pull_requests.copy().values()
        found = next((each for each in every if token and each.token == token), None)
        if found and found.title != call.params["title"]:
            raise refusal("IdempotencyParameterMismatchException")
        return found

    def _opened(
        self, call: Call, repository: Repository, git: Git, title: str, target: dict[str, str]
    ) -> PullRequest:
        """Notes a new pull request, with the rules of the repository's templates."""
        state = self.state_of(call)
        names = target["sourceReference"], target.get("destinationReference") or repository.default_branch
        source, destination = (_branch(git, name) for name in names)
        if source == destination:
            raise refusal("SourceAndDestinationAreSameException")
        meeting = Meeting.of(git, git.tip(source) or "", git.tip(destination) or "")
        number = max((int(each) for each in state.pull_requests), default=0) + 1
        request = PullRequest(
            id=str(number),
            repository=repository.id,
            title=title,
            description=call.params.get("description"),
            author=call.caller.arn,
            source=HEADS + source,
            destination=HEADS + destination,
            source_commit=meeting.source,
            destination_commit=meeting.destination,
            merge_base=meeting.base or "",
            revision=requests.new_revision(),
        )
        named = [state.templates[name] for name in repository.templates]
        concerned = [each for each in named if rules.applies(each, request.destination)]
        request.rules = [rules.from_template(each, call.caller.arn) for each in concerned]
        state.pull_requests[request.id] = request
        metadata = {"repositoryName": repository.name, "mergeBase": request.merge_base, **meeting.shown()}
        metadata.pop("baseCommitId", None)
        note(request, "PULL_REQUEST_CREATED", call.caller.arn, pullRequestCreatedEventMetadata=metadata)
        return request

    def _merge_request(self, call: Call, option: str) -> dict[str, Any]:
        with self.opened(call) as (repository, git), self.store.lock(repository):
            request = self.open_request(call)
            self._check_mergeable(call, repository, request)
            branch = request.destination.removeprefix(HEADS)
            meeting = Meeting.of(git, request.source_commit, git.tip(branch) or "")
            commit = self.written(call, git, meeting, option, f"Merge pull request {request.id}")
            change = self.advance(git, branch, meeting, commit, option)
            told = [requests.merged(repository, request, Merge(commit, option, call.caller.arn))]
            told += self.settle(repository, git, [change], call.caller)
        self.tell(repository, [change], call.caller, told)
        return {"pullRequest": self._shown(call, request)}

    def _check_mergeable(self, call: Call, repository: Repository, request: PullRequest) -> None:
        if request.repository != repository.id:
            raise refusal("RepositoryNotAssociatedWithPullRequestException")
        if call.params.get("sourceCommitId", request.source_commit) != request.source_commit:
            raise refusal("TipOfSourceReferenceIsDifferentException")
        if not rules.evaluation(request)["approved"]:
            raise refusal("PullRequestApprovalRulesNotSatisfiedException")

    def _shown(self, call: Call, request: PullRequest) -> dict[str, Any]:
        return shown_request(request, self.repository_of(call, request))


def _branch(git: Git, name: str | None) -> str:
    """The short name of a branch that exists."""
    full = full_reference(name or "")
    if not full.startswith(HEADS):
        raise refusal("ReferenceTypeNotSupportedException")
    short = full.removeprefix(HEADS)
    if git.tip(short) is None:
        raise refusal("ReferenceDoesNotExistException")
    return short


def _valid_title(title: str) -> str:
    if not 0 < len(title) <= LONGEST_TITLE:
        raise refusal("InvalidTitleException")
    return title
