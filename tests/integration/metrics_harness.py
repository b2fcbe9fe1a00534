"""A running system with metrics, and a scraper."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client

from embedded.ports import free_ports
from telemetry.process import metrics_served
from tests.running_system import RunningSystem, running_system, until


@dataclass(frozen=True)
class Scraper:
    """Reads the metrics of a process."""

    address: str

    async def page(self) -> str:
        return await asyncio.to_thread(self._read)

    def _read(self) -> str:
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    async def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """Values of a sample by its labels' values, in the order of the labels' names."""
        return samples(await self.page(), name)

    async def value(self, name: str, *labels: str) -> float | None:
        """One value; None if it is absent."""
        return (await self.samples(name)).get(labels)

    async def becomes(self, expected: float | None, name: str, *labels: str, seconds: float = 30) -> None:
        """Wait until a sample has this value, or is absent (None)."""

        async def has() -> bool:
            return await self.value(name, *labels) == expected

        await until(has, f"{name}{labels} is {expected}", seconds)


def samples(page: str, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == name
    }


_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "info": ("_info",)}


def names(page: str) -> set[str]:
    """Names of samples, also of a family without a sample yet."""
    families = list(text_string_to_metric_families(page))
    kinds = {f"{each.name}{suffix}" for each in families for suffix in _SUFFIXES.get(each.type, ("",))}
    return kinds | {sample.name for each in families for sample in each.samples}


@asynccontextmanager
async def measured_system(
    database_url: str, client: Client, **options: Any
) -> AsyncIterator[tuple[RunningSystem, Scraper]]:
    """The whole system with metrics."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    async with (
        running_system(database_url, client, metrics_address=address, **options) as system,
        metrics_served(system.app.settings, system.app.sources(client), client),
    ):
        yield system, Scraper(address)
