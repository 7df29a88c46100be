"""The operations on build projects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codebuild import images, project
from workshop.sandbox.codebuild.desk import Desk, in_order, named
from workshop.sandbox.codebuild.paging import page
from workshop.sandbox.codebuild.state import now


class Projects(Desk):
    """CreateProject and its kin."""

    def create_project(self, call: Call) -> dict[str, Any]:
        project.check_name(call.params["name"])
        self.check(call.params, call)
        with self.lock:
            region = self.region(call)
            arn = call.arn(f"project/{call.params['name']}")
            if call.params["name"] in region.projects:
                raise AwsError("ResourceAlreadyExistsException", f"Project already exists: {arn}")
            made = {
                "name": call.params["name"],
                "arn": arn,
                **project.with_defaults(call.params, call.account, call.region),
                "created": now(),
                "lastModified": now(),
                "badge": {"badgeEnabled": bool(call.params.get("badgeEnabled"))},
                "projectVisibility": "PRIVATE",
            }
            region.projects[call.params["name"]] = made
            return {"project": made}

    def update_project(self, call: Call) -> dict[str, Any]:
        with self.lock:
            before = self.project(call, call.params["name"])
        settings = {**before, **call.params}
        self.check(settings, call)
        with self.lock:
            after = {
                **before,
                **project.with_defaults(settings, call.account, call.region),
                "lastModified": now(),
            }
            if "badgeEnabled" in call.params:
                after["badge"] = {"badgeEnabled": call.params["badgeEnabled"]}
            self.region(call).projects[before["name"]] = after
            return {"project": after}

    def delete_project(self, call: Call) -> dict[str, Any]:
        """Deletes the project with its builds; an absent one is no error."""
        with self.lock:
            region = self.region(call)
            name = named(call.params["name"])
            region.projects.pop(name, None)
            gone = [build for build in region.builds.values() if build.project == name]
            for build in gone:
                del region.builds[build.id]
        for build in gone:
            self.queue.stop_build(build.arn)
        return {}

    def batch_get_projects(self, call: Call) -> dict[str, Any]:
        with self.lock:
            projects = self.region(call).projects
            names = {one: named(one) for one in call.params["names"]}
            return {
                "projects": [projects[name] for name in dict.fromkeys(names.values()) if name in projects],
                "projectsNotFound": [one for one, name in names.items() if name not in projects],
            }

    def list_projects(self, call: Call) -> dict[str, Any]:
        orders: dict[str, Callable[[dict[str, Any]], Any]] = {
            "NAME": lambda one: one["name"],
            "CREATED_TIME": lambda one: one["created"],
            "LAST_MODIFIED_TIME": lambda one: one["lastModified"],
        }
        order = orders[call.params.get("sortBy", "NAME")]
        with self.lock:
            projects = sorted(self.region(call).projects.values(), key=order)
        names = in_order((one["name"] for one in projects), call, "ASCENDING")
        return page("projects", names, call.params)

    def invalidate_project_cache(self, call: Call) -> dict[str, Any]:
        """There is no cache between builds here, so there is nothing to invalidate."""
        with self.lock:
            self.project(call, call.params["projectName"])
        return {}

    def list_curated_environment_images(self, call: Call) -> dict[str, Any]:
        return {"platforms": images.platforms()}

    def list_source_credentials(self, call: Call) -> dict[str, Any]:
        """Credentials for GitHub and the like; none can be imported here."""
        return {"sourceCredentialsInfos": []}
