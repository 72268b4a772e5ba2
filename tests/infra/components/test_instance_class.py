import pytest

from infra.components.instance_class import max_connections, memory_bytes, most_cpu_credits

GIB = 1024**3


@pytest.mark.parametrize(
    ("instance_class", "gib"),
    [
        ("db.t4g.micro", 1),
        ("db.t4g.small", 2),
        ("db.t4g.medium", 4),
        ("db.t4g.large", 8),
        ("db.t3.2xlarge", 32),
        ("db.m7g.large", 8),
        ("db.m6i.32xlarge", 512),
        ("db.r7g.xlarge", 32),
        ("db.r6g.16xlarge", 512),
        ("db.x2g.large", 32),
    ],
)
def test_memory_follows_from_family_and_size(instance_class, gib):
    assert memory_bytes(instance_class) == gib * GIB


@pytest.mark.parametrize("instance_class", ["db.z1d.large", "db.m7g.huge"])
def test_a_class_that_is_not_known_has_no_memory(instance_class):
    assert memory_bytes(instance_class) is None


@pytest.mark.parametrize(("gib", "connections"), [(1, 112), (4, 450), (32, 3604), (64, 5000)])
def test_connections_are_those_of_rds(gib, connections):
    assert max_connections(gib * GIB) == connections


@pytest.mark.parametrize(
    ("instance_class", "most"), [("db.t4g.micro", 288), ("db.t4g.medium", 576), ("db.r7g.xlarge", None)]
)
def test_only_burstable_classes_have_credits(instance_class, most):
    assert most_cpu_credits(instance_class) == most
