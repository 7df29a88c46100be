"""Who may come in as a facilitator when an OIDC provider says who they are.

In gets who was there before, whom an owner has let in under their e-mail address, and whom the setting
allows: `oidc_allowed` lists addresses (ana@example.org), whole domains (@example.org) and claims
(groups=facilitators), with commas between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workshop.language.tongue import gettext
from workshop.room.staff import Facilitator, LoginTaken, NoLogin, Staff

Claims = Mapping[str, Any]


class NotAdmitted(Exception):
    """They are who they say, and may not run events here; the text says what to do."""


class Admission:
    """Opens to those of whom a provider has told."""

    def __init__(self, staff: Staff, allowed: str) -> None:
        self._staff = staff
        self._allowed = [one.strip() for one in allowed.split(",") if one.strip()]

    def admit(self, claims: Claims) -> Facilitator:
        """Who has these claims of an ID token that was verified. Raises NotAdmitted."""
        subject, email = f"{claims['iss']}|{claims['sub']}", verified(claims)
        known = self._staff.by_subject(subject) or (email and self._staff.recognise(email, subject))
        if known:
            return known
        if not any(_fits(rule, claims, email) for rule in self._allowed):
            raise NotAdmitted(self._why(claims, email))
        try:
            return self._staff.add(email or str(claims["sub"]), _name(claims), subject=subject)
        except (LoginTaken, NoLogin):  # they have been let go, or somebody else has that login
            raise NotAdmitted(
                gettext("An owner has ended your access. Ask them if that was a mistake.")
            ) from None

    def _why(self, claims: Claims, email: str) -> str:
        if not email and claims.get("email"):
            return gettext(
                "Your provider does not vouch for your e-mail address “%(email)s”. Have it confirmed"
                " there, or ask an owner of this workshop for a password.",
                email=claims["email"],
            )
        return gettext(
            "You are signed in there as “%(who)s”, who may not run events here. Ask an owner of this workshop"
            " to let you in under exactly that address.",
            who=email or claims["sub"],
        )


def verified(claims: Claims) -> str:
    """Their e-mail address, if the provider vouches for it; else ""."""
    return str(claims.get("email", "")).strip().casefold() if claims.get("email_verified") is True else ""


def _fits(rule: str, claims: Claims, email: str) -> bool:
    claim, equals, wanted = rule.partition("=")
    if equals:
        said = claims.get(claim.strip())
        return wanted.strip() in (said if isinstance(said, list) else [said])
    rule = rule.casefold()
    return bool(email) and (email.endswith(rule) if rule.startswith("@") else email == rule)


def _name(claims: Claims) -> str:
    return str(claims.get("name") or claims.get("preferred_username") or claims.get("email") or claims["sub"])
