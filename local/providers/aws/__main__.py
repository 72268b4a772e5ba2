"""``pulumi-resource-aws``: the engine starts it with its own address as the only argument."""

from local.providers.aws.provider import Aws
from local.providers.server import serve

if __name__ == "__main__":
    serve(Aws)
