"""docker-compose.yml: its services' commands, environments and mounts, with addresses and paths of this machine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
_VARIABLE: Final = re.compile(r"\$\{(\w+):-([^}]*)\}")
_ADDRESS: Final = re.compile(r"(?<![\w.-])([a-z-]+:\d+)\b")


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the file. arguments: of the entrypoint and the command; version: of its image."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class Compose:
    """The file as Docker Compose reads it. variables: the values of its `${…}`, its own defaults elsewhere."""

    services: Mapping[str, Any]
    root: Path
    variables: Mapping[str, str]

    def service(self, name: str, places: Mapping[str, str]) -> Service:
        """A service on this machine. places: host:port of the containers' network to host:port of this machine."""
        entry = self.services[name]
        mounts = self._mounts(entry)
        environment = {
            variable: self._here(str(value), places, mounts) for variable, value in entry["environment"].items()
        }
        arguments = (*entry.get("entrypoint", ()), *entry.get("command", ()))
        return Service(
            name=name,
            arguments=tuple(self._here(each, places, mounts) for each in arguments),
            environment={variable: value for variable, value in environment.items() if value},
            version=entry["image"].partition("@")[0].rpartition(":")[2],
        )

    def _mounts(self, entry: Mapping[str, Any]) -> dict[str, Path]:
        volumes = [each.split(":") for each in entry.get("volumes", ()) if each.startswith("./")]
        return {inside: self.root / outside for outside, inside, *_ in volumes}

    def _here(self, value: str, places: Mapping[str, str], mounts: Mapping[str, Path]) -> str:
        value = _VARIABLE.sub(lambda found: self.variables.get(found[1], found[2]), value)
        for inside, outside in mounts.items():
            if value.startswith(f"{inside}/"):
                return str(outside) + value.removeprefix(inside)
        return _ADDRESS.sub(lambda found: places.get(found[1], found[1]), value)


def read_compose(variables: Mapping[str, str], root: Path = ROOT) -> Compose:
    """The file of a copy of the project."""
    return Compose(yaml.safe_load((root / "docker-compose.yml").read_text())["services"], root, variables)
