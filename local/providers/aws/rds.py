"""The resource types of RDS."""

from typing import Final

from local.providers.aws.rds_events import EventSubscription
from local.providers.aws.rds_instance import Instance
from local.providers.aws.rds_parameters import ParameterGroup
from local.providers.aws.rds_subnets import SubnetGroup
from local.providers.resource import Function, ResourceType

RESOURCES: Final[tuple[type[ResourceType], ...]] = (EventSubscription, Instance, ParameterGroup, SubnetGroup)
FUNCTIONS: Final[tuple[type[Function], ...]] = ()
