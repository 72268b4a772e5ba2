"""Purging Cloudflare: by URL, prefix, host and tag, and softly by its invalidation."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

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

AccountPlan = Literal["free", "pro", "business", "enterprise"]
API_URL: Final = "https://api.cloudflare.com/client/v4"
TIMEOUT_SECONDS: Final = 30.0
_LOGGERS: Final = ("cloudflare._base_client", "httpcore.http11", "httpcore.http2", "httpcore.connection", "httpx")


class AccountLimits(NamedTuple):
    """A row of Cloudflare's "Purge cache: availability and limits" (read November 2026); per account."""

    requests_per_second: float
    bucket_requests: int
    urls_per_second: float
    urls_per_request: int


LIMITS: Final[dict[AccountPlan, AccountLimits]] = {
    "free": AccountLimits(5 / 60, 25, 800, 100),
    "pro": AccountLimits(5, 25, 1500, 100),
    "business": AccountLimits(10, 50, 1500, 100),
    "enterprise": AccountLimits(50, 500, 3000, 500),
}
TAGS_PER_REQUEST: Final = 100
#: "Purge cache by prefix" says 30, the page with the limits 100: the smaller one is right either way.
PREFIXES_PER_REQUEST: Final = 30


@dataclass(frozen=True)
class Cloudflare:
    """A zone. A purge by URL reaches what is cached without request headers in its key; tags reach every variant.

    Args:
        zone_id: its id, 32 hexadecimal digits.
        token: reference to an API token with the permission Cache Purge, ``env:NAME``.
        public_url: where viewers find the zone's cache, ``https://HOST``; only paths need it.
        account_plan: which limits hold.
        api_url: where the API is.

    Raises:
        PurgeInputError: the token is not a reference.
    """

    zone_id: str
    token: str
    public_url: str | None = None
    account_plan: AccountPlan = "free"
    api_url: str = API_URL
    name = "cloudflare"
    reports_completion = False
    credentials = "an API token with the permission Cache Purge on the zone"

    def __post_init__(self) -> None:
        check_reference(self.token, self.name)

    @property
    def target(self) -> str:
        """The zone."""
        return f"zone {self.zone_id}"

    def batches(self, items: Sequence[PurgeItem], soft: bool) -> tuple[PurgeBatch, ...]:  # noqa: ARG002 - it has both
        """Return the requests, spaced as the account's token bucket refills.

        Raises:
            PurgeInputError: a path without a public URL, or a wildcard that ends inside a path segment.
        """
        limits = LIMITS[self.account_plan]
        sizes = {
            "tags": TAGS_PER_REQUEST,
            "files": limits.urls_per_request,
            "prefixes": PREFIXES_PER_REQUEST,
            "hosts": TAGS_PER_REQUEST,
        }
        sent: dict[str, dict[PurgeItem, str]] = {kind: {} for kind in sizes}
        for item in items:
            kind, value = self._value(item)
            sent[kind][item] = value
        requests = [batch for kind, size in sizes.items() for batch in batches_of(kind, sent[kind], size)]
        return tuple(
            replace(batch, spacing_seconds=_spacing_seconds(limits, batch, position))
            for position, batch in enumerate(requests, 1)
        )

    def _value(self, item: PurgeItem) -> tuple[str, str]:
        if item.kind == "tag":
            return "tags", item.text
        host, scheme = host_and_scheme(self.public_url, self.name)
        if item.kind == "path":
            return "files", f"{scheme}://{host}{item.text}"
        if not item.prefix.endswith("/") or "?" in item.prefix:
            raise PurgeInputError(
                "Cloudflare purges by whole path segments",
                where={"path": item.text},
                allowed="a wildcard after a slash, such as /reports/*; or a tag",
            )
        return ("hosts", host) if item.prefix == "/" else ("prefixes", f"{host}{item.prefix}")

    def cost(self, item_count: int) -> PurgeCost:  # noqa: ARG002 - the same for any number
        """Return nothing: every plan includes purging."""
        return free_of_charge("Cloudflare: included in every plan (November 2026)")

    @contextmanager
    def connect(self) -> Iterator[_Connection]:
        """Open the API.

        Raises:
            MissingSdkError: the SDK is not installed.
            PurgeInputError: there is no token where the reference leads.
        """
        module = sdk.load("cloudflare", "cloudflare")
        token = read_token(self.token, self.name)
        # A redirect would take the purge elsewhere, as a GET, and its answer would be believed.
        http_client = module.DefaultHttpxClient(follow_redirects=False)
        made = module.Cloudflare(
            api_token=token.text,
            base_url=self.api_url,
            max_retries=0,
            timeout=TIMEOUT_SECONDS,
            http_client=http_client,
        )
        with token.kept_out_of(*_LOGGERS), made as client:
            # The SDK would take these from the environment, and prefer them to the token.
            client.api_email = client.api_key = client.user_service_key = None
            yield _Connection(self.zone_id, module, client, token)

    def status_command(self, purge_id: str) -> None:
        """Return nothing: Cloudflare does not say how far a purge is."""


def _spacing_seconds(limits: AccountLimits, batch: PurgeBatch, position: int) -> float:
    refill = 0.0 if position < limits.bucket_requests else 1 / limits.requests_per_second
    urls = len(batch.items) / limits.urls_per_second if batch.kind == "files" else 0.0
    return max(refill, urls)


class _Connection:
    def __init__(self, zone_id: str, module: Any, client: Any, token: Token) -> None:
        self._zone_id = zone_id
        self._module = module
        self._client = client
        self._token = token

    def submit(self, batch: PurgeBatch, soft: bool, _reference: str) -> tuple[str, ...]:
        cache = self._client.cache.with_raw_response
        call = cache.invalidate if soft else cache.purge
        try:
            answer = call(zone_id=self._zone_id, **{batch.kind: list(batch.values)}).json()
        except (self._module.CloudflareError, ValueError) as error:
            failure = self._failure(error)
        else:
            if isinstance(answer, dict) and answer.get("success") is True:
                return (str((answer.get("result") or {}).get("id", self._zone_id)),)
            failure = CallFailure("refused", self._token.redact(f"answered without success: {answer}"))
        raise failure

    def is_complete(self, _purge_id: str) -> bool:
        return False

    def _failure(self, error: Any) -> CallFailure:
        what = self._token.redact(" ".join(f"{error} {error.__cause__ or ''}".split()))
        if isinstance(error, self._module.APIStatusError):
            retry_after = sdk.retry_after_seconds(error.response.headers)
            return CallFailure(kind_of_status(error.status_code), what, retry_after)
        # A 200 whose body is not JSON says as little as no answer.
        return CallFailure("unreachable", what)
