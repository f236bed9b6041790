#!/usr/bin/env python3
"""Writes the table of docs/gateways.md from operator/driver/gateway/capabilities.h.

gateways_page.py [ROOT]           writes it
gateways_page.py --check [ROOT]   only says whether it is current: 0 when it is
"""
import pathlib
import re
import sys

BEGIN, END = "<!-- from capabilities.h: begin -->\n", "<!-- from capabilities.h: end -->\n"
ROW = re.compile(r'Capability\{"([^"]*)", "([^"]*)", "([^"]*)", Can::k(\w+), "((?:[^"\\]|\\.)*)"\}')


def table(header):
    rows = ROW.findall(header)
    if not rows or len(rows) != header.count("Capability{\""):
        sys.exit("capabilities.h: some rows cannot be read")
    gateways = list(dict.fromkeys((gateway, versions) for gateway, versions, *_ in rows))
    cells = {(gateway, field): f"{can.lower()}{': ' if how else ''}{how}" for gateway, _, field, can, how in rows}
    lines = ["| Route.spec | " + " | ".join(f"{gateway.capitalize()} {versions}" for gateway, versions in gateways) + " |",
             "| --- |" + " --- |" * len(gateways)]
    for field in dict.fromkeys(field for _, _, field, _, _ in rows):
        # A field that has no row of its own is as the whole is.
        parts = [cells.get((gateway, field)) or cells.get((gateway, re.split(r"[.=]", field)[0])) or "" for gateway, _ in gateways]
        lines.append(f"| `{field}` | " + " | ".join(parts) + " |")
    return "\n".join(lines) + "\n"


def main():
    names = [name for name in sys.argv[1:] if name != "--check"]
    root = pathlib.Path(names[0] if names else pathlib.Path(__file__).parent.parent)
    page = root / "docs/gateways.md"
    text = page.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    current = before + BEGIN + table((root / "operator/driver/gateway/capabilities.h").read_text()) + END + after
    if "--check" in sys.argv:
        if current != text:
            sys.exit("docs/gateways.md is not what operator/driver/gateway/capabilities.h says: run scripts/gateways_page.py")
        print("docs/gateways.md is current")
    else:
        page.write_text(current)


main()
