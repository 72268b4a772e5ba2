"""Data sources that find a CloudFront policy by name or id, managed ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from local.providers.aws.calls import find
from local.providers.aws.cloudfront_policies import CachePolicy, OriginRequestPolicy, ResponseHeadersPolicy, policies
from local.providers.resource import Function, Properties, ProviderError

if TYPE_CHECKING:
    from local.providers.aws.cloudfront_policies import Policy


class _GetPolicy(Function):
    """What the three data sources share."""

    policy: ClassVar[type[Policy]]

    def invoke(self, provider: Any, arguments: Properties) -> Properties:
        """Return the policy.

        Raises:
            ProviderError: no policy has that name or id, or neither was given.
        """
        kind, noun = self.policy.kind, self.policy.noun
        name, policy_id = arguments.get("name"), arguments.get("id")
        if not name and not policy_id:
            raise ProviderError(f"{self.token}: needs one of name and id")
        client = provider.client("cloudfront")
        policy_id = policy_id or self._id_of(client, str(name))
        answer = find(f"reading {noun}", getattr(client, f"get_{noun}"), Id=policy_id)
        if answer is None:
            raise ProviderError(f"{self.token}: no {noun.replace('_', ' ')} has the id {policy_id}")
        properties = self.policy.shape.from_service(answer[kind][f"{kind}Config"])
        return {
            **_listed(properties),
            "id": policy_id,
            "arn": self.policy.arn(provider, policy_id),
            "etag": answer["ETag"],
        }

    def _id_of(self, client: Any, name: str) -> str:
        kind, noun = self.policy.kind, self.policy.noun
        listing = policies(client, self.policy)
        for item in listing:
            if item[kind][f"{kind}Config"]["Name"] == name:
                return str(item[kind]["Id"])
        managed = sorted(i[kind][f"{kind}Config"]["Name"] for i in listing if i.get("Type") == "managed")
        raise ProviderError(
            f"{self.token}: no {noun.replace('_', ' ')} has the name {name}; managed ones: {', '.join(managed)}"
        )


def _listed(value: Any) -> Any:
    """Return properties as data sources answer them: every nested object as a list of one, under its plural."""
    if isinstance(value, list):
        return [_listed(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        _plural(name) if isinstance(item, dict) else name: [_listed(item or {"items": []})]
        if isinstance(item, dict)
        else _listed(item)
        for name, item in value.items()
    }


def _plural(name: str) -> str:
    if name.endswith("s"):
        return name
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


class GetCachePolicy(_GetPolicy):
    """``aws:cloudfront/getCachePolicy:getCachePolicy``."""

    token = "aws:cloudfront/getCachePolicy:getCachePolicy"  # noqa: S105 - a type token, no secret
    policy = CachePolicy


class GetOriginRequestPolicy(_GetPolicy):
    """``aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy``."""

    token = "aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy"  # noqa: S105 - a type token, no secret
    policy = OriginRequestPolicy


class GetResponseHeadersPolicy(_GetPolicy):
    """``aws:cloudfront/getResponseHeadersPolicy:getResponseHeadersPolicy``."""

    token = "aws:cloudfront/getResponseHeadersPolicy:getResponseHeadersPolicy"  # noqa: S105 - a type token, no secret
    policy = ResponseHeadersPolicy
