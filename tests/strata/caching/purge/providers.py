"""Each provider on a loopback server, and the answers of its API as its reference describes them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from strata.caching.purge import Cloudflare, CloudFront, Fastly
from tests.strata.caching.purge.scripted_server import Answer, ScriptedServer, json_answer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from strata.caching.purge import Provider

TOKEN = "s3cr3t-t0ken.of~a+test/value=="
PUBLIC_URL = "https://www.example.com"
DISTRIBUTION = "EDFDVBD6EXAMPLE"
NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"


def invalidation(status: str = "Completed", purge_id: str = "IDFDVBD632BHDS5", http_status: int = 201) -> Answer:
    body = (
        f'<?xml version="1.0"?><Invalidation xmlns="{NAMESPACE}"><Id>{purge_id}</Id><Status>{status}</Status>'
        "<CreateTime>2026-11-20T12:00:00Z</CreateTime><InvalidationBatch><Paths><Quantity>0</Quantity></Paths>"
        "<CallerReference>any</CallerReference></InvalidationBatch></Invalidation>"
    )
    return Answer(http_status, body.encode(), {"content-type": "text/xml"})


def cloudfront_error(status: int, code: str, message: str = "no", **headers: str) -> Answer:
    body = (
        f'<?xml version="1.0"?><ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
    return Answer(status, body.encode(), {"content-type": "text/xml", **headers})


def accepted_by_cloudflare(purge_id: str = "023e105f4ecef8ad9ca31a8372d0c353") -> Answer:
    return json_answer({"success": True, "errors": [], "messages": [], "result": {"id": purge_id}})


def cloudflare_error(status: int, message: str = "no", **headers: str) -> Answer:
    errors = [{"code": 10000, "message": message}]
    return json_answer({"success": False, "errors": errors, "messages": [], "result": None}, status, **headers)


def purged_by_fastly(*keys: str) -> Answer:
    if not keys:
        return json_answer({"status": "ok", "id": "108-1391560174-974124"})
    return json_answer({key: f"108-1391560174-{number}" for number, key in enumerate(keys)})


def fastly_error(status: int, message: str = "no", **headers: str) -> Answer:
    return json_answer({"msg": message}, status, **headers)


@contextmanager
def provider_on(
    name: str, answers: list[Answer], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Provider, ScriptedServer]]:
    """Give the provider of this name, whose API is a server that plays these answers."""
    with serving(answers) as server:
        monkeypatch.setenv("PURGE_TOKEN", TOKEN)
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # the SDK's own repeats, so that those of the run are seen
        targets: dict[str, Provider] = {
            "cloudfront": CloudFront(DISTRIBUTION),
            "cloudflare": Cloudflare(
                "023e105f4ecef8ad9ca31a8372d0c353", "env:PURGE_TOKEN", PUBLIC_URL, api_url=f"{server.url}/client/v4"
            ),
            "fastly": Fastly("SU1Z0isxPaozGVKXdv0eY", "env:PURGE_TOKEN", PUBLIC_URL, api_url=server.url),
        }
        yield targets[name], server
