"""``strata:tenants``: a list of ids or objects, or a file that holds such a list."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from infra.config.problems import ConfigProblem, spell, unknown_key
from infra.config.values import Tenant
from strata.tenants import allowed_id, look_alike, wrong_id

#: Pulumi hands the whole config to the program in one environment variable, which Linux caps at 128 KiB.
MOST_INLINE_TENANTS: Final = 500
_KEYS: Final = ["id", "state", "onRemove", "confirm"]
_ALLOWED_LIST: Final = (
    "a list of tenant ids or of objects with " + ", ".join(_KEYS) + "; or {file: <path of such a list>}"
)
STATES: Final = ("active", "offboarding")
REMOVALS: Final = ("archive", "drop")

Report = Callable[[ConfigProblem], None]


def parse_tenants(raw: Any, directory: Path, report: Report, id_pattern: str | None = None) -> tuple[Tenant, ...]:
    """Return the tenants that the stack file names, reporting each problem on the way.

    Args:
        raw: the value of ``strata:tenants``.
        directory: what a relative ``file`` is relative to.
        report: called with each problem; entries with a problem are left out of the result.
        id_pattern: which ids the stack allows; the strict rule when None.
    """
    if isinstance(raw, dict):
        return _from_file(raw, directory, report, id_pattern)
    if isinstance(raw, list) and len(raw) > MOST_INLINE_TENANTS:
        report(
            ConfigProblem(
                "strata:tenants",
                f"{len(raw)} tenants are more than the {MOST_INLINE_TENANTS} that fit in a stack file",
                "move the list to a file of its own and write {file: <its path>} here",
            )
        )
    return _from_list(raw, None, report, id_pattern)


def _from_file(raw: dict[str, Any], directory: Path, report: Report, id_pattern: str | None) -> tuple[Tenant, ...]:
    if list(raw) != ["file"] or not isinstance(raw["file"], str):
        report(ConfigProblem("strata:tenants", "is neither a list nor {file: <path>}", _ALLOWED_LIST))
        return ()
    path = directory / raw["file"]
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it, or its name, is not UTF-8 without NUL"
        report(ConfigProblem("strata:tenants.file", f"{raw['file']} cannot be read: {reason}", "a readable file"))
        return ()
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        report(ConfigProblem("strata:tenants.file", f"{raw['file']} is not YAML: {reason}", "a YAML or JSON list"))
        return ()
    return _from_list(entries, raw["file"], report, id_pattern)


def _from_list(raw: Any, file: str | None, report: Report, id_pattern: str | None) -> tuple[Tenant, ...]:
    if not isinstance(raw, list):
        report(ConfigProblem("strata:tenants", "is not a list", _ALLOWED_LIST, file))
        return ()
    tenants: dict[str, Tenant] = {}
    first_index: dict[str, int] = {}
    for index, entry in enumerate(raw):
        values = entry if isinstance(entry, dict) else {"id": entry}
        problems = list(_problems(values, index, file, id_pattern))
        if isinstance(values.get("id"), str):
            first = first_index.setdefault(look_alike(values["id"]), index)
            if first != index:
                problems.append(_repeated(entry, index, raw[first], first, file))
        for problem in problems:
            report(problem)
        if not problems:
            tenants[values["id"]] = Tenant(
                values["id"], values.get("state", "active"), values.get("onRemove", "archive")
            )
    return tuple(tenants.values())


def _repeated(entry: Any, index: int, other: Any, first: int, file: str | None) -> ConfigProblem:
    """Return what is wrong with an entry whose id is that of one before, or looks like it."""
    tenant_id, other_id = (one["id"] if isinstance(one, dict) else one for one in (entry, other))
    key = spell(("tenants", index, *(("id",) if isinstance(entry, dict) else ())))
    if tenant_id == other_id:
        return ConfigProblem(key, f"{tenant_id!r} is already at strata:tenants[{first}]", "each tenant once", file)
    what = f"{tenant_id!a} looks like {other_id!a} at strata:tenants[{first}]"
    return ConfigProblem(key, what, "ids that differ in more than Unicode normalisation or blanks at an end", file)


def _problems(values: dict[str, Any], index: int, file: str | None, id_pattern: str | None) -> Iterator[ConfigProblem]:
    """Yield what is wrong with one entry."""
    for key in values:
        if key not in _KEYS:
            yield ConfigProblem(spell(("tenants", index, key)), *unknown_key(str(key), _KEYS), file)
    if what := wrong_id(values.get("id"), id_pattern):
        yield ConfigProblem(spell(("tenants", index, "id")), what, allowed_id(id_pattern), file)
    for key, allowed in (("state", STATES), ("onRemove", REMOVALS)):
        if key in values and values[key] not in allowed:
            yield ConfigProblem(
                spell(("tenants", index, key)), f"{values[key]!r} is unknown", " or ".join(allowed), file
            )
    yield from _removal_problems(values, index, file)


def _removal_problems(values: dict[str, Any], index: int, file: str | None) -> Iterator[ConfigProblem]:
    """Yield what is wrong with the confirmation that dropping a tenant's rows needs."""
    confirm = spell(("tenants", index, "confirm"))
    if values.get("onRemove") != "drop":
        if "confirm" in values:
            yield ConfigProblem(confirm, "confirms nothing", "only beside onRemove: drop", file)
    elif "confirm" not in values:
        yield ConfigProblem(confirm, "is missing, and onRemove: drop deletes every row", "the tenant's id again", file)
    elif values["confirm"] != values.get("id"):
        yield ConfigProblem(confirm, f"{values['confirm']!r} is not the tenant's id", f"{values.get('id')}", file)
