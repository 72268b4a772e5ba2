"""The policy pack as the real engine runs it: the local stack passes, and a program with mistakes is refused."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from local.paths import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.environment import EngineEnvironment

pytestmark = pytest.mark.engine

PACK = ("--policy-pack", str(CHECKOUT / "policy"))
#: Mistakes in the program: the file, what stands there, what somebody might write, and what the pack says to it.
MISTAKES = {
    "no-public-access": (
        "infra/components/database.py",
        "publicly_accessible=False",
        "publicly_accessible=True",
        "publiclyAccessible is not false; allowed: false",
    ),
    "zero-ttls": (
        "infra/components/edge_policies.py",
        "default_ttl=behavior.default_ttl_seconds",
        "default_ttl=1",
        "defaultTtl is 1 seconds, so the edge decides instead of the origin; allowed: 0",
    ),
    "cache-contract": (
        "infra/components/edge.py",
        '"function_associations": [association(event_type="viewer-request", function_arn=function.arn)]',
        '"function_associations": []',
        "no function runs, so a caller may set the headers that name one",
    ),
    "tenant-protection": (
        "infra/components/tenancy.py",
        'protect=tenant.state == "active"',
        "protect=False",
        "the tenant is active and not protected; allowed: protect until its state is offboarding",
    ),
    "tags": (
        "infra/aws_provider.py",
        "tags=default_tags(stack)",
        'tags={**default_tags(stack), "Stack": "another"}',
        "the tag Stack is another; allowed: local",
    ),
}


@contextmanager
def _mistakes(environment: EngineEnvironment) -> Iterator[None]:
    """Make every mistake in the environment's own copy of the program."""
    before = {path: (environment.home.project / path).read_text() for path, *_ in MISTAKES.values()}
    try:
        for path, right, wrong, _ in MISTAKES.values():
            file = environment.home.project / path
            assert right in file.read_text()
            file.write_text(file.read_text().replace(right, wrong))
        yield
    finally:
        for path, text in before.items():
            (environment.home.project / path).write_text(text)


def test_the_local_stack_passes_and_mistakes_are_refused(environment_of_a_copy: EngineEnvironment) -> None:
    """A preview shows every mistake at once, and an update changes nothing of what is refused."""
    environment = environment_of_a_copy
    assert "✅ strata@" in environment.preview(*PACK)
    with _mistakes(environment):
        preview = environment.preview(*PACK, check=False)
        update = environment.deploy(*PACK, check=False)
    assert preview.code != 0
    for rule, (*_, message) in MISTAKES.items():
        assert f"[mandatory]  {rule}" in preview
        assert message in preview
    assert "; next: " in preview
    assert update.code != 0
    (instance,) = [
        one for one in environment.export()["deployment"]["resources"] if one["type"] == "aws:rds/instance:Instance"
    ]
    assert instance["outputs"]["publiclyAccessible"] is False
    assert "✅ strata@" in environment.deploy(*PACK)
