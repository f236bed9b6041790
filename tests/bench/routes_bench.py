#!/usr/bin/env python3
"""5,000 routes on Caddy beside 1,000 disabled plugins: how soon one route's change is visible at the gateway, what it costs
when 1,000 routes change at once, and what is left when nothing happens.
   routes_bench.py PATCHBAY DOCKER_HOST [--quick]"""
import concurrent.futures
import http.client
import http.server
import json
import pathlib
import random
import sys
import threading
import time

from bench_stage import CLIENTS, Engine, Patchbay, UnixConnection, add_row, until
from steady_bench import cpu_seconds, plugin, settle

ROUTES = 5000
PLUGINS = 1000
AT_ONCE = 1000
CPU_AIM = 1.0
MARK = "X-Bench"


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def route(number, port, mark):
    return {"apiVersion": "patchbay.dev/v1", "kind": "Route", "metadata": {"name": f"r-{number}"},
            "spec": {"paths": [{"value": f"/r-{number}"}], "backends": [{"url": f"http://127.0.0.1:{port}"}],
                     "headers": {"response": {"set": {MARK: mark}}}}}


def change(patchbay, number, mark):
    patchbay.ask("PATCH", f"{Patchbay.ROUTES}/r-{number}", {"spec": {"headers": {"response": {"set": {MARK: mark}}}}}, kind="application/merge-patch+json")


def seen(gateway_port, number):
    """The mark that the gateway sets for this route; a reload may reset a connection that was not accepted yet."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway_port, timeout=30)
    try:
        connection.request("GET", f"/r-{number}")
        return connection.getresponse().getheader(MARK)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def publishes(patchbay):
    """Changes made to the gateway's configuration, so far: each is a reload."""
    lines = patchbay.ask("GET", "/metrics").splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines
               if line.startswith("patchbay_gateway_changes_total") and 'outcome="made"' in line)


def caddy_pid(patchbay):
    children = pathlib.Path(f"/proc/{patchbay.child.pid}/task/{patchbay.child.pid}/children").read_text().split()
    for task in pathlib.Path(f"/proc/{patchbay.child.pid}/task").iterdir():
        children += (task / "children").read_text().split()
    return next(int(pid) for pid in children if "caddy" in pathlib.Path(f"/proc/{pid}/cmdline").read_text())


def reload_caddy(patchbay):
    """Seconds that Caddy itself takes to load its configuration, a foreign log in it changed: the floor of any change."""
    admin = UnixConnection(str(next(patchbay.data.rglob("admin.sock"))), 60)

    def ask(method, path, body=None):
        admin.request(method, path, body, {"Host": "", "Content-Type": "application/json"})  # it takes no other host
        answer = admin.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise SystemExit(f"error: Caddy's {method} {path}: {answer.status} {text}")
        return text

    config = json.loads(ask("GET", "/config/"))
    times = []
    for turn in range(5):
        config.setdefault("logging", {}).setdefault("logs", {})["bench"] = {"level": "ERROR", "include": [f"bench.{turn}"]}
        text = json.dumps(config)
        begin = time.monotonic()
        ask("POST", "/load", text)
        times.append(time.monotonic() - begin)
    return sorted(times)[len(times) // 2]


def main():
    quick = "--quick" in sys.argv
    single, window = (20, 10) if quick else (100, 30)
    backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=backend.serve_forever, daemon=True).start()
    port = backend.server_address[1]
    patchbay = Patchbay(sys.argv[1], Engine(sys.argv[2]))
    try:
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda number: patchbay.ask("POST", Patchbay.PLUGINS, plugin(number)), range(PLUGINS)))
            list(pool.map(lambda number: patchbay.ask("POST", Patchbay.ROUTES, route(number, port, "new")), range(ROUTES)))
        settle(patchbay, PLUGINS, ROUTES)
        print(f"{PLUGINS + ROUTES} objects settled after {time.monotonic() - begin:.1f} s", flush=True)

        times = []
        for turn in range(single):
            number, mark = random.randrange(ROUTES), f"one-{turn}"
            begin = time.monotonic()
            change(patchbay, number, mark)
            until(lambda: seen(patchbay.gateway_port, number) == mark, 60, 0.005, "a route's change")
            times.append(time.monotonic() - begin)
        times.sort()
        reload = reload_caddy(patchbay)
        add_row("5,000 routes: one change visible at the gateway, p99", f"{times[int(len(times) * 0.99) - 1]:.2f} s",
                f"{reload:.2f} s a reload of Caddy", f"{times[int(len(times) * 0.99) - 1] / reload:.2f}", "-")
        add_row("5,000 routes: the same, median", f"{times[len(times) // 2]:.2f} s", f"{reload:.2f} s", f"{times[len(times) // 2] / reload:.2f}", "-")

        caddy = caddy_pid(patchbay)
        before = (publishes(patchbay), cpu_seconds(patchbay.child.pid), cpu_seconds(caddy))
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda number: change(patchbay, number, "many"), range(AT_ONCE)))
        until(lambda: all(seen(patchbay.gateway_port, number) == "many" for number in range(0, AT_ONCE, 50)), 120, 0.05, "the change of many routes")
        took = time.monotonic() - begin
        settle(patchbay, PLUGINS, ROUTES)
        spent = [(now - then) for now, then in zip((publishes(patchbay), cpu_seconds(patchbay.child.pid), cpu_seconds(caddy)), before)]
        add_row("1,000 of 5,000 routes change at once", f"visible after {took:.2f} s", f"{spent[0]:.0f} reloads",
                f"{spent[1] * 1000 / AT_ONCE:.2f} ms of our cpu, {spent[2] * 1000 / AT_ONCE:.2f} ms of Caddy's each", "-")

        begin, cpu = time.monotonic(), cpu_seconds(patchbay.child.pid)
        time.sleep(window)
        share = (cpu_seconds(patchbay.child.pid) - cpu) / (time.monotonic() - begin) * 100
        add_row("converged, 1,000 plugins + 5,000 routes: CPU", f"{share:.2f} % of a core", "-", "-", "< 1 %", share < CPU_AIM)
    finally:
        patchbay.close()


if __name__ == "__main__":
    main()
