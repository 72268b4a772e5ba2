"""The local edge at work: a core that follows what is deployed, with its function worker, its origin and its log."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Self

from local.edge import control_plane
from local.edge.access_log import FLUSH_SECONDS, AccessLog, Entry
from local.edge.clock import AdjustableClock
from local.edge.core import Edge
from local.edge.function_worker import FunctionWorker
from local.edge.messages import Decision, ViewerResponse
from local.edge.origin_client import OriginClient
from strata import aws
from strata.caching.reference import resolve_edge
from strata.errors import StrataError

if TYPE_CHECKING:
    from local.edge.control_plane import Deployment, Invalidations
    from local.edge.messages import ViewerRequest

#: How soon an invalidation acts; CloudFront's own take seconds too.
INVALIDATION_SECONDS: Final = 1.0
#: Every how many looks for invalidations everything else is read, which takes 15 calls: a deploy is seen after 3 s.
DEPLOYMENT_EVERY: Final = 3
_CLOSING_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class EdgeRuntime:
    """One local edge, from reading what is deployed to writing the last line of its log.

    Args:
        reference: of the stack's edge (`strata.caching.reference`).
        origin_url: where the origin listens on this machine.
    """

    def __init__(self, reference: str, origin_url: str) -> None:
        self.reference = reference
        self.origin_url = origin_url
        self.clock = AdjustableClock()
        self.access_log = AccessLog()
        #: Why nothing is served: the stack has no distribution any more, or one that is not modelled.
        self.refusal: str | None = None
        self.deployment: Deployment | None = None
        self.edge: Edge | None = None
        self.worker = FunctionWorker()
        self._origin = OriginClient(origin_url)
        self._invalidations: Invalidations | None = None
        self._following = asyncio.Lock()
        self._told: str | None = None
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start the worker and read what is deployed.

        Raises:
            StrataError: what is deployed cannot be served.
        """
        async with AsyncExitStack() as opened:
            await self.worker.start()
            opened.push_async_callback(self.worker.stop)
            await opened.enter_async_context(self._origin)
            await self._follow()
            for work in (self._follow_for_ever(), self._flush_for_ever()):
                opened.push_async_callback(_cancelled, asyncio.create_task(work))
            self._open = opened.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Write what is left of the log, and stop."""
        try:
            await asyncio.wait_for(self.access_log.flush(), _CLOSING_SECONDS)
        except TimeoutError:
            _log.warning("the last access logs could not be written in time")
        await self._open.aclose()

    async def handle(self, request: ViewerRequest) -> ViewerResponse:
        """Answer a viewer."""
        if self.refusal is not None or self.edge is None or self.deployment is None:
            return _refused(self.refusal or "not started")
        came = self.clock()
        response = await self.edge.handle(request)
        self.access_log.add(Entry(came, request, response, self.deployment.distribution.domain_name))
        return response

    async def refresh(self) -> None:
        """Follow what is deployed and invalidated by now, without waiting for the next look.

        Raises:
            StrataError: what is deployed cannot be served.
        """
        await self._follow()
        await self._apply_invalidations()

    async def _follow(self) -> None:
        async with self._following:
            parameters = await asyncio.to_thread(resolve_edge, self.reference)
            found = await asyncio.to_thread(control_plane.read, parameters.distribution_id)
            if found != self.deployment:
                await self._take(found)
            self.refusal = None

    async def _take(self, found: Deployment) -> None:
        distribution = found.distribution
        self._origin.replace_origins(distribution.origins)
        self.worker.deploy(found.functions)
        self.worker.set_stores(found.stores)
        if self.edge is None or self.deployment is None or self.deployment.distribution.id != distribution.id:
            self.edge = Edge(distribution, self.clock, self._origin, self.worker)
            self._invalidations = await asyncio.to_thread(control_plane.Invalidations, distribution.id)
        else:
            self.edge.replace_distribution(distribution)
        self.access_log.replace_deliveries(distribution.id, found.log_deliveries)
        self.deployment = found
        _log.info("follows distribution %s with %d behaviors", distribution.id, len(distribution.behaviors))

    async def _apply_invalidations(self) -> None:
        async with self._following:
            if self._invalidations is None or self.edge is None:
                return
            items = await asyncio.to_thread(self._invalidations.new_items)
            if items:
                self.edge.invalidate(items)
                _log.info("invalidated %s", ", ".join(items))

    async def _follow_for_ever(self) -> None:
        look = 0
        while True:
            await asyncio.sleep(INVALIDATION_SECONDS)
            look += 1
            try:
                # First: where AWS does not answer at all, this says so, and what was deployed last is served on.
                await self._apply_invalidations()
                if look % DEPLOYMENT_EVERY == 0:
                    await self._follow()
            except aws.failures() as error:
                self._tell(f"does not see what is deployed: {error}")
            except StrataError as error:
                self.refusal = str(error)
                self._tell(f"serves nothing: {error}")
            else:
                self._told = None

    def _tell(self, trouble: str) -> None:
        """Log a trouble once, however long it lasts."""
        if trouble != self._told:
            _log.error("%s", trouble)
        self._told = trouble

    async def _flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.access_log.flush()


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _refused(reason: str) -> ViewerResponse:
    body = f"the local edge serves nothing: {reason}\n".encode()
    headers = (
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("content-length", str(len(body))),
    )
    return ViewerResponse(503, headers, body, Decision("", (), "Error", "Error"))
