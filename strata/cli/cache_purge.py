"""`strata cache purge`: what a purge would send and cost, then the purge; or a tenant's new epoch."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from strata.caching.epochs import bump_tenant_epoch, tenant_epoch
from strata.caching.purge import Cloudflare, CloudFront, Fastly, PurgePlan, PurgeResult, plan_purge, purge_cdn_cache
from strata.caching.purge.run import DEADLINE_SECONDS
from strata.cli.output import AsJson, DryRun, console, print_facts, print_json, print_table, progress_console
from strata.cli.stack_edge import EdgeReference, edge_of
from strata.errors import StrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from strata.caching.purge import Provider, PurgeCost, PurgeProgress

ProviderName = Literal["cloudfront", "cloudflare", "fastly"]
AccountPlan = Literal["free", "pro", "business", "enterprise"]

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH", help="Paths; * at the end stands for all that begin alike.")
]
Tags = Annotated[list[str] | None, typer.Option(metavar="TAG", help="A tag of the origin's; repeatable.")]
Tenant = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Give this tenant a new epoch; as the edge names it: its claim, or the host."),
]
Soft = Annotated[bool, typer.Option("--soft", help="Mark answers stale instead of removing them.")]
ProviderOption = Annotated[ProviderName, typer.Option(help="Whose cache.")]
ZoneId = Annotated[str | None, typer.Option(metavar="ID", help="Cloudflare's zone.")]
ServiceId = Annotated[str | None, typer.Option(metavar="ID", help="Fastly's service.")]
TokenReference = Annotated[
    str | None,
    typer.Option(
        metavar="env:NAME", help="Variable with the API token; by default CLOUDFLARE_API_TOKEN or FASTLY_API_TOKEN."
    ),
]
PublicUrl = Annotated[
    str | None,
    typer.Option(metavar="https://HOST", help="Where viewers find the cache; paths need it, but not on CloudFront."),
]
AccountPlanOption = Annotated[AccountPlan, typer.Option(help="Cloudflare's plan, for its limits.")]
Wait = Annotated[bool, typer.Option(help="Wait until every cache is purged, where the provider tells.")]
DeadlineSeconds = Annotated[float, typer.Option(min=1, metavar="SECONDS", help="When to give up.")]
IdempotencyKey = Annotated[
    str | None, typer.Option(metavar="KEY", help="Go on with the purge that ended with this key.")
]


class NoStoreError(StrataError):
    """The stack's edge has no KeyValueStore, so its tenants have no epochs."""


@dataclass(frozen=True)
class _Epoch:
    """A tenant's epoch before and after; after is None when nothing was changed."""

    tenant: str
    before: int | None
    after: int | None


