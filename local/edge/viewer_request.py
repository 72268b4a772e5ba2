"""The viewer request function: run before the cache is looked up, it changes the request or answers itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from local.edge.answer import Answer, refused
from local.edge.event import apply_result, function_event
from local.edge.messages import FunctionFailure, OriginResponse

if TYPE_CHECKING:
    from local.edge.exchange import EdgeRequest
    from local.edge.messages import RunFunction
    from local.edge.model import Distribution, EdgeFunction
    from local.edge.settings import EdgeSettings

#: Status, result type and rule of a function that gave no valid result (Developer Guide, pages on HTTP 502 and 503).
_FAILURES: Final = {
    "throws": (503, "FunctionExecutionError", "function-throws"),
    "timeout": (503, "FunctionThrottledError", "function-timeout"),
    "missing": (503, "FunctionExecutionError", "function-missing"),
    "invalid": (502, "FunctionExecutionError", "function-invalid"),
}
_GENERATED: Final = "FunctionGeneratedResponse"


async def run_viewer_request(
    distribution: Distribution,
    function: EdgeFunction,
    request: EdgeRequest,
    run_function: RunFunction,
    settings: EdgeSettings,
) -> tuple[EdgeRequest | Answer, str | None]:
    """Return the request as the function left it, or its answer, and what it logged."""
    event, given = function_event(distribution, request, settings)
    log_data = None
    try:
        result = await run_function(function.arn, event)
        log_data = result.log_data
        outcome = apply_result(result.value, request, given, settings)
    except FunctionFailure as failure:
        status, result_type, rule = _FAILURES[failure.kind]
        return refused(status, result_type, rule, result_type=result_type), log_data
    if isinstance(outcome, OriginResponse):
        return Answer(outcome, _GENERATED, _GENERATED, ("function-generated",)), log_data
    return outcome, log_data
