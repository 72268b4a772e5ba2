"""GitHub's REST API as far as Strata speaks it, on loopback: it records every request and keeps what is written.

Paths, statuses, bodies and the Link header are those of the REST API documentation (issues, issue comments, users,
rate limits), version 2022-11-28.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = "acme/platform"
TOKEN = "a-token-that-is-never-shown"
BOT = "github-actions[bot]"
PERSON = "mallory"


@dataclass(frozen=True)
class Answer:
    """A status, a body and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


RATE_LIMITED = Answer(
    403,
    {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."},
    {"Retry-After": "0"},
)


@dataclass
class GitHub:
    """What there is, and what was asked."""

    url: str = ""
    #: Of whom the token is; None for a workflow's, which may not ask.
    login: str | None = None
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    #: Given instead of the real answer, one a request, to requests that the pattern matches.
    failures: list[tuple[str, Answer]] = field(default_factory=list)
    #: Called once, before the request that the pattern matches is answered.
    meanwhile: tuple[str, Callable[[], object]] | None = None
    lock: Any = field(default_factory=threading.RLock)
    last_id: int = 1000

    @property
    def writer(self) -> str:
        return self.login or BOT

    def writes(self) -> list[str]:
        return [one for one in self.requests if not one.startswith("GET")]

    def add_comment(self, body: str, author: str = BOT) -> int:
        self.last_id += 1
        one = {"id": self.last_id, "body": body, "user": {"login": author}, "on": 7}
        self.comments[self.last_id] = self._addressed(one, f"issues/comments/{self.last_id}")
        return self.last_id

    def add_issue(self, body: str, author: str = BOT, labels: tuple[str, ...] = ("drift",), **more: Any) -> int:
        number = max(self.issues, default=0) + 1
        one = {"number": number, "id": number, "title": "", "body": body, "user": {"login": author}, "state": "open"}
        one["labels"] = [{"name": name} for name in labels]
        self.issues[number] = self._addressed({**one, **more}, f"issues/{number}")
        return number

    def _addressed(self, one: dict[str, Any], path: str) -> dict[str, Any]:
        url = f"{self.url}/repos/{REPOSITORY}/{path}"
        return {**one, "url": url, "html_url": f"https://github.test/{REPOSITORY}/{path}"}

    def answer(self, method: str, target: str, body: Any, token: str) -> Answer:
        with self.lock:
            self.requests.append(f"{method} {target}")
            self._let_others_run(f"{method} {target}")
            for number, (pattern, failure) in enumerate(self.failures):
                if re.search(pattern, f"{method} {target}"):
                    del self.failures[number]
                    return failure
            if token != f"token {TOKEN}":
                return Answer(401, {"message": "Bad credentials"})
            return self._route(method, target, body or {})

    def _let_others_run(self, request: str) -> None:
        if self.meanwhile and re.search(self.meanwhile[0], request):
            action, self.meanwhile = self.meanwhile[1], None
            action()

    def _route(self, method: str, target: str, body: dict[str, Any]) -> Answer:
        address = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        for pattern, handler in self._routes().items():
            found = re.fullmatch(pattern, f"{method} {address.path}")
            if found:
                return handler(*map(int, found.groups()), **({"query": query} if method == "GET" else {"body": body}))
        return Answer(404, {"message": "Not Found"})

    def _routes(self) -> dict[str, Callable[..., Answer]]:
        base = f"/repos/{REPOSITORY}/issues"
        return {
            "GET /user": self._user,
            rf"GET {base}/(\d+)": self._issue,
            rf"GET {base}/(\d+)/comments": self._comments,
            rf"POST {base}/(\d+)/comments": self._comment,
            rf"PATCH {base}/comments/(\d+)": self._edit_comment,
            rf"DELETE {base}/comments/(\d+)": self._delete_comment,
            rf"GET {base}": self._list_issues,
            rf"POST {base}": self._open_issue,
            rf"PATCH {base}/(\d+)": self._edit_issue,
        }

    def _user(self, query: dict[str, str]) -> Answer:
        if self.login is None:
            return Answer(403, {"message": "Resource not accessible by integration"})
        return Answer(200, {"login": self.login, "url": f"{self.url}/user"})

    def _issue(self, number: int, query: dict[str, str]) -> Answer:
        return Answer(200, self.issues[number]) if number in self.issues else Answer(404, {"message": "Not Found"})

    def _comments(self, number: int, query: dict[str, str]) -> Answer:
        found = [one for one in self.comments.values() if one["on"] == number]
        return self._page(found, query, f"issues/{number}/comments")

    def _page(self, found: list[dict[str, Any]], query: dict[str, str], path: str) -> Answer:
        size, page = min(int(query.get("per_page", "30")), 100), int(query.get("page", "1"))
        headers = {}
        if len(found) > page * size:
            rest = "&".join(f"{name}={value}" for name, value in {**query, "page": str(page + 1)}.items())
            headers["Link"] = f'<{self.url}/repos/{REPOSITORY}/{path}?{rest}>; rel="next"'
        return Answer(200, found[(page - 1) * size : page * size], headers)

    def _comment(self, number: int, body: dict[str, Any]) -> Answer:
        if len(body["body"]) > 65_536:
            return Answer(422, {"message": "Validation Failed"})
        if number not in self.issues:
            return Answer(404, {"message": "Not Found"})
        comment_id = self.add_comment(body["body"], self.writer)
        self.comments[comment_id]["on"] = number
        return Answer(201, self.comments[comment_id])

    def _edit_comment(self, comment_id: int, body: dict[str, Any]) -> Answer:
        if comment_id not in self.comments:
            return Answer(404, {"message": "Not Found"})
        self.comments[comment_id]["body"] = body["body"]
        return Answer(200, self.comments[comment_id])

    def _delete_comment(self, comment_id: int, body: dict[str, Any]) -> Answer:
        return Answer(204) if self.comments.pop(comment_id, None) else Answer(404, {"message": "Not Found"})

    def _list_issues(self, query: dict[str, str]) -> Answer:
        wanted = set(filter(None, query.get("labels", "").split(",")))
        found = [
            one
            for one in sorted(self.issues.values(), key=lambda one: -one["number"])
            if one["state"] == query.get("state", "open") and wanted <= {label["name"] for label in one["labels"]}
        ]
        return self._page(found, query, "issues")

    def _open_issue(self, body: dict[str, Any]) -> Answer:
        number = self.add_issue(body["body"], self.writer, tuple(body.get("labels", ())), title=body["title"])
        return Answer(201, self.issues[number])

    def _edit_issue(self, number: int, body: dict[str, Any]) -> Answer:
        if number not in self.issues:
            return Answer(404, {"message": "Not Found"})
        self.issues[number].update(body)
        return Answer(200, self.issues[number])


@contextmanager
def serving() -> Iterator[GitHub]:
    """Serve an empty GitHub with pull request 7 until the block ends."""
    github = GitHub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            answer = github.answer(self.command, self.path, body, self.headers.get("Authorization", ""))
            text = b"" if answer.status == 204 else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json", "Content-Length": str(len(text)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that the server looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
            """Say nothing: the requests are recorded."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    github.url = f"http://127.0.0.1:{server.server_port}"
    github.issues[7] = github._addressed(
        {
            "number": 7,
            "id": 7,
            "title": "a change",
            "body": "",
            "user": {"login": PERSON},
            "state": "open",
            "labels": [],
        },
        "issues/7",
    )
    github.issues[7]["pull_request"] = {"url": f"{github.url}/repos/{REPOSITORY}/pulls/7"}
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