def purge(  # noqa: PLR0913 - a command's parameters are its options
    paths: Paths = None,
    *,
    tag: Tags = None,
    tenant: Tenant = None,
    soft: Soft = False,
    provider: ProviderOption = "cloudfront",
    zone_id: ZoneId = None,
    service_id: ServiceId = None,
    token: TokenReference = None,
    public_url: PublicUrl = None,
    account_plan: AccountPlanOption = "free",
    edge: EdgeReference = None,
    wait: Wait = True,
    deadline_seconds: DeadlineSeconds = DEADLINE_SECONDS,
    idempotency_key: IdempotencyKey = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make a cache forget paths, tags or a tenant."""
    if not (paths or tag or tenant):
        raise typer.BadParameter("nothing to purge: a PATH, --tag or --tenant")
    if tenant and provider != "cloudfront":
        raise typer.BadParameter("a tenant's epoch is in CloudFront's KeyValueStore", param_hint="--tenant")
    plan = result = epoch = None
    if paths or tag:
        cache = _provider(provider, edge, zone_id, service_id, token, public_url, account_plan)
        plan = plan_purge(cache, paths or (), tag or (), soft)
    if tenant:
        epoch = _new_epoch(edge, tenant, dry_run=dry_run)
    if not as_json:
        _show(epoch, plan)
    if plan and not dry_run:
        with _progress(len(plan.batches), waits=wait and cache.reports_completion) as on_progress:
            result = purge_cdn_cache(
                cache,
                paths or (),
                tag or (),
                soft,
                idempotency_key=idempotency_key,
                wait=wait,
                deadline_seconds=deadline_seconds,
                on_progress=on_progress,
            )
    if as_json:
        print_json({"epoch": epoch, "plan": plan, "result": result})
    elif plan:
        _show_result(result)


def _new_epoch(edge: str | None, tenant: str, *, dry_run: bool) -> _Epoch:
    store_arn = edge_of(edge).key_value_store_arn
    if store_arn is None:
        raise NoStoreError(
            "the stack's edge has no KeyValueStore, so a tenant alone cannot be purged",
            where={"tenant": tenant},
            allowed="paths or tags, which purge them for all tenants",
            next_command="set strata:cdn.keyValueStore: true, then pulumi up",
        )
    before = tenant_epoch(store_arn, tenant)
    return _Epoch(tenant, before, None if dry_run else bump_tenant_epoch(store_arn, tenant))


def _provider(
    name: ProviderName,
    edge: str | None,
    zone_id: str | None,
    service_id: str | None,
    token: str | None,
    public_url: str | None,
    account_plan: AccountPlan,
) -> Provider:
    if name == "cloudfront":
        return CloudFront(edge_of(edge).distribution_id)
    if name == "cloudflare":
        if not zone_id:
            raise typer.BadParameter("Cloudflare needs it", param_hint="--zone-id")
        return Cloudflare(zone_id, token or "env:CLOUDFLARE_API_TOKEN", public_url, account_plan)
    if not service_id:
        raise typer.BadParameter("Fastly needs it", param_hint="--service-id")
    return Fastly(service_id, token or "env:FASTLY_API_TOKEN", public_url)


@contextmanager
def _progress(batches: int, *, waits: bool) -> Iterator[Callable[[PurgeProgress], None]]:
    columns = (TextColumn("purging"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn())
    # A terminal sees what the purge waits for; a log gets nothing but the result.
    shown = progress_console()
    with Progress(
        *columns, TextColumn("{task.description}"), console=shown, transient=True, disable=not shown.is_terminal
    ) as bar:
        task = bar.add_task("", total=batches)

        def on_progress(progress: PurgeProgress) -> None:
            done = progress.completed if waits else progress.submitted
            bar.update(task, completed=done, description=progress.note)

        yield on_progress


def _show(epoch: _Epoch | None, plan: PurgePlan | None) -> None:
    if epoch:
        _show_epoch(epoch)
    if plan:
        _show_plan(plan)


def _show_epoch(epoch: _Epoch) -> None:
    if epoch.after is None:
        _say(f"tenant {epoch.tenant}: epoch {epoch.before} would be raised by one; nothing was done")
        return
    _say(
        f"tenant {epoch.tenant}: epoch {epoch.before} -> {epoch.after}\n"
        "Edge locations read it within seconds; from then on nothing that was kept for this tenant is found again.\n"
        "It is not deleted: it leaves the caches when its TTL ends, and other tenants' answers stay.\n"
        "Nobody checks that a tenant of this name exists: compare it with `strata logs hit-ratio --by tenant`."
    )


def _show_plan(plan: PurgePlan) -> None:
    kind = "soft purge" if plan.soft else "purge"
    items, calls = _count(len(plan.items), "item"), _count(len(plan.batches), "call")
    _say(f"{kind} of {items} on {plan.provider}, {plan.target}, in {calls}")
    print_table(
        ("call", "kind", "items", "first"),
        [(number, batch.kind, len(batch.items), batch.values[0]) for number, batch in enumerate(plan.batches, 1)],
    )
    _say(f"cost: {_usd(plan.cost)} ({plan.cost.source})")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _usd(cost: PurgeCost) -> str:
    if cost.at_least_usd == cost.at_most_usd:
        return f"${cost.at_most_usd}"
    return f"${cost.at_least_usd} to ${cost.at_most_usd}"


def _show_result(result: PurgeResult | None) -> None:
    if result is None:
        _say("nothing was sent")
        return
    done = "complete" if result.completed else "accepted"
    _say(f"{done} after {result.seconds:.1f} s")
    print_facts([("ids", ", ".join(result.ids) or None), ("idempotency key", result.idempotency_key)])


def _say(text: str) -> None:
    console().print(text, soft_wrap=True)
