"""``strata:alarms``: what pages somebody, and whom."""

from typing import Annotated, Final

from pydantic import Field

from infra.config.sections.base import BOOLEAN, Key, Section

_PERCENT: Final = "0 to 100 percent; 0 sets no alarm"
_AN_ALARM: Final = "in place: the alarm gets the threshold, or is made or removed"


class HitRatioFloorConfig(Section):
    """The least share of requests of a class that the edge should answer itself, in percent; 0 sets no alarm."""

    static_data: Annotated[int, Key("the floor of class static_data", _AN_ALARM)] = Field(
        80, ge=0, le=100, description=_PERCENT
    )
    user_data: Annotated[int, Key("the floor of class user_data", _AN_ALARM)] = Field(
        40, ge=0, le=100, description=_PERCENT
    )
    realtime: Annotated[int, Key("the floor of class realtime", _AN_ALARM)] = Field(
        0, ge=0, le=100, description=_PERCENT
    )


class AlarmsConfig(Section):
    """The alarms on what pages somebody, and where they go."""

    enabled: Annotated[bool, Key("whether the stack has alarms", "in place: they are made or removed")] = Field(
        default=True, description=BOOLEAN
    )
    email: Annotated[str | None, Key("who gets a mail", "in place: the new address is asked to confirm")] = Field(
        None,
        pattern=r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$",
        description="an address, which confirms once and then gets each alarm",
    )
    topic_arn: Annotated[
        str | None, Key("the topic that alarms are sent to", "in place: a topic that the stack made is removed")
    ] = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$",
        description="the ARN of an SNS topic in the stack's region; without it the stack makes one",
    )
    hit_ratio_floor: Annotated[
        HitRatioFloorConfig, Key("the hit ratio, by cache class, under which somebody is paged", _AN_ALARM)
    ] = Field(default_factory=HitRatioFloorConfig, description="a mapping of a cache class to a percentage")
