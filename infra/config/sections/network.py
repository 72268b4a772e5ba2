"""``strata:network``: the VPC that the database is in."""

import ipaddress
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from infra.config.sections.base import Key, Section, Several

_OCTET: Final = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#: RFC 1918, in the sizes that leave 16 address ranges with room for a database each.
_PRIVATE_RANGE: Final = rf"^(10\.{_OCTET}|172\.(1[6-9]|2[0-9]|3[01])|192\.168)\.{_OCTET}\.{_OCTET}/(1[6-9]|2[0-4])$"
_SAME_VPC: Final = "replacement of the security groups; RDS refuses to move an instance to another VPC"


def _range(value: str) -> str:
    ipaddress.IPv4Network(value)
    return value


class NewNetworkConfig(Section):
    """A VPC that the stack makes."""

    cidr: Annotated[
        Annotated[str, Field(pattern=_PRIVATE_RANGE), AfterValidator(_range)],
        Key(
            "the address range of the VPC",
            "replacement of the VPC and its subnets: refused while deletionProtection holds, and otherwise by RDS, "
            "which moves no instance to another VPC",
        ),
    ] = Field("10.0.0.0/16", description="a private IPv4 range from /16 to /24, for example 10.20.0.0/16")
    zones: Annotated[
        Literal[2, 3],
        Key(
            "how many availability zones have a database subnet",
            "in place: to 3, a subnet is added; to 2, RDS refuses while the instance or its standby is in the third",
        ),
    ] = Field(3, description="2 or 3, and no more than the region has")


class ExistingNetworkConfig(Section):
    """A VPC that is already there."""

    vpc_id: Annotated[str, Key("the VPC that is there, to use instead of making one", _SAME_VPC)] = Field(
        pattern=r"^vpc-[0-9a-f]+$", description="the id of a VPC, vpc-..."
    )
    private_subnet_ids: Annotated[
        Several[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]],
        Key(
            "where the instance may be",
            "in place; RDS refuses to leave out the subnet that the instance or its standby is in",
        ),
    ] = Field(min_length=2, description="two or more ids of private subnets in different zones, subnet-...")
    allowed_security_group_ids: Annotated[
        Several[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")]],
        Key("whose members may connect; without any, the stack makes a group to join", "in place"),
    ] = Field((), description="ids of the security groups that may connect to the database, sg-...")


NetworkConfig = NewNetworkConfig | ExistingNetworkConfig
