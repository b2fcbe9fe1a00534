"""Everything that docker-compose.yml describes, as processes: two PostgreSQL servers, Temporal, our services, customers."""

import csv
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from chaos.soak import STOCK_FACTOR
from cli.arguments import DATA_FOLDER
from deployment.ground import Ground
from deployment.postgres import Server
from deployment.report import Wrong
from deployment.shop import Shop
from deployment.system import System, Where, last_document
from deployment.temporal import BuiltServer, DevelopmentServer, Temporal, low_ports, set_up_namespace
from embedded.ports import HOST, free_ports

_AUDITS: Final = 20  # attempts: messages go out after an order has shipped
ROLES_SCRIPT: Final = Path("deploy") / "postgres" / "10-roles.sh"


@dataclass
class Deployment:
    """The running parts: each stage may put another server or system in the place of one."""

    ground: Ground
    postgres: Server
    temporal: Temporal
    temporal_database: Server | None
    system: System
    shop: Shop
    others: list[System] = field(default_factory=list)
    replicas: list[Server] = field(default_factory=list)

    @property
    def servers(self) -> list[Server]:
        return [self.postgres, *([] if self.temporal_database is None else [self.temporal_database])]

    def new_system(self, where: Where) -> System:
        """A system that is not started yet, and that the end of the run stops."""
        system = System(self.ground, where)
        self.others.append(system)
        return system

    def elsewhere(self, database: str, namespace: str, root: Path) -> Where:
        """A place on the same servers that shares nothing with the system that runs."""
        where = replace(self.system.where, database=database, namespace=namespace, root=root)
        return replace(where, api_port=free_ports(1)[0])

    async def create_database(self, database: str) -> None:
        """A database with the rights that the roles' script gives to the first one."""
        await self.postgres.sql(f"create database {database} owner orders_owner")
        await self.postgres.sql(f"revoke connect, temporary on database {database} from public")
        await self.postgres.sql(f"grant connect on database {database} to orders_app")

    @property
    def owner(self) -> dict[str, str]:
        """The owner's login, for PostgreSQL's programs."""
        password = self.ground.compose.service("migrate", {}).environment["PGPASSWORD"]
        return {"PGUSER": "orders_owner", "PGPASSWORD": password}

    async def one_shots(self) -> None:
        """The services that end by themselves, in the order in which they wait for each other."""
        await self.temporal.set_up()
        await set_up_namespace(self.ground, self.temporal.port, self.system.where.namespace)
        await self.system.migrate()

    async def stock(self, system: System) -> None:
        """Enough of everything, by the command that operators use."""
        file = self.ground.folder / "stock.csv"
        with (DATA_FOLDER / "northwind" / "products.csv").open() as source, file.open("w") as target:
            rows = csv.DictReader(source)
            writer = csv.DictWriter(target, rows.fieldnames or ())
            writer.writeheader()
            writer.writerows({**row, "unitsInStock": int(row["unitsInStock"]) * STOCK_FACTOR + 9999} for row in rows)
        file.chmod(0o644)
        code, output = await system.command("inventory", "import", str(file))
        if code:
            raise Wrong(f"inventory import: {output}")

    async def books_hold(self, system: System | None = None, shop: Shop | None = None) -> str:
        """Wait until every order has ended, then audit. Raises Wrong with the findings. Returns the tally, for people."""
        system, shop = system or self.system, shop or self.shop
        await shop.all_ended()
        for _ in range(_AUDITS):
            code, output = await system.command("audit", "--json")
            report = last_document(output)
            if code == 0:
                break
        else:
            raise Wrong(f"the audit does not hold: {output[-2000:]}")
        known = next(check["numbers"]["orders"] for check in report["checks"] if check["check"] == "streams")
        if known != len(shop.placed):
            raise Wrong(f"{len(shop.placed)} orders were placed, and the books know of {known}")
        return f"{shop.tally}, the audit holds"

    async def close(self) -> None:
        """Stop everything that runs, in the order in which docker compose does."""
        async with AsyncExitStack() as stack:
            for server in (*self.servers, *self.replicas):
                stack.push_async_callback(server.stop)
            stack.push_async_callback(self.temporal.stop)
            for system in (self.system, *self.others):
                stack.push_async_callback(system.down)


def new_deployment(ground: Ground, postgres_bin: Path, temporal_programs: Path | None) -> Deployment:
    """A deployment that does not run yet. temporal_programs: None for the development server in place of Temporal's own."""
    ports, [temporal_port] = free_ports(3), low_ports(1)
    given = ground.compose.service("postgres", {}).environment
    postgres = Server(ground, postgres_bin, "postgres", ports[0], "postgres", given["POSTGRES_PASSWORD"])
    temporal: Temporal
    database = None
    if temporal_programs is None:
        temporal = DevelopmentServer(ground, temporal_port)
    else:
        name = "temporal-postgres"
        given = ground.compose.service(name, {}).environment
        database = Server(ground, postgres_bin, name, ports[1], given["POSTGRES_USER"], given["POSTGRES_PASSWORD"])
        temporal = BuiltServer(ground, temporal_programs, database, temporal_port)
    where = Where(postgres.address, f"{HOST}:{temporal.port}", ports[2])
    system = System(ground, where)
    return Deployment(ground, postgres, temporal, database, system, Shop(system.url, "shop"))
