"""Names that the provider makes."""

from typing import ClassVar

from local.providers.autoname import named
from local.providers.resource import Autoname, ResourceType

URN = "urn:pulumi:local::strata::aws:x/thing:Thing::Access-Logs"
SEED = b"seed"


class Thing(ResourceType):
    autoname: ClassVar = Autoname("bucket", max_length=16, lower=True)


class Nameless(ResourceType):
    pass


def test_a_new_name_is_the_logical_one_and_seven_digits_within_the_limit() -> None:
    name = named(Thing(), URN, SEED, {}, {})["bucket"]
    assert name.startswith("access-l-")
    assert len(name) == 16
    assert int(name.rpartition("-")[2], 16) >= 0


def test_preview_and_update_agree_and_resources_differ() -> None:
    assert named(Thing(), URN, SEED, {}, {}) == named(Thing(), URN, SEED, {}, {})
    assert named(Thing(), URN, SEED, {}, {}) != named(Thing(), URN, b"other", {}, {})


def test_the_name_of_the_existing_resource_stays() -> None:
    assert named(Thing(), URN, b"other", {"bucket": "kept"}, {}) == {"bucket": "kept"}


def test_the_programs_own_name_or_prefix_wins() -> None:
    assert named(Thing(), URN, SEED, {"bucket": "kept"}, {"bucket": "said"}) == {"bucket": "said"}
    assert named(Thing(), URN, SEED, {}, {"bucketPrefix": "p"}) == {"bucketPrefix": "p"}


def test_a_type_without_names_gets_none() -> None:
    assert named(Nameless(), URN, SEED, {}, {"a": 1}) == {"a": 1}
