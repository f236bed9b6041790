"""What the benches in Python share: `patchbay dev` in a folder of its own, the engine's HTTP API, and the table's rows."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

CLIENTS = 16
IMAGE = "patchbay-example:latest"


def add_row(name, ours, peer="-", ratio="-", aim="-", met=None):
    line = "\t".join([name, ours, peer, ratio, aim, "-" if met is None else "yes" if met else "NO"])
    print(line, flush=True)
    table = os.environ.get("PATCHBAY_BENCH_TABLE")
    if table:
        with open(table, "a") as file:
            file.write(line + "\n")


def until(holds, seconds=60, every=0.01, what="it"):
    """The first true value of holds()."""
    deadline = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise SystemExit(f"error: {what} took more than {seconds} s")
        time.sleep(every)


def median_round(rounds):
    """Of (ours, peer): the one whose ratio is the median."""
    return sorted(rounds, key=lambda pair: pair[0] / pair[1])[len(rounds) // 2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("engine", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Endpoint:
    """An HTTP server; one kept connection for each thread that asks."""

    def __init__(self, address):
        self.address = address
        self.kept = threading.local()

    def connection(self, timeout=60):
        if self.address.startswith("unix://"):
            return UnixConnection(self.address[7:], timeout)
        return http.client.HTTPConnection(self.address.split("://")[-1], timeout=timeout)

    def ask(self, method, path, body=None, expect=(200, 201, 202, 204, 304), kind="application/json"):
        if not hasattr(self.kept, "connection"):
            self.kept.connection = self.connection()
        text = None if body is None else json.dumps(body)
        self.kept.connection.request(method, path, text, {"Content-Type": kind} if text else {})
        answer = self.kept.connection.getresponse()
        content = answer.read().decode()
        if expect and answer.status not in expect:
            raise SystemExit(f"error: {method} {path}: {answer.status} {content}")
        return json.loads(content) if "json" in answer.getheader("Content-Type", "") else content


class Engine(Endpoint):
    def labelled(self, label, every=True):
        filters = urllib.parse.quote(json.dumps({"label": [label]}))
        return self.ask("GET", f"/containers/json?all={1 if every else 0}&filters={filters}")

    def inspect(self, container):
        return self.ask("GET", f"/containers/{container}/json")

    def remove(self, container):
        self.ask("DELETE", f"/containers/{container}?force=1&v=1", expect=(204, 404, 409))

    def remove_labelled(self, label):
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda one: self.remove(one["Id"]), self.labelled(label)))


def address_of(inspected):
    networks = inspected["NetworkSettings"]["Networks"] or {}
    return next((network["IPAddress"] for network in networks.values() if network["IPAddress"]), "")


def answers(address, port=8080):
    try:
        connection = http.client.HTTPConnection(address, port, timeout=1)
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
        connection.close()
        return status == 200
    except OSError:
        return False


def await_answer(address):
    """The moment it answered."""
    until(lambda: answers(address), every=0.005, what=f"an answer of {address}")
    return time.monotonic()


class Starts:
    """Hears of containers that carry a label as they start, and asks each until it answers: answered[id] is when. One
    that started, and was gone before it was looked at, is left out."""

    def __init__(self, engine, label):
        self.engine = engine
        self.answered = {}
        self.pool = concurrent.futures.ThreadPoolExecutor(32)
        filters = urllib.parse.quote(json.dumps({"type": ["container"], "event": ["start"], "label": [label]}))
        self.connection = engine.connection(timeout=None)
        self.connection.request("GET", f"/events?filters={filters}")
        # The engine sends the head of its answer with the first event, or at once: either way the listening has begun.
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        time.sleep(0.1)

    def read(self):
        try:
            for line in self.connection.getresponse():
                if line.strip():
                    self.pool.submit(self.look, json.loads(line)["Actor"]["ID"])
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass  # closed

    def look(self, container):
        address = address_of(self.engine.inspect(container))
        if address:
            self.answered[container] = await_answer(address)

    def await_count(self, count, seconds=120):
        """When the last of the first `count` answered."""
        until(lambda: len(self.answered) >= count, seconds, 0.005, f"the start of {count} containers")
        return max(list(self.answered.values())[:count])

    def close(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()
        self.pool.shutdown(wait=False, cancel_futures=True)


class Patchbay(Endpoint):
    """`patchbay dev`: private Postgres, Caddy and the operator; ends with its containers and its folder."""

    PLUGINS = "/apis/patchbay.dev/v1/namespaces/default/plugins"
    ROUTES = "/apis/patchbay.dev/v1/namespaces/default/routes"

    def __init__(self, binary, engine):
        super().__init__(f"127.0.0.1:{free_port()}")
        self.binary = binary
        self.engine = engine
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="patchbay-bench-"))
        self.folder.chmod(0o711)
        self.data = self.folder / "data"
        self.gateway_port = free_port()
        self.said = open(self.folder / "dev.log", "w")
        self.child = subprocess.Popen(
            [binary, "dev", "--data", str(self.data), "--listen", self.address, "--gateway-listen", f"127.0.0.1:{self.gateway_port}",
             "--docker-host", engine.address], stdout=self.said, stderr=subprocess.STDOUT)
        try:
            until(self.ready, 60, 0.05, "the start of patchbay dev")
        except BaseException:
            self.stop()
            raise

    def ready(self):
        if self.child.poll() is not None:
            raise SystemExit("error: patchbay dev ended:\n" + (self.folder / "dev.log").read_text())
        try:
            return answers(*self.address.split(":")) and " failed: " not in self.ask("GET", "/readyz?verbose", expect=None)
        except OSError:
            del self.kept.connection
            return False

    def run(self, *arguments, **options):
        return subprocess.run([self.binary, "--server", "http://" + self.address, *arguments], check=True, stdout=subprocess.DEVNULL, **options)

    def query(self, sql):
        """One row's columns as text."""
        folder = (self.data / "postgres/data/postmaster.pid").read_text().splitlines()[4]
        words = f"host={folder} port=5432 user=patchbay dbname=patchbay"
        return subprocess.run(["psql", "-AtX", "-F", " ", words, "-c", sql], check=True, capture_output=True, text=True).stdout.split()

    def installation_label(self):
        return "patchbay.dev/installation=" + self.query("select installation_id from patchbay.meta")[0]

    def close(self):
        label = self.installation_label()
        self.stop()
        self.engine.remove_labelled(label)

    def stop(self):
        self.child.send_signal(signal.SIGINT)
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.child.kill()
        self.said.close()
        shutil.rmtree(self.folder, ignore_errors=True)
