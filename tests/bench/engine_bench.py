#!/usr/bin/env python3
"""How much slower the operator is than its engine: `patchbay apply` of 20 plugins beside 16 threads that call the
engine's API for the same containers, beside docker-compose and swarm; a killed replica's replacement, beside swarm; and
10 replicas all new, beside the same engine calls.
   engine_bench.py PATCHBAY DOCKER_HOST [--quick]"""
import concurrent.futures
import os
import shutil
import subprocess
import sys
import time

from bench_stage import CLIENTS, IMAGE, Engine, Patchbay, Starts, add_row, address_of, await_answer, median_round, until

COUNT = 20
REPLICAS = 10
DIRECT = "patchbay.dev/bench=direct"
PLUGIN = """---
apiVersion: patchbay.dev/v1
kind: Plugin
metadata: {name: bench-%d}
spec:
  image: %s
  ports: [{name: http, containerPort: 8080}]
  readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 5}
"""


class EngineBench:
    def __init__(self, binary, engine):
        self.engine = engine
        self.patchbay = Patchbay(binary, engine)
        self.label = self.patchbay.installation_label()
        self.manifest = self.patchbay.folder / "plugins.yaml"
        self.manifest.write_text("".join(PLUGIN % (number, IMAGE) for number in range(COUNT)))
        self.template = None  # the body of the engine's create, as the operator made them

    def apply(self):
        """Seconds from `patchbay apply` to 20 containers that answer; they stay."""
        starts = Starts(self.engine, self.label)
        begin = time.monotonic()
        self.patchbay.run("apply", "-f", str(self.manifest))
        end = starts.await_count(COUNT)
        starts.close()
        until(lambda: self.ready_count() == COUNT, 60, 0.02, "Ready of all plugins")
        print(f"  apply: {end - begin:.2f} s to {COUNT} answering, {time.monotonic() - begin:.2f} s to all Ready", flush=True)
        return end - begin

    def ready_count(self):
        return sum(item.get("status", {}).get("readyReplicas", 0) for item in self.patchbay.ask("GET", Patchbay.PLUGINS)["items"])

    def take_template(self):
        made = self.engine.inspect(self.engine.labelled(self.label, every=False)[0]["Id"])
        labels = {name: value for name, value in made["Config"]["Labels"].items() if name != "patchbay.dev/installation"}
        config = {name: made["Config"][name] for name in ("Env", "ExposedPorts", "StopTimeout") if name in made["Config"]}
        self.template = {"Image": IMAGE, **config, "HostConfig": made["HostConfig"], "Labels": {**labels, "patchbay.dev/bench": "direct"}}

    def delete_all(self):
        self.patchbay.run("delete", "-f", str(self.manifest))
        until(lambda: not self.engine.labelled(self.label), 60, 0.05, "the removal of the containers")

    def direct_one(self, _=None):
        """Seconds of one create, start and answer."""
        begin = time.monotonic()
        container = self.engine.ask("POST", "/containers/create", self.template)["Id"]
        self.engine.ask("POST", f"/containers/{container}/start")
        end = await_answer(address_of(self.engine.inspect(container)))
        return end - begin

    def direct(self):
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            begin = time.monotonic()
            list(pool.map(self.direct_one, range(COUNT)))
            took = time.monotonic() - begin
        print(f"  direct: {took:.2f} s", flush=True)
        self.engine.remove_labelled(DIRECT)
        return took

    def measure_apply(self, rounds):
        pairs = []
        for _ in range(rounds):
            ours = self.apply()
            if self.template is None:
                self.take_template()
            self.delete_all()
            pairs.append((ours, self.direct()))
        ours, direct = median_round(pairs)
        add_row(f"apply of {COUNT} plugins to answering", f"{ours:.2f} s", f"{direct:.2f} s 16 threads, Docker API", f"{ours / direct:.2f}", "<= 1.1",
                ours / direct <= 1.1)
        return ours

    def measure_kill(self, rounds):
        self.apply()
        pairs = []
        for number in range(rounds):
            label = f"patchbay.dev/plugin=bench-{number}"
            victim = next(one["Id"] for one in self.engine.labelled(self.label, every=False) if one["Labels"]["patchbay.dev/plugin"] == f"bench-{number}")
            starts = Starts(self.engine, label)
            begin = time.monotonic()
            self.engine.ask("POST", f"/containers/{victim}/kill")
            healed = starts.await_count(1) - begin
            starts.close()
            direct = self.direct_one()
            self.engine.remove_labelled(DIRECT)
            print(f"  kill: {healed:.3f} s to the replacement's answer; direct create+start {direct:.3f} s", flush=True)
            pairs.append((healed, direct))
        healed, direct = median_round(pairs)
        add_row("docker kill to its replacement answering", f"{healed:.2f} s", f"{direct:.2f} s direct create+start", f"{healed / direct:.2f}", "<= 2",
                healed / direct <= 2)
        self.delete_all()
        return healed

    def group(self, version):
        """A plugin whose new containers all come at once, as the direct calls do."""
        return {"apiVersion": "patchbay.dev/v1", "kind": "Plugin", "metadata": {"name": "group", "namespace": "default"},
                "spec": {"image": IMAGE, "replicas": REPLICAS, "ports": [{"name": "http", "containerPort": 8080}],
                         "env": [{"name": "VERSION", "value": str(version)}], "strategy": {"type": "Atomic"},
                         "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 5}}}

    def is_new(self, generation):
        status = self.patchbay.ask("GET", Patchbay.PLUGINS + "/group").get("status", {})
        ready = [one for one in status.get("conditions", []) if one["type"] == "Ready" and one["status"] == "True"]
        return bool(ready) and status.get("observedGeneration") == generation and len(self.engine.labelled(self.label)) == REPLICAS

    def direct_group(self):
        """Seconds of as many creates, starts and answers, and then of the stops and removals of as many old ones."""
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(self.direct_one, range(REPLICAS)))
            old = [one["Id"] for one in self.engine.labelled(DIRECT)]
            begin = time.monotonic()
            list(pool.map(self.direct_one, range(REPLICAS)))
            list(pool.map(lambda container: self.engine.ask("POST", f"/containers/{container}/stop"), old))
            list(pool.map(lambda container: self.engine.ask("DELETE", f"/containers/{container}"), old))
            took = time.monotonic() - begin
        self.engine.remove_labelled(DIRECT)
        return took

    def measure_all_new(self, rounds):
        made = self.patchbay.ask("POST", Patchbay.PLUGINS, self.group(0))
        until(lambda: self.is_new(made["metadata"]["generation"]), 60, 0.02, "the first Ready")
        pairs = []
        for version in range(1, rounds + 1):
            present = self.patchbay.ask("GET", Patchbay.PLUGINS + "/group")["metadata"]
            begin = time.monotonic()
            put = self.patchbay.ask("PUT", Patchbay.PLUGINS + "/group", {**self.group(version), "metadata": present})
            until(lambda: self.is_new(put["metadata"]["generation"]), 120, 0.02, "the rollout")
            ours = time.monotonic() - begin
            pairs.append((ours, self.direct_group()))
            print(f"  {REPLICAS} all new: {ours:.2f} s, direct {pairs[-1][1]:.2f} s", flush=True)
        ours, direct = median_round(pairs)
        add_row(f"apply to all new, {REPLICAS} replicas, old ones gone", f"{ours:.2f} s", f"{direct:.2f} s the same engine calls", f"{ours / direct:.2f}")
        self.patchbay.ask("DELETE", Patchbay.PLUGINS + "/group")
        until(lambda: not self.engine.labelled(self.label), 60, 0.05, "the removal of the containers")

    def kill_in_swarm(self, service, healed):
        victim = self.engine.labelled(f"com.docker.swarm.service.name={service}", every=False)[0]["Id"]
        starts = Starts(self.engine, f"com.docker.swarm.service.name={service}")
        begin = time.monotonic()
        self.engine.ask("POST", f"/containers/{victim}/kill")
        took = starts.await_count(1, 60) - begin
        starts.close()
        add_row(f"beside: kill of 1 of {COUNT} in swarm", f"{healed:.2f} s", f"{took:.2f} s swarm", f"{healed / took:.2f}")

    def measure_compose(self, ours):
        name = "docker-compose up"
        if not shutil.which("docker-compose"):
            return add_row(f"beside: {name} of {COUNT}", "-", "docker-compose is not installed")
        folder = self.patchbay.folder / "compose"
        folder.mkdir()
        (folder / "docker-compose.yml").write_text(f"version: '3'\nservices:\n  app:\n    image: {IMAGE}\n    expose: ['8080']\n")
        project = f"patchbaybench{os.getpid()}"
        starts = Starts(self.engine, f"com.docker.compose.project={project}")
        environment = {**os.environ, "DOCKER_HOST": self.engine.address}
        begin = time.monotonic()
        compose = ["docker-compose", "-p", project, "-f", str(folder / "docker-compose.yml")]
        subprocess.run([*compose, "up", "-d", "--scale", f"app={COUNT}"], env=environment, check=True, capture_output=True)
        took = starts.await_count(COUNT) - begin
        starts.close()
        self.engine.remove_labelled(f"com.docker.compose.project={project}")
        subprocess.run([*compose, "down"], env=environment, capture_output=True)
        add_row(f"beside: the same through {name}", f"{ours:.2f} s", f"{took:.2f} s {name}", f"{ours / took:.2f}")

    def measure_swarm(self, ours, healed):
        name = "docker service create"
        bridge_was_there = isinstance(self.engine.ask("GET", "/networks/docker_gwbridge", expect=None).get("Id"), str)
        word = self.begin_swarm()
        if word:
            return add_row(f"beside: the same through {name}", f"{ours:.2f} s", f"none: {word}")
        try:
            service = f"patchbaybench{os.getpid()}"
            starts = Starts(self.engine, f"com.docker.swarm.service.name={service}")
            begin = time.monotonic()
            subprocess.run(["docker", "-H", self.engine.address, "service", "create", "--detach", "--no-resolve-image", "--name", service, "--replicas",
                            str(COUNT), IMAGE], check=True, capture_output=True)
            took = starts.await_count(COUNT, 60) - begin
            starts.close()
            add_row(f"beside: the same through {name}", f"{ours:.2f} s", f"{took:.2f} s {name}", f"{ours / took:.2f}")
            self.kill_in_swarm(service, healed)
            subprocess.run(["docker", "-H", self.engine.address, "service", "rm", service], capture_output=True)
            until(lambda: not self.engine.labelled(f"com.docker.swarm.service.name={service}"), 60, 0.1, "the end of the service")
        except (SystemExit, subprocess.CalledProcessError) as error:
            add_row(f"beside: the same through {name}", f"{ours:.2f} s", f"none: {str(error)[:60]}")
        finally:
            self.engine.ask("POST", "/swarm/leave?force=true", expect=None)
            if not bridge_was_there:
                self.engine.ask("DELETE", "/networks/docker_gwbridge", expect=None)

    def begin_swarm(self):
        """Nothing, or why there is none. A node that is in a swarm already is left alone."""
        if not shutil.which("docker"):
            return "the docker program is not installed"
        if self.engine.ask("GET", "/info", expect=None).get("Swarm", {}).get("LocalNodeState") != "inactive":
            return "this engine has no swarm of its own to make"
        answer = self.engine.ask("POST", "/swarm/init", {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1"}, expect=None)
        return answer["message"][:60] if isinstance(answer, dict) else ""

    def close(self):
        self.engine.remove_labelled(DIRECT)
        self.patchbay.close()


def main():
    rounds = 1 if "--quick" in sys.argv else 3
    bench = EngineBench(sys.argv[1], Engine(sys.argv[2]))
    try:
        ours = bench.measure_apply(rounds)
        bench.measure_compose(ours)
        healed = bench.measure_kill(1 if rounds == 1 else 5)
        bench.measure_all_new(rounds)
        bench.measure_swarm(ours, healed)
    finally:
        bench.close()


main()
