#!/usr/bin/env python3
"""What the operator takes when nothing happens: 1,000 disabled plugins and 1,000 routes, then quiet.
   steady_bench.py PATCHBAY DOCKER_HOST [--quick]"""
import concurrent.futures
import os
import pathlib
import sys
import time

from bench_stage import CLIENTS, IMAGE, Engine, Patchbay, add_row, until

COUNT = 1000
MEMORY_AIM = 80e6
CPU_AIM = 1.0
QUIET = 12  # Postgres' sessions tell what they wrote up to 10 s late


def plugin(number):
    return {"apiVersion": "patchbay.dev/v1", "kind": "Plugin", "metadata": {"name": f"p-{number}"},
            "spec": {"enabled": False, "image": IMAGE, "ports": [{"name": "http", "containerPort": 8080}],
                     "env": [{"name": f"VARIABLE_{i}", "value": f"value {i}"} for i in range(5)],
                     "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}}}}


def route(number):
    return {"apiVersion": "patchbay.dev/v1", "kind": "Route", "metadata": {"name": f"p-{number}"},
            "spec": {"paths": [{"value": f"/p-{number}"}], "stripPath": True, "backends": [{"plugin": f"p-{number}", "port": "http"}]}}


def fill(patchbay):
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda number: patchbay.ask("POST", Patchbay.PLUGINS, plugin(number)), range(COUNT)))
        list(pool.map(lambda number: patchbay.ask("POST", Patchbay.ROUTES, route(number)), range(COUNT)))


def told(objects, condition):
    return sum(any(one["type"] == condition for one in item.get("status", {}).get("conditions", [])) for item in objects["items"])


def settle(patchbay, plugins=COUNT, routes=COUNT):
    """Until every object has its status and nothing was written for QUIET seconds."""
    until(lambda: told(patchbay.ask("GET", Patchbay.PLUGINS), "Ready") == plugins, 300, 0.5, "the plugins' status")
    until(lambda: told(patchbay.ask("GET", Patchbay.ROUTES), "Ready") == routes, 300, 0.5, "the routes' status")
    last, since = written(patchbay), time.monotonic()
    while time.monotonic() - since < QUIET:
        time.sleep(0.5)
        now = written(patchbay)
        if now != last:
            last, since = now, time.monotonic()


def written(patchbay):
    return revision(patchbay), tuples_written(patchbay)


def revision(patchbay):
    return int(patchbay.query("select value from patchbay.counter")[0])


def tuples_written(patchbay):
    return int(patchbay.query("select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_user_tables")[0])


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


def main():
    window = 10 if "--quick" in sys.argv else 30
    patchbay = Patchbay(sys.argv[1], Engine(sys.argv[2]))
    try:
        empty = resident(patchbay.child.pid)
        begin = time.monotonic()
        fill(patchbay)
        print(f"{2 * COUNT} objects created in {time.monotonic() - begin:.1f} s", flush=True)
        settle(patchbay)
        print(f"settled after {time.monotonic() - begin:.1f} s", flush=True)
        pid = patchbay.child.pid
        begin = time.monotonic()
        (revision_before, rows_before), cpu_before = written(patchbay), cpu_seconds(pid)
        time.sleep(window)
        cpu = (cpu_seconds(pid) - cpu_before) / (time.monotonic() - begin) * 100
        revisions = revision(patchbay) - revision_before
        rows = tuples_written(patchbay) - rows_before
        memory = resident(pid)
        add_row("steady, 1,000 plugins + 1,000 routes: memory", f"{memory / 1e6:.0f} MB", f"{empty / 1e6:.0f} MB empty", "-", "< 80 MB", memory < MEMORY_AIM)
        add_row(f"steady: CPU over {window} s", f"{cpu:.2f} % of a core", "-", "-", "< 1 %", cpu < CPU_AIM)
        add_row("steady: writes", f"{revisions} revisions, {rows} rows", "-", "-", "0", revisions == 0 and rows == 0)
    finally:
        patchbay.close()


if __name__ == "__main__":
    main()
