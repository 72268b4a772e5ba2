"""A repository on GitHub, as the holder of a token sees it: where it is, who writes there, and what can go wrong."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import requests
from github import Auth, Github, GithubRetry
from github.GithubException import GithubException, RateLimitExceededException

from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from github.Repository import Repository

#: What every workflow of GitHub Actions has (GitHub Docs, "Default environment variables").
TOKEN_VARIABLE: Final = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
REPOSITORY_VARIABLE: Final = "GITHUB_REPOSITORY"
API_VARIABLE: Final = "GITHUB_API_URL"
PUBLIC_API: Final = "https://api.github.com"
#: Who writes with the token of a workflow; such a token may not ask who it is.
WORKFLOW_LOGIN: Final = "github-actions[bot]"
#: GitHub refuses a longer body of a comment or an issue with 422.
LONGEST_BODY: Final = 65_536
#: One page of a list; GitHub gives no more.
PAGE_SIZE: Final = 100

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404


class GitHubError(StrataError):
    """GitHub refuses, or does not answer."""


class GitHubSettingsError(StrataError):
    """Nothing says on which repository, or as whom."""


@dataclass(frozen=True)
class GitHubSettings:
    """Where to write, and how patient to be.

    Args:
        repository: ``owner/name``.
        token: shown nowhere.
        api_url: of GitHub, or of an enterprise's own server.
        retries: of a request that met a rate limit, a failure of the server or of the network.
        longest_wait_seconds: for a rate limit to end; a longer one is an error at once.
        secondary_wait_seconds: after a secondary rate limit that names no time.
    """

    repository: str
    token: str = field(repr=False)
    api_url: str = PUBLIC_API
    retries: int = 6
    longest_wait_seconds: float = 900.0
    secondary_wait_seconds: float = 60.0

    @classmethod
    def read(cls, repository: str | None, variables: Mapping[str, str] = os.environ) -> GitHubSettings:
        """Return the settings that options and variables make.

        Raises:
            GitHubSettingsError: the repository or the token is missing.
        """
        chosen = repository or variables.get(REPOSITORY_VARIABLE, "")
        if chosen.count("/") != 1 or not all(chosen.split("/")):
            raise GitHubSettingsError(
                f"no repository is named: {REPOSITORY_VARIABLE} is not set"
                if not chosen
                else "not a repository's name",
                where={"repository": chosen} if chosen else None,
                allowed="--repository OWNER/NAME",
            )
        token = variables.get(TOKEN_VARIABLE)
        if not token:
            raise GitHubSettingsError(
                f"there is no token: {TOKEN_VARIABLE} is not set",
                where={"repository": chosen},
                allowed="a token that may write pull requests and issues of the repository",
                next_command=f"export {TOKEN_VARIABLE}=$(gh auth token)",
            )
        return cls(chosen, token, variables.get(API_VARIABLE) or PUBLIC_API)


@dataclass(frozen=True)
class Session:
    """A repository, and the login that everything written there with this token carries."""

    repository: Repository
    login: str


@contextmanager
def session(settings: GitHubSettings) -> Iterator[Session]:
    """Give a repository to work on.

    Raises:
        GitHubError: GitHub refused something within, or did not answer.
    """
    try:
        with _client(settings) as client:
            yield Session(client.get_repo(settings.repository), _login(client))
    except GithubException as error:
        raise _refusal(settings, error) from None
    except requests.RequestException as error:
        raise GitHubError(
            f"GitHub does not answer: {type(error).__name__}",
            where={"repository": settings.repository, "api": settings.api_url},
            next_command="the same command again",
        ) from None


def _client(settings: GitHubSettings) -> Github:
    # What was refused is said once, by our error; a workflow's token is always refused its own name.
    logging.getLogger("github").setLevel(logging.ERROR)
    retry = GithubRetry(
        secondary_rate_wait=settings.secondary_wait_seconds,
        max_rate_limit_wait=settings.longest_wait_seconds,
        total=settings.retries,
        backoff_factor=0.5,
        # Of every method: a repeated create leaves a second comment, which is found and removed.
        allowed_methods=None,
    )
    return Github(
        auth=Auth.Token(settings.token),
        base_url=settings.api_url,
        per_page=PAGE_SIZE,
        retry=retry,
        lazy=True,  # a repository is only a path of what is asked for
        # A command makes few requests; GitHub's own limits are obeyed when it names them.
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


def _login(client: Github) -> str:
    """Return who writes with this token: a user, or the workflow's own bot, which may not ask."""
    try:
        return client.get_user().login
    except RateLimitExceededException:
        raise
    except GithubException as error:
        if error.status == _FORBIDDEN:
            return WORKFLOW_LOGIN
        raise


def _refusal(settings: GitHubSettings, error: GithubException) -> GitHubError:
    message = error.data.get("message", "") if isinstance(error.data, dict) else str(error.data or "")
    allowed = {
        _UNAUTHORIZED: "a token that is valid",
        _FORBIDDEN: "a token with `pull-requests: write` for comments, `issues: write` for issues",
        _NOT_FOUND: "a pull request, an issue and a repository that exist and that the token may see",
    }
    limited = isinstance(error, RateLimitExceededException)
    return GitHubError(
        f"GitHub refuses with {error.status}: {' '.join(message.split()) or 'no reason given'}",
        where={"repository": settings.repository, "api": settings.api_url},
        allowed=None if limited else allowed.get(error.status),
        next_command="the same command again, when the rate limit is over" if limited else None,
    )


def require_fitting(body: str, what: str) -> None:
    """Raise `GitHubError` for a body that GitHub would not take: nothing is ever cut on the way there."""
    if len(body) > LONGEST_BODY:
        raise GitHubError(
            f"the {what} is too long for GitHub: {len(body):,} characters",
            allowed=f"{LONGEST_BODY:,} characters; put the rest into an artifact of the run",
        )
