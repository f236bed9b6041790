"""Compares every #include "room/..." in operator/ with the floors that operator/README.md draws, and keeps each
third-party library in its room."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
USES = {
    "base": set(),
    "http": {"base"},
    "object": {"base"},
    "schema": {"object", "base"},
    "store": {"object", "base"},
    "driver": {"http", "object", "base"},
    "cache": {"store", "object", "base"},
    "api": {"cache", "store", "schema", "http", "object", "base"},
    "controller": {"cache", "store", "driver", "schema", "http", "object", "base"},
    "telemetry": {"cache", "store", "object", "base"},
    "dev": {"http", "store", "driver", "object", "base"},
    "cli": {"store", "schema", "http", "object", "base"},
}
# A header whose name begins so belongs to one room.
LIBRARIES = {
    "cpprest/": "http", "pplx/": "http", "boost/": "http", "curl/": "http", "pqxx": "store", "libpq": "store",
    "sodium": "store",
    "yaml-cpp/": "object", "rapidjson/": "object", "re2/": "schema", "prometheus/": "telemetry", "CLI/": "cli",
    "google/protobuf/": "api", "zlib.h": "api",
}

faults = []
for path in sorted(ROOT.glob("operator/**/*")):
    if path.suffix not in (".h", ".cc"):
        continue
    parts = path.relative_to(ROOT / "operator").parts
    room = parts[0] if len(parts) > 1 else "app"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        own = re.match(r'#include "([a-z_]+)/', line)
        place = f"{path.relative_to(ROOT)}:{number}"
        if own and room != "app" and own[1] != room and own[1] not in USES[room]:
            faults.append(f"{place}: {room} may not include {own[1]}")
        # The three drivers are neighbours, not one room.
        if room == "driver" and own and own[1] == "driver":
            neighbour = re.match(r'#include "driver/([a-z]+)/', line)
            if neighbour and neighbour[1] != parts[1]:
                faults.append(f"{place}: driver/{parts[1]} may not include driver/{neighbour[1]}")
        foreign = re.match(r"#include <([^>]+)>", line)
        if foreign:
            for prefix, home in LIBRARIES.items():
                if foreign[1].startswith(prefix) and room != home:
                    faults.append(f"{place}: <{foreign[1]}> belongs to {home}")

print("\n".join(faults) or "every include looks down")
sys.exit(1 if faults else 0)
