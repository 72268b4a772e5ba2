"""GitHub as an identity provider of the account, of which there can be one for all repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.account.calls import Call
from strata.account.part import ITSELF, ForeignThingError, Part
from strata.account.settings import AUDIENCE, PROVIDER_HOST, TAGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from strata.account.calls import Account
    from strata.account.settings import AccountSettings

THING: Final = f"identity provider {PROVIDER_HOST}"


def parts(account: Account, settings: AccountSettings) -> Iterator[Part]:
    """Yield the provider: one that is there serves every repository, so it is used as it is."""
    create = Call(
        "iam",
        "CreateOpenIDConnectProvider",
        {
            # AWS trusts GitHub's certificate authority and needs no thumbprint.
            "Url": f"https://{PROVIDER_HOST}",
            "ClientIDList": [AUDIENCE],
            "Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()],
        },
    )
    yield Part(THING, ITSELF, wanted=AUDIENCE, read=lambda: _audience(account, settings), settle=lambda _: [create])


def _audience(account: Account, settings: AccountSettings) -> str | None:
    answer = account.ask(
        "iam",
        "GetOpenIDConnectProvider",
        ("NoSuchEntity", "NoSuchEntityException"),
        OpenIDConnectProviderArn=settings.provider_arn,
    )
    if answer is None:
        return None
    if AUDIENCE not in answer["ClientIDList"]:
        raise ForeignThingError(
            f"{THING} is there and does not take tokens for {AUDIENCE}",
            where={"audiences": ", ".join(answer["ClientIDList"]) or "none"},
            allowed=f"the audience {AUDIENCE} among them; others may use this provider, so it is not changed here",
            next_command="aws iam add-client-id-to-open-id-connect-provider"
            f" --open-id-connect-provider-arn {settings.provider_arn} --client-id {AUDIENCE}",
        )
    return AUDIENCE
