"""Who may take a role: workflows of one repository, by the subject of the token that GitHub gives a job.

Subjects (GitHub Docs, "OpenID Connect reference"): a job of a pull request has ``pull_request``, a job that names an
environment has ``environment:NAME`` whatever triggered it, and any other job of a branch has its ref. GitHub gives a
pull request from a fork no token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from strata.account.settings import AUDIENCE, PROVIDER_HOST

if TYPE_CHECKING:
    from strata.account.settings import AccountSettings

PULL_REQUEST: Final = "pull_request"


def of_environment(name: str) -> str:
    """Return the subject of jobs of an environment, whose protection rules GitHub has applied by then."""
    return f"environment:{name}"


def of_branch(branch: str) -> str:
    """Return the subject of jobs of a branch that name no environment."""
    return f"ref:refs/heads/{branch}"


def trust_policy(settings: AccountSettings, *subjects: str) -> dict[str, Any]:
    """Return a role's trust policy for jobs with one of these subjects, compared without wildcards."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": settings.provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{PROVIDER_HOST}:aud": AUDIENCE,
                        f"{PROVIDER_HOST}:sub": [f"repo:{settings.repository}:{subject}" for subject in subjects],
                    }
                },
            }
        ],
    }
