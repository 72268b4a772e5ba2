"""Purging Fastly: by surrogate key in bulk and by single URL, both also softly."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from strata.caching.purge import sdk
from strata.caching.purge.credentials import check_reference, read_token
from strata.caching.purge.errors import CallFailure, PurgeInputError, kind_of_status
from strata.caching.purge.plan import batches_of, free_of_charge
from strata.caching.purge.urls import host_and_scheme

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from strata.caching.purge.credentials import Token
    from strata.caching.purge.items import PurgeItem
    from strata.caching.purge.plan import PurgeBatch, PurgeCost

API_URL: Final = "https://api.fastly.com"
TIMEOUT_SECONDS: Final = 30.0
#: Fastly API reference, "Purge multiple surrogate key tags".
KEYS_PER_REQUEST: Final = 256
KEYS: Final = "surrogate_keys"
URL: Final = "url"
_LOGGERS: Final = ("fastly.rest", "urllib3.connectionpool")


@dataclass(frozen=True)
class Fastly:
    """A service. Purging all of it is not offered: it is never soft, and it empties every tenant's cache at once.

    Args:
        service_id: its id.
        token: reference to an API token with the scope ``purge_select``, ``env:NAME``.
        public_url: where viewers find the service, ``https://HOST``; only paths need it.
        api_url: where the API is.

    Raises:
        PurgeInputError: the token is not a reference.
    """

    service_id: str
    token: str
    public_url: str | None = None
    api_url: str = API_URL
    name = "fastly"
    reports_completion = False
    credentials = "an API token with the scope purge_select for the service"

    def __post_init__(self) -> None:
        check_reference(self.token, self.name)

    @property
    def target(self) -> str:
        """The service."""
        return f"service {self.service_id}"

    def batches(self, items: Sequence[PurgeItem], soft: bool) -> tuple[PurgeBatch, ...]:  # noqa: ARG002 - it has both
        """Return one request per 256 keys, and one per URL.

        Raises:
            PurgeInputError: a wildcard, or a path without a public URL.
        """
        keys = {item: item.text for item in items if item.kind == "tag"}
        urls = {item: self._url(item) for item in items if item.kind != "tag"}
        return (*batches_of(KEYS, keys, KEYS_PER_REQUEST), *batches_of(URL, urls, 1))

    def _url(self, item: PurgeItem) -> str:
        if item.kind == "wildcard":
            raise PurgeInputError(
                "Fastly purges no wildcards", where={"path": item.text}, allowed="single paths; or a tag for many"
            )
        host, _ = host_and_scheme(self.public_url, self.name)
        return f"{host}{item.text}"

    def cost(self, item_count: int) -> PurgeCost:  # noqa: ARG002 - the same for any number
        """Return nothing: purges have no list price."""
        return free_of_charge("Fastly: purges have no list price (November 2026)")

    @contextmanager
    def connect(self) -> Iterator[_Connection]:
        """Open the API.

        Raises:
            MissingSdkError: the SDK is not installed.
            PurgeInputError: there is no token where the reference leads.
        """
        module = sdk.load("fastly", "fastly")
        token = read_token(self.token, self.name)
        configuration = module.Configuration(host=self.api_url)
        configuration.api_token = token.text
        configuration.retries = 0  # nor redirects: they would take the token along
        with token.kept_out_of(*_LOGGERS), module.ApiClient(configuration) as client:
            yield _Connection(self.service_id, module, client, token)

    def status_command(self, purge_id: str) -> None:
        """Return nothing: Fastly purges at once, within about 150 ms everywhere."""


class _Connection:
    def __init__(self, service_id: str, module: Any, client: Any, token: Token) -> None:
        self._service_id = service_id
        self._module = module
        self._token = token
        self._api = sdk.load("fastly.api.purge_api", "fastly").PurgeApi(client)
        self._body = sdk.load("fastly.model.purge_response", "fastly").PurgeResponse
        self._transport_error = sdk.load("urllib3.exceptions", "fastly").HTTPError

    def submit(self, batch: PurgeBatch, soft: bool, _reference: str) -> tuple[str, ...]:
        options = {"_request_timeout": TIMEOUT_SECONDS, **({"fastly_soft_purge": 1} if soft else {})}
        try:
            if batch.kind == URL:
                return (str(self._api.purge_single_url(batch.values[0], **options)["id"]),)
            return self._purge_keys(batch, options)
        except self._transport_error as error:
            failure = CallFailure("unreachable", self._token.redact(str(error)))
        except (self._module.OpenApiException, ValueError) as error:
            failure = self._failure(error)
        raise failure

    def _purge_keys(self, batch: PurgeBatch, options: dict[str, Any]) -> tuple[str, ...]:
        body = self._body(surrogate_keys=list(batch.values))
        ids = self._api.bulk_purge_tag(self._service_id, purge_response=body, **options).to_dict()
        missing = [key for key in batch.values if key not in ids]
        if missing:
            raise ValueError(f"answered without a purge id for {len(missing)} keys, {missing[0]} for one")
        return tuple(str(ids[key]) for key in batch.values)

    def is_complete(self, _purge_id: str) -> bool:
        return False

    def _failure(self, error: Any) -> CallFailure:
        what = self._token.redact(" ".join(str(error).split()))
        if isinstance(error, self._module.ApiException):
            return CallFailure(kind_of_status(error.status), what, _pause_seconds(error.headers))
        # An answer that is not the API's says as little as none.
        return CallFailure("unreachable", what)


def _pause_seconds(headers: Any) -> float | None:
    """Return how long Fastly wants to be left alone: Retry-After, or the time at which its limit starts anew."""
    asked = sdk.retry_after_seconds(headers)
    reset = headers.get("fastly-ratelimit-reset", "")
    if asked is not None or not (reset.isascii() and reset.isdecimal()):
        return asked
    return max(0.0, float(reset) - time.time())
