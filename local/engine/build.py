"""Build the Pulumi CLI from its Go modules, for machines that reach a module proxy and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.engine import progress
from local.engine.pin import MODULE_FOLDER, Pin
from local.engine.toolchain import find_go
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What the official release is built with (`.goreleaser.yml` of pulumi/pulumi).
TAGS: Final = "osusergo,grpcnotrace"
PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK_MODULE: Final = "github.com/pulumi/pulumi/sdk/v3"
VERSION_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
#: What the engine looks for in the CLI's folder, with its place in the SDK's Go module.
COMPANIONS: Final = {
    "pulumi-language-python-exec": "python/cmd/pulumi-language-python-exec",
    "pulumi-resource-pulumi-python": "python/dist/pulumi-resource-pulumi-python",
}


class EngineBuildError(StrataError):
    """The CLI could not be built from its modules."""


def build(folder: Path, pin: Pin, cache: Path) -> None:
    """Fill an existing folder with the CLI and its companions; takes minutes and 4 GB of disk the first time.

    Args:
        folder: where the executables go.
        pin: what to build.
        cache: the per-user cache, which holds the Go wheel where PATH has no Go.

    Raises:
        EngineBuildError: Go refused.
        VirtualEnvironmentError: no Go could be had.
    """
    go = find_go(os.environ.get("PATH", ""), pin.go_version, cache)
    own_caches = cache / "go-build" if go.is_relative_to(cache) else None
    environment = _environment(own_caches)
    try:
        _compile(go, folder, pin, environment)
        _copy_companions(go, folder, environment)
    except progress.CommandError as error:
        raise EngineBuildError(
            f"the Pulumi CLI {pin.version} could not be built: {str(error).splitlines()[-1]}",
            where={"module": MODULE_FOLDER / "go.mod", "go": go},
            allowed="a reachable Go module proxy (GOPROXY), 4 GB of disk; or a `pulumi` on PATH",
            next_command="make up (what was compiled is kept)",
        ) from error
    if own_caches is not None:
        _remove_caches(go, own_caches, environment)


def _environment(own_caches: Path | None) -> Mapping[str, str]:
    fixed = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0"}
    caches = {"GOPATH": str(own_caches / "path"), "GOCACHE": str(own_caches / "cache")} if own_caches else {}
    return {**os.environ, **fixed, **caches}


def _compile(go: Path, folder: Path, pin: Pin, environment: Mapping[str, str]) -> None:
    listing = [str(go), "list", "-deps", "-tags", TAGS, PACKAGE]
    packages = progress.run(
        listing, MODULE_FOLDER, environment, lambda lines: f"engine: downloading Go modules, {lines} so far"
    )
    flags = ["-trimpath", "-tags", TAGS, "-ldflags", f"-w -s -X {VERSION_VARIABLE}=v{pin.version}"]
    command = [str(go), "build", "-v", *flags, "-o", str(folder / "pulumi"), PACKAGE]
    total = len(packages)
    progress.run(
        command,
        MODULE_FOLDER,
        environment,
        lambda lines: f"engine: compiling pulumi {pin.version}, {lines} of {total} packages",
    )


def _copy_companions(go: Path, folder: Path, environment: Mapping[str, str]) -> None:
    listing = [str(go), "list", "-m", "-f", "{{.Dir}}", SDK_MODULE]
    module = Path(progress.run(listing, MODULE_FOLDER, environment, lambda _: "engine: copying plugins")[0])
    for name, source in COMPANIONS.items():
        # Module archives carry no run bit, and their files are read-only.
        shutil.copyfile(module / source, folder / name)
        (folder / name).chmod(0o755)


def _remove_caches(go: Path, own_caches: Path, environment: Mapping[str, str]) -> None:
    # Go writes its module cache read-only; only Go's own command removes it without a chmod of every folder.
    subprocess.run([str(go), "clean", "-modcache"], env=environment, check=False, capture_output=True)
    shutil.rmtree(own_caches, ignore_errors=True)
