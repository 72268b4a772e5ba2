"""What the wire asks of a provider: its configuration, its types, and what all of them have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from local.providers.sdk import Sdk

if TYPE_CHECKING:
    from local.providers.resource import CheckFailure, Function, Properties, ResourceType


class NotModelledError(Exception):
    """The program uses a resource type or function that the stand-in does not have."""

    def __init__(self, token: str) -> None:
        super().__init__(f"not modelled by the local provider: {token}")
        self.token = token


class Provider:
    """One plugin process's provider; subclasses fill the class variables and the methods."""

    #: The plugin's name, as in ``pulumi-resource-<name>``.
    name: ClassVar[str]
    #: The Python package of its SDK.
    package: ClassVar[str]
    #: Inputs that every resource type takes and the provider handles, top-level.
    common_inputs: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        self.sdk = Sdk(self.package)

    def check_config(self, config: Properties) -> list[CheckFailure]:
        """Return the rules that the provider's configuration breaks; values may be `UNKNOWN`."""
        raise NotImplementedError

    def configure(self, config: Properties) -> None:
        """Take the configuration; called once, before any resource, and connects to nothing."""
        raise NotImplementedError

    def resource_type(self, token: str) -> ResourceType:
        """Return the resource type of a token.

        Raises:
            NotModelledError: the stand-in has no such type.
        """
        raise NotImplementedError

    def function(self, token: str) -> Function:
        """Return the function of a token.

        Raises:
            NotModelledError: the stand-in has no such function.
        """
        raise NotImplementedError

    def effective_inputs(self, inputs: Properties) -> Properties:
        """Return the inputs as resource types see them, with what the provider's configuration adds."""
        return inputs

    def derived_outputs(self, outputs: frozenset[str], inputs: Properties) -> Properties:
        """Return the outputs that follow from the inputs and the provider's configuration alone.

        Args:
            outputs: the names of the outputs that the type has.
            inputs: the program's inputs.
        """
        del outputs, inputs
        return {}

    def mirrored(self, live: Properties, inputs: Properties) -> Properties:
        """Return live outputs with what the provider's configuration adds to inputs taken apart again."""
        del inputs
        return live

    def explain(self, error: Exception) -> str | None:
        """Return one line for a service's own refusal, or None for an error that is not expected."""
        del error
        return None
