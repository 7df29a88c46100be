"""IAM, where moto's is not enough: what it accepts, what it counts, and the policy simulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from moto.iam.exceptions import IAMException

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.identity import entities, gitpasswords, library, simulation, trustpolicy
from workshop.sandbox.permissions.grants import iam_of, user_name
from workshop.sandbox.snapshot.kept import Kept

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

STATUS = {"EntityAlreadyExists": 409, "NoSuchEntity": 404, "LimitExceeded": 409, "DeleteConflict": 409}


class Iam:
    """Identity and Access Management; operations that are not here are moto's."""

    name: ClassVar[str] = "iam"
    complete: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.git_passwords = gitpasswords.GitPasswords()
        library.install()

    @property
    def kept(self) -> Kept:
        """What of it is saved besides moto's state."""
        return self.git_passwords.kept

    def _changing(self, call: Call) -> AbstractContextManager[object]:
        return self._sandbox.api.turn(call.account)

    def get_user(self, call: Call) -> dict[str, Any]:
        """A user; without a name, whoever calls."""
        name = call.params.get("UserName")
        if name is None and call.caller.is_root:
            return {"User": self._root(call)}
        return {"User": entities.shown_user(entities.user(call, name or user_name(call.caller)))}

    def _root(self, call: Call) -> dict[str, Any]:
        created = datetime.fromtimestamp(int(self._sandbox.now()), UTC)
        return {
            "Path": "/",
            "UserName": "root",
            "UserId": call.account,
            "Arn": call.caller.arn,
            "CreateDate": created,
        }

    def create_user(self, call: Call) -> dict[str, Any]:
        """A new user."""
        params = call.params
        with self._changing(call), _in_awss_words():
            user = iam_of(call.account).create_user(
                call.region, params["UserName"], params.get("Path", "/"), params.get("Tags", [])
            )
        if "PermissionsBoundary" in params:
            _bound(user, params["PermissionsBoundary"])
        return {"User": entities.shown_user(user)}

    def put_user_permissions_boundary(self, call: Call) -> None:
        """Let a user at most do what a managed policy allows."""
        _bound(entities.user(call, call.params["UserName"]), call.params["PermissionsBoundary"])

    def delete_user_permissions_boundary(self, call: Call) -> None:
        """Lift a user's boundary."""
        _bound(entities.user(call, call.params["UserName"]), None)

    def get_role(self, call: Call) -> dict[str, Any]:
        """A role."""
        return {"Role": entities.shown_role(entities.role(call))}

    def create_role(self, call: Call) -> dict[str, Any]:
        """A new role, if its trust policy makes sense."""
        params = call.params
        trustpolicy.check(params["AssumeRolePolicyDocument"])
        with self._changing(call), _in_awss_words():
            role = iam_of(call.account).create_role(
                params["RoleName"],
                params["AssumeRolePolicyDocument"],
                params.get("Path", "/"),
                params.get("PermissionsBoundary"),
                params.get("Description", ""),
                params.get("Tags", []),
                params.get("MaxSessionDuration", 3600),
            )
        return {"Role": entities.shown_role(role)}

    def update_assume_role_policy(self, call: Call) -> None:
        """Replace a role's trust policy."""
        role = entities.role(call)
        trustpolicy.check(call.params["PolicyDocument"])
        role.assume_role_policy_document = call.params["PolicyDocument"]

    def attach_role_policy(self, call: Call) -> None:
        """Attach a managed policy to a role; again changes nothing."""
        with self._changing(call):
            entities.attach(call, entities.role(call), "Role")

    def attach_user_policy(self, call: Call) -> None:
        """Attach a managed policy to a user; again changes nothing."""
        with self._changing(call):
            entities.attach(call, entities.user(call, call.params["UserName"]), "User")

    def attach_group_policy(self, call: Call) -> None:
        """Attach a managed policy to a group; again changes nothing."""
        with self._changing(call):
            entities.attach(call, entities.group(call), "Group")

    def detach_role_policy(self, call: Call) -> None:
        """Detach a managed policy from a role."""
        with self._changing(call):
            entities.detach(call, entities.role(call))

    def detach_user_policy(self, call: Call) -> None:
        """Detach a managed policy from a user."""
        with self._changing(call):
            entities.detach(call, entities.user(call, call.params["UserName"]))

    def detach_group_policy(self, call: Call) -> None:
        """Detach a managed policy from a group."""
        with self._changing(call):
            entities.detach(call, entities.group(call))

    def delete_policy(self, call: Call) -> None:
        """Delete a customer managed policy that nothing has attached."""
        arn = call.params["PolicyArn"]
        iam = iam_of(call.account)
        policy = entities.policy(call)
        if arn.startswith("arn:aws:iam::aws:"):
            raise AwsError("AccessDenied", f"Cannot delete AWS managed policy {arn}.", 403)
        if policy.attachment_count:
            raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
        if len(policy.versions) > 1:
            raise AwsError(
                "DeleteConflict",
                "This policy has more than one version. Before you delete a policy, you must delete the "
                "policy's versions. The default version is deleted with the policy.",
                409,
            )
        with self._changing(call):
            iam.delete_policy(arn)

    def simulate_principal_policy(self, call: Call) -> dict[str, Any]:
        """What a user, group or role may do."""
        return simulation.paged(call, list(simulation.of_principal(call).results()))

    def simulate_custom_policy(self, call: Call) -> dict[str, Any]:
        """What the policies that are given would allow."""
        return simulation.paged(call, list(simulation.of_policies(call).results()))

    def create_service_specific_credential(self, call: Call) -> dict[str, Any]:
        """A user name and password for git over HTTPS, shown this once."""
        made = self.git_passwords.create(call)
        return {"ServiceSpecificCredential": gitpasswords.shown(made, secret=True)}

    def list_service_specific_credentials(self, call: Call) -> dict[str, Any]:
        """A user's git credentials, without their passwords."""
        name = call.params.get("UserName") or (
            None if call.params.get("AllUsers") else user_name(call.caller)
        )
        held = self.git_passwords.of(call.account, name)
        return {"ServiceSpecificCredentials": [gitpasswords.shown(p) for p in held], "IsTruncated": False}

    def reset_service_specific_credential(self, call: Call) -> dict[str, Any]:
        """A new password in place of the old."""
        made = self.git_passwords.change(call, password=gitpasswords.new_secret())
        return {"ServiceSpecificCredential": gitpasswords.shown(made, secret=True)}

    def update_service_specific_credential(self, call: Call) -> None:
        """Make a git password active or inactive."""
        self.git_passwords.change(call, status=call.params["Status"])

    def delete_service_specific_credential(self, call: Call) -> None:
        """Delete a git password."""
        self.git_passwords.delete(call)


@contextmanager
def _in_awss_words() -> Iterator[None]:
    try:
        yield
    except IAMException as error:
        raise AwsError(error.code, str(error.message), STATUS.get(error.code, 400)) from error


def _bound(user: Any, arn: str | None) -> None:
    """moto knows boundaries of roles only; a user's is kept under the same name."""
    user.permissions_boundary_arn = arn
