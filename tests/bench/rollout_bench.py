#!/usr/bin/env python3
"""What a rollout costs those who are being served: requests on new connections, one after the other from 8 clients, and
from 4 that ask for what takes 4 s, while an application that closes its connections at SIGTERM is replaced again and again.
Ours through Caddy; beside it docker-compose, which recreates, and swarm's start-first, through its routing mesh and through
Caddy.
   rollout_bench.py PATCHBAY DOCKER_HOST [--quick]"""
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from bench_stage import IMAGE, Engine, Patchbay, add_row, free_port, until

PATHS = ["/"] * 8 + ["/slow?ms=4000"] * 4  # a client for each
REPLICAS = 3


class Load:
    def __init__(self, port):
        self.port = port
        self.good = self.bad = 0
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.ask_on, args=[path], daemon=True) for path in PATHS]
        for thread in self.threads:
            thread.start()

    def ask_on(self, path):
        while not self.ended.is_set():
            good = False
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                connection.request("GET", path, headers={"Connection": "close"})
                answer = connection.getresponse()
                answer.read()
                good = answer.status == 200
                connection.close()
            except (OSError, http.client.HTTPException):
                pass
            with self.lock:
                self.good, self.bad = self.good + good, self.bad + (not good)
            if not good:
                time.sleep(0.005)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        return self.bad, self.good + self.bad


