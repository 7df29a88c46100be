"""CodeCommit's refusals, in AWS's words.

The default text of a code is that of the service's API reference; where another text has been
seen in practice, the caller gives it.
"""

from __future__ import annotations

from workshop.sandbox.call import AwsError

WORDS = {
    "ApprovalRuleDoesNotExistException": "The specified approval rule does not exist.",
    "ApprovalRuleNameAlreadyExistsException": (
        "An approval rule with that name already exists. Approval rule names must be unique within the "
        "scope of a pull request."
    ),
    "ApprovalRuleTemplateDoesNotExistException": (
        "The specified approval rule template does not exist. Verify that the name is correct and that "
        "you are signed in to the AWS Region where the template was created, and then try again."
    ),
    "ApprovalRuleTemplateInUseException": (
        "The approval rule template is associated with one or more repositories. You cannot delete a "
        "template that is associated with a repository. Remove all associations, and then try again."
    ),
    "ApprovalRuleTemplateNameAlreadyExistsException": (
        "You cannot create an approval rule template with that name because a template with that name "
        "already exists in this AWS Region for your AWS account. Approval rule template names must be "
        "unique."
    ),
    "BeforeCommitIdAndAfterCommitIdAreSameException": (
        "The before commit ID and the after commit ID are the same, which is not valid. The before "
        "commit ID and the after commit ID must be different commit IDs."
    ),
    "BlobIdDoesNotExistException": "The specified blob does not exist.",
    "BranchNameIsTagNameException": (
        "The specified branch name is not valid because it is a tag name. Enter the name of a branch in "
        "the repository. For a list of valid branch names, use ListBranches."
    ),
    "CannotDeleteApprovalRuleFromTemplateException": (
        "The approval rule cannot be deleted from the pull request because it was created by an approval"
        " rule template and applied to the pull request automatically."
    ),
    "CannotModifyApprovalRuleFromTemplateException": (
        "The approval rule cannot be modified for the pull request because it was created by an approval"
        " rule template and applied to the pull request automatically."
    ),
    "CommentContentRequiredException": (
        "The comment is empty. You must provide some content for a comment. The content cannot be null."
    ),
    "CommentContentSizeLimitExceededException": (
        "The comment is too large. Comments are limited to 10,240 characters."
    ),
    "CommentDeletedException": (
        "This comment has already been deleted. You cannot edit or delete a deleted comment."
    ),
    "CommentDoesNotExistException": (
        "No comment exists with the provided ID. Verify that you have used the correct ID, and then try "
        "again."
    ),
    "CommentNotCreatedByCallerException": (
        "You cannot modify or delete this comment. Only comment authors can modify or delete their comments."
    ),
    "CommitIdsLimitExceededException": (
        "The maximum number of allowed commit IDs in a batch request is 100. Verify that your batch "
        "requests contains no more than 100 commit IDs, and then try again."
    ),
    "CommitMessageLengthExceededException": "The commit message is too long. Provide a shorter string.",
    "ConcurrentReferenceUpdateException": (
        "The merge cannot be completed because the target branch has been modified. Another user might "
        "have modified the target branch while the merge was in progress. Wait a few minutes, and then "
        "try again."
    ),
    "DefaultBranchCannotBeDeletedException": (
        "The specified branch is the default branch for the repository, and cannot be deleted. To delete"
        " this branch, you must first set another branch as the default branch."
    ),
    "DirectoryNameConflictsWithFileNameException": (
        "A file cannot be added to the repository because the specified path name has the same name as a"
        " file that already exists in this repository. Either provide a different name for the file, or "
        "specify a different path for the file."
    ),
    "FileContentAndSourceFileSpecifiedException": (
        "The commit cannot be created because both a source file and file content have been specified "
        "for the same file. You cannot provide both. Either specify a source file or provide the file "
        "content directly."
    ),
    "FileContentRequiredException": (
        "The file cannot be added because it is empty. Empty files cannot be added to the repository "
        "with this API."
    ),
    "FileContentSizeLimitExceededException": (
        "The file cannot be added because it is too large. The maximum file size is 6 MB, and the "
        "combined file content change size is 7 MB. Consider making these changes using a Git client."
    ),
    "FileEntryRequiredException": (
        "The commit cannot be created because no files have been specified as added, updated, or changed"
        " (PutFile or DeleteFile) for the commit."
    ),
    "FileNameConflictsWithDirectoryNameException": (
        "A file cannot be added to the repository because the specified file name has the same name as a"
        " directory in this repository. Either provide another name for the file, or add the file in a "
        "directory that does not match the file name."
    ),
    "FilePathConflictsWithSubmodulePathException": (
        "The commit cannot be created because a specified file path points to a submodule. Verify that "
        "the destination files have valid file paths that do not point to a submodule."
    ),
    "FileTooLargeException": (
        "The specified file exceeds the file size limit for AWS CodeCommit. For more information about "
        "limits in AWS CodeCommit, see AWS CodeCommit User Guide."
    ),
    "IdempotencyParameterMismatchException": (
        "The client request token is not valid. Either the token is not in a valid format, or the token "
        "has been used in a previous request and cannot be reused."
    ),
    "InvalidApprovalRuleContentException": "The content for the approval rule is not valid.",
    "InvalidApprovalRuleTemplateContentException": (
        "The content of the approval rule template is not valid."
    ),
    "InvalidApprovalRuleTemplateNameException": (
        "The name of the approval rule template is not valid. Template names must be between 1 and 100 "
        "valid characters in length. For more information about limits in AWS CodeCommit, see AWS "
        "CodeCommit User Guide."
    ),
    "InvalidApprovalStateException": (
        "The state for the approval is not valid. Valid values include APPROVE and REVOKE."
    ),
    "InvalidBranchNameException": "The specified reference name is not valid.",
    "InvalidCommitIdException": "The specified commit ID is not valid.",
    "InvalidConflictDetailLevelException": "The specified conflict detail level is not valid.",
    "InvalidConflictResolutionException": "The specified conflict resolution list is not valid.",
    "InvalidConflictResolutionStrategyException": (
        "The specified conflict resolution strategy is not valid."
    ),
    "InvalidContinuationTokenException": "The specified continuation token is not valid.",
    "InvalidFileModeException": (
        "The specified file mode permission is not valid. For a list of valid file mode permissions, see"
        " PutFile."
    ),
    "InvalidMaxResultsException": "The specified number of maximum results is not valid.",
    "InvalidMergeOptionException": (
        "The specified merge option is not valid for this operation. Not all merge strategies are "
        "supported for all operations."
    ),
    "InvalidOrderException": "The specified sort order is not valid.",
    "InvalidOverrideStatusException": (
        "The override status is not valid. Valid statuses are OVERRIDE and REVOKE."
    ),
    "InvalidParentCommitIdException": (
        "The parent commit ID is not valid. The commit ID cannot be empty, and must match the head "
        "commit ID for the branch of the repository where you want to add or update a file."
    ),
    "InvalidPathException": "The specified path is not valid.",
    "InvalidPullRequestStatusException": (
        "The pull request status is not valid. The only valid values are OPEN and CLOSED."
    ),
    "InvalidPullRequestStatusUpdateException": (
        "The pull request status update is not valid. The only valid update is from OPEN to CLOSED."
    ),
    "InvalidReactionValueException": (
        "The value of the reaction is not valid. For more information, see the AWS CodeCommit User Guide."
    ),
    "InvalidReplacementTypeException": (
        "Automerge was specified for resolving the conflict, but the specified replacement type is not valid."
    ),
    "InvalidRepositoryDescriptionException": "The specified repository description is not valid.",
    "InvalidRepositoryNameException": (
        "A specified repository name is not valid. Repository names can be up to 100 letters, numbers, "
        "periods, underscores and dashes, and cannot end in .git."
    ),
    "InvalidRepositoryTriggerDestinationArnException": (
        "The Amazon Resource Name (ARN) for the trigger is not valid for the specified destination. The "
        "most common reason for this error is that the ARN does not meet the requirements for the "
        "service type."
    ),
    "InvalidRepositoryTriggerEventsException": (
        "One or more events specified for the trigger is not valid. Check to make sure that all events "
        "specified match the requirements for allowed events."
    ),
    "InvalidRepositoryTriggerNameException": "The name of the trigger is not valid.",
    "InvalidRepositoryTriggerRegionException": (
        "The AWS Region for the trigger target does not match the AWS Region for the repository. "
        "Triggers must be created in the same AWS Region as the target for the trigger."
    ),
    "InvalidResourceArnException": (
        "The value for the resource ARN is not valid. For more information about resources in "
        "CodeCommit, see CodeCommit Resources and Operations in the CodeCommit User Guide."
    ),
    "InvalidRuleContentSha256Exception": "The SHA-256 hash signature for the rule content is not valid.",
    "InvalidSortByException": "The specified sort by value is not valid.",
    "InvalidSystemTagUsageException": (
        "The specified tag is not valid. Key names cannot be prefixed with aws:."
    ),
    "InvalidTargetBranchException": "The specified target branch is not valid.",
    "InvalidTitleException": (
        "The title of the pull request is not valid. Pull request titles cannot exceed 100 characters in"
        " length."
    ),
    "ManualMergeRequiredException": (
        "The pull request cannot be merged automatically into the destination branch. You must manually "
        "merge the branches and resolve any conflicts."
    ),
    "MaximumBranchesExceededException": "The number of branches for the trigger was exceeded.",
    "MaximumFileEntriesExceededException": (
        "The number of specified files to change as part of this commit exceeds the maximum number of "
        "files that can be changed in a single commit. Consider using a Git client for these changes."
    ),
    "MaximumRepositoryNamesExceededException": (
        "The maximum number of allowed repository names was exceeded. Currently, this number is 100."
    ),
    "MaximumRepositoryTriggersExceededException": (
        "The number of triggers allowed for the repository was exceeded."
    ),
    "MaximumRuleTemplatesAssociatedWithRepositoryException": (
        "The maximum number of approval rule templates for a repository has been exceeded. You cannot "
        "associate more than 25 approval rule templates with a repository."
    ),
    "MultipleConflictResolutionEntriesException": (
        "More than one conflict resolution entries exists for the conflict. A conflict can have only one"
        " conflict resolution entry."
    ),
    "MultipleRepositoriesInPullRequestException": (
        "You cannot include more than one repository in a pull request. Make sure you have specified "
        "only one repository name in your request, and then try again."
    ),
    "NameLengthExceededException": (
        "The user name is not valid because it has exceeded the character limit for author names."
    ),
    "NoChangeException": (
        "The commit cannot be created because no changes will be made to the repository as a result of "
        "this commit. A commit must contain at least one change."
    ),
    "NumberOfRulesExceededException": (
        "The approval rule cannot be added. The pull request has the maximum number of approval rules "
        "associated with it."
    ),
    "OverrideAlreadySetException": "The pull request has already had its approval rules set to override.",
    "ParentCommitDoesNotExistException": (
        "The parent commit ID is not valid because it does not exist. The specified parent commit ID "
        "does not exist in the specified branch of the repository."
    ),
    "ParentCommitIdOutdatedException": (
        "The file could not be added because the provided parent commit ID is not the current tip of the"
        " specified branch. To view the full commit ID of the current head of the branch, use GetBranch."
    ),
    "ParentCommitIdRequiredException": (
        "A parent commit ID is required. To view the full commit ID of a branch in a repository, use "
        "GetBranch or a Git command (for example, git pull or git log)."
    ),
    "PathDoesNotExistException": "The specified path does not exist.",
    "PullRequestAlreadyClosedException": (
        "The pull request status cannot be updated because it is already closed."
    ),
    "PullRequestApprovalRulesNotSatisfiedException": (
        "The pull request cannot be merged because one or more approval rules applied to the pull "
        "request have conditions that have not been met."
    ),
    "PullRequestCannotBeApprovedByAuthorException": (
        "The approval cannot be applied because the user approving the pull request matches the user who"
        " created the pull request. You cannot approve a pull request that you created."
    ),
    "PullRequestDoesNotExistException": (
        "The pull request ID could not be found. Make sure that you have specified the correct "
        "repository name and pull request ID, and then try again."
    ),
    "PutFileEntryConflictException": (
        "The commit cannot be created because one or more files specified in the commit reference both a"
        " file and a folder."
    ),
    "ReferenceDoesNotExistException": (
        "The specified reference does not exist. You must provide a full commit ID."
    ),
    "ReferenceTypeNotSupportedException": "The specified reference is not a supported type.",
    "ReplacementContentRequiredException": (
        "USE_NEW_CONTENT was specified, but no replacement content has been provided."
    ),
    "RepositoryNotAssociatedWithPullRequestException": (
        "The repository does not contain any pull requests with that pull request ID. Use GetPullRequest"
        " to verify the correct repository name for the pull request ID."
    ),
    "RevisionNotCurrentException": (
        "The revision ID provided in the request does not match the current revision ID. Use "
        "GetPullRequest to retrieve the current revision ID."
    ),
    "SameFileContentException": (
        "The file was not added or updated because the content of the file is exactly the same as the "
        "content of that file in the repository and branch that you specified."
    ),
    "SamePathRequestException": (
        "The commit cannot be created because one or more changes in this commit duplicate actions in "
        "the same file path. For example, you cannot make the same delete request to the same file in "
        "the same file path twice, or make a delete request and a move request to the same file as part "
        "of the same commit."
    ),
    "SourceAndDestinationAreSameException": (
        "The source branch and destination branch for the pull request are the same. You must specify "
        "different branches for the source and destination."
    ),
    "SourceFileOrContentRequiredException": (
        "The commit cannot be created because no source files or file content have been specified for "
        "the commit."
    ),
    "TargetsRequiredException": "An array of target objects is required. It cannot be empty or null.",
    "TipOfSourceReferenceIsDifferentException": (
        "The tip of the source branch in the destination repository does not match the tip of the source"
        " branch specified in your request. The pull request might have been updated. Make sure that you"
        " have the latest changes."
    ),
    "TooManyTagsException": "The maximum number of tags for an AWS CodeCommit resource has been exceeded.",
}


def refusal(code: str, message: str | None = None) -> AwsError:
    """The error to raise for `code`; `message` where AWS is known to say more than the API reference."""
    return AwsError(code, message or WORDS[code])


def no_repository(name: str) -> AwsError:
    """Observed: ``RepositoryDoesNotExistException: pg23repo does not exist``."""
    return refusal("RepositoryDoesNotExistException", f"{name} does not exist")


def no_branch(name: str) -> AwsError:
    """No branch of that name."""
    return refusal("BranchDoesNotExistException", f"Branch {name} does not exist")


def no_commit(specifier: str) -> AwsError:
    """No commit, branch or tag of that name."""
    return refusal("CommitDoesNotExistException", f"Commit {specifier} does not exist")


def no_path(kind: str, path: str) -> AwsError:
    """`kind` is File or Folder. Observed: ``Could not find path buildspec.yml``."""
    return refusal(f"{kind}DoesNotExistException", f"Could not find path {path}")
