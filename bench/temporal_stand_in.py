"""A stand-in for Temporal's frontend that answers every start at once: `python -m bench.temporal_stand_in`.

It prints its address, and notes the ids of the workflows in the order in which their starts arrive. The SDK's requests are
read as the server reads them, and nothing is stored or run.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGKILL
from typing import Any, Final

import grpc
from temporalio.api.workflowservice.v1 import (
    GetSystemInfoRequest,
    GetSystemInfoResponse,
    SignalWithStartWorkflowExecutionRequest,
    SignalWithStartWorkflowExecutionResponse,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
)

from embedded.child import Job, child
from embedded.folders import throwaway_folder

_SERVICE: Final = "temporal.api.workflowservice.v1.WorkflowService"
_NOTES: Final = "bench.Notes"
_ROOT: Final = Path(__file__).resolve().parent.parent
_START_LIMIT: Final = 60.0  # seconds
_LARGEST: Final = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class _Frontend:
    def __init__(self) -> None:
        self._started: list[str] = []

    async def get_system_info(self, request: GetSystemInfoRequest, _: object) -> GetSystemInfoResponse:
        return GetSystemInfoResponse(server_version="1.32.0")

    async def start(self, request: StartWorkflowExecutionRequest, _: object) -> StartWorkflowExecutionResponse:
        self._started.append(request.workflow_id)
        return StartWorkflowExecutionResponse(run_id=request.workflow_id, started=True)

    async def signal_with_start(
        self, request: SignalWithStartWorkflowExecutionRequest, _: object
    ) -> SignalWithStartWorkflowExecutionResponse:
        self._started.append(request.workflow_id)
        return SignalWithStartWorkflowExecutionResponse(run_id=request.workflow_id, started=True)

    async def arrived(self, request: bytes, _: object) -> bytes:
        return "\n".join(self._started).encode()

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        service = {
            "GetSystemInfo": _answered(self.get_system_info, GetSystemInfoRequest),
            "StartWorkflowExecution": _answered(self.start, StartWorkflowExecutionRequest),
            "SignalWithStartWorkflowExecution": _answered(
                self.signal_with_start, SignalWithStartWorkflowExecutionRequest
            ),
        }
        notes = {"Arrived": grpc.unary_unary_rpc_method_handler(self.arrived)}
        return [grpc.method_handlers_generic_handler(*each) for each in ((_SERVICE, service), (_NOTES, notes))]


def _answered(answer: Any, request: Any) -> grpc.RpcMethodHandler:
    return grpc.unary_unary_rpc_method_handler(
        answer,
        request_deserializer=request.FromString,
        response_serializer=lambda response: response.SerializeToString(),
    )


@asynccontextmanager
async def stand_in() -> AsyncIterator[tuple[str, int]]:
    """The stand-in in a process of its own: its address, and the id of its guard."""
    with throwaway_folder() as folder:
        log = folder / "temporal.log"
        argv = (sys.executable, "-m", "bench.temporal_stand_in")
        job = Job("stand-in", argv, log, SIGKILL, environment=dict(os.environ) | {"PYTHONPATH": str(_ROOT)})

        async def ready() -> bool:
            return "127.0.0.1:" in log.read_text()

        async with child(job) as process:
            await process.ready(ready, _START_LIMIT)
            yield log.read_text().splitlines()[-1], process.process.pid


async def arrived(address: str) -> list[str]:
    """Workflow ids of all starts so far, in the order of their arrival."""
    async with grpc.aio.insecure_channel(address, options=_LARGEST) as channel:
        return bytes(await channel.unary_unary(f"/{_NOTES}/Arrived")(b"")).decode().split("\n")


async def _serve() -> None:
    server = grpc.aio.server(options=_LARGEST)
    server.add_generic_rpc_handlers(_Frontend().handlers())
    print(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}", flush=True)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve())