def serves(port, path="/"):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def plugin(version):
    return {"apiVersion": "patchbay.dev/v1", "kind": "Plugin", "metadata": {"name": "app", "namespace": "default"},
            "spec": {"image": IMAGE, "replicas": REPLICAS, "ports": [{"name": "http", "containerPort": 8080}],
                     "env": [{"name": "VERSION", "value": str(version)}, {"name": "ON_TERM", "value": "close"}],
                     "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1}}}


def measure_ours(binary, engine, rollouts):
    patchbay = Patchbay(binary, engine)
    try:
        patchbay.ask("POST", Patchbay.PLUGINS, plugin(0))
        patchbay.ask("POST", Patchbay.ROUTES, {
            "apiVersion": "patchbay.dev/v1", "kind": "Route", "metadata": {"name": "app", "namespace": "default"},
            "spec": {"paths": [{"type": "Prefix", "value": "/"}], "backends": [{"plugin": "app", "port": "http"}]}})
        port = patchbay.gateway_port

        def is_done():
            found = patchbay.ask("GET", Patchbay.PLUGINS + "/app")
            ready = [one["status"] for one in found["status"].get("conditions", []) if one["type"] == "Ready"]
            return ready == ["True"] and found["status"].get("observedGeneration") == found["metadata"]["generation"]

        until(lambda: is_done() and serves(port), 60, 0.05, "the first Ready")
        load = Load(port)
        begin = time.monotonic()
        for version in range(1, rollouts + 1):
            body = plugin(version)
            patchbay.ask("PUT", Patchbay.PLUGINS + "/app", {**body, "metadata": {**patchbay.ask("GET", Patchbay.PLUGINS + "/app")["metadata"]}})
            until(is_done, 120, 0.05, "a rollout")
        return (*load.end(), (time.monotonic() - begin) / rollouts)
    finally:
        patchbay.close()


def measure_compose(engine, folder, rollouts):
    port = free_port()
    project = f"patchbayroll{os.getpid()}"
    file = f"{folder}/docker-compose.yml"

    def up(version):
        with open(file, "w") as text:
            text.write(f"version: '3'\nservices:\n  app:\n    image: {IMAGE}\n    ports: ['127.0.0.1:{port}:8080']\n"
                       f"    environment: {{VERSION: '{version}', ON_TERM: close}}\n")
        subprocess.run(["docker-compose", "-p", project, "-f", file, "up", "-d"], check=True, capture_output=True,
                       env={**os.environ, "DOCKER_HOST": engine.address})

    up(0)
    try:
        until(lambda: serves(port), 60, 0.05, "compose's first answer")
        load = Load(port)
        begin = time.monotonic()
        for version in range(1, rollouts + 1):
            up(version)
            until(lambda: serves(port), 60, 0.02, "compose's answer")
        return (*load.end(), (time.monotonic() - begin) / rollouts)
    finally:
        engine.remove_labelled(f"com.docker.compose.project={project}")


def make_caddy_image(docker, service):
    """Caddy in an image of its own: its program, what that is linked with, and a configuration that asks Docker's DNS."""
    upstreams = {"source": "a", "name": f"tasks.{service}", "port": "8080", "refresh": "250ms", "resolver": {"addresses": ["udp/127.0.0.11:53"]}}
    route = {"handle": [{"handler": "reverse_proxy", "dynamic_upstreams": upstreams}]}
    with tempfile.TemporaryDirectory() as folder:
        program = shutil.which("caddy")
        linked = [word for word in subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout.split() if word.startswith("/")]
        for file in [program, *linked]:
            target = pathlib.Path(folder + file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        pathlib.Path(folder, "caddy.json").write_text(json.dumps({"apps": {"http": {"servers": {"all": {"listen": [":80"], "routes": [route]}}}}}))
        packed = subprocess.run(["tar", "-C", folder, "-c", "."], check=True, capture_output=True).stdout
        subprocess.run([*docker, "import", "-", service], input=packed, check=True, capture_output=True)
    return [service, shutil.which("caddy"), "run", "--config", "/caddy.json"]


def measure_swarm(engine, rollouts, mesh):
    """Through swarm's routing mesh, which needs IPVS in the kernel, or through a Caddy that asks Docker's DNS for its tasks."""
    if engine.ask("GET", "/info", expect=None).get("Swarm", {}).get("LocalNodeState") != "inactive":
        return "this engine has no swarm of its own to make"
    answer = engine.ask("POST", "/swarm/init", {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1"}, expect=None)
    if isinstance(answer, dict):
        return answer["message"][:60]
    port, service = free_port(), f"patchbayroll{os.getpid()}"
    docker = ["docker", "-H", engine.address]
    here = ["--publish", f"{port}:8080"] if mesh else ["--network", service, "--endpoint-mode", "dnsrr"]
    try:
        if not mesh:
            subprocess.run([*docker, "network", "create", "--driver", "overlay", "--attachable", service], check=True, capture_output=True)
        subprocess.run([*docker, "service", "create", "--detach", "--no-resolve-image", "--name", service, "--replicas", str(REPLICAS), "--env",
                        "ON_TERM=close", *here, IMAGE], check=True, capture_output=True, timeout=60)
        if not mesh:
            subprocess.run([*docker, "run", "--detach", "--name", service, "--network", service, "--publish", f"127.0.0.1:{port}:80",
                            *make_caddy_image(docker, service)], check=True, capture_output=True)
        until(lambda: serves(port), 30, 0.1, "swarm's first answer")
        load = Load(port)
        begin = time.monotonic()
        for version in range(1, rollouts + 1):
            subprocess.run([*docker, "service", "update", "--no-resolve-image", "--update-order", "start-first", "--update-monitor", "1s",
                            "--env-add", f"VERSION={version}", service], check=True, capture_output=True, timeout=120)
        return (*load.end(), (time.monotonic() - begin) / rollouts)
    except subprocess.CalledProcessError as error:
        return error.stderr.decode()[:70].strip()
    except (SystemExit, subprocess.SubprocessError) as error:
        return str(error)[:70]
    finally:
        for leftover in (["service", "rm"], ["rm", "--force"], ["network", "rm"], ["rmi"]):
            subprocess.run([*docker, *leftover, service], capture_output=True)
        engine.ask("POST", "/swarm/leave?force=true", expect=None)


def main():
    rollouts = 3 if "--quick" in sys.argv else 10
    engine = Engine(sys.argv[2])
    bad, all_, seconds = measure_ours(sys.argv[1], engine, rollouts)
    ours = f"{bad} of {all_}"
    add_row(f"failed requests in {rollouts} rollouts of {REPLICAS} replicas", ours, f"{seconds:.1f} s a rollout", "-", "0", bad == 0)
    if shutil.which("docker-compose"):
        folder = os.environ.get("TMPDIR", "/tmp")
        bad, all_, seconds = measure_compose(engine, folder, rollouts)
        add_row("beside: docker-compose up of a changed service", ours, f"{bad} of {all_}, {seconds:.1f} s each")
    for way, mesh in (("its routing mesh", True), ("Caddy", False)):
        swarm = measure_swarm(engine, rollouts, mesh) if shutil.which("docker") else "the docker program is not installed"
        add_row(f"beside: docker service update, start-first, through {way}", ours,
                f"none: {swarm}" if isinstance(swarm, str) else f"{swarm[0]} of {swarm[1]}, {swarm[2]:.1f} s each")


main()
