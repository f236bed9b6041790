"""seeds.py SOURCE OUT: the fuzzers' first inputs, OUT/TARGET/*, from the recorded conversations and from the manifests.

Many requests are alike: each input is kept once, and large ones (over 16 KiB) are left to the other tests.
"""
import base64
import hashlib
import json
import pathlib
import sys
import urllib.parse

SOURCE, OUT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
MOST = 16 * 1024
DIVIDER = b"\n---\n"
TARGETS = ("yaml", "json", "patch", "selectors", "apply", "protobuf", "http", "jsonpath")


def keep(target, content):
    content = content.encode() if isinstance(content, str) else content
    if 0 < len(content) <= MOST:
        (OUT / target / hashlib.sha1(content).hexdigest()[:16]).write_bytes(content)


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def content_of(body):
    """What was sent, as bytes: the transcripts' README says how they write what is no JSON."""
    if isinstance(body, dict) and "$base64" in body:
        return base64.b64decode(body["$base64"])
    if isinstance(body, dict) and "$text" in body:
        return body["$text"].encode()
    return dump(body).encode()


def objects_in(value):
    if isinstance(value, dict) and "kind" in value and isinstance(value.get("metadata"), dict):
        yield value
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        yield from (item for item in value["items"] if isinstance(item, dict))


class Conversation:
    """Follows what the objects are, so that patches come with what they were put on."""

    def __init__(self):
        self.live = {}

    def take(self, record):
        path = record["path"].partition("?")[0].removesuffix("/status").removesuffix("/scale")
        body = content_of(record["reqBody"]) if record.get("reqBody") is not None else b""
        sort = record["reqHeaders"].get("Content-Type", "").partition(";")[0]
        self.keep_head(record, body)
        self.keep_selectors(record["path"])
        if sort.endswith("protobuf"):
            keep("protobuf", body)
        elif body:
            keep("json", body)
            keep("yaml", body)
        if record["method"] == "PATCH" and path in self.live:
            live = dump(self.live[path]).encode()
            keep("apply" if "apply-patch" in sort else "patch", live + DIVIDER + body)
        self.remember(record, path)

    def remember(self, record, path):
        answer = record.get("respBody")
        if answer is None or record["status"] >= 400:
            return
        keep("json", dump(answer))
        for thing in objects_in(answer):
            name = thing.get("metadata", {}).get("name", "")
            self.live[path if path.endswith("/" + name) else f"{path}/{name}"] = thing
            keep("jsonpath", "{.metadata.name}{range .items[*]}{.kind}{end}".encode() + DIVIDER + dump(thing).encode())

    @staticmethod
    def keep_head(record, body):
        fields = "".join(f"{name}: {value}\r\n" for name, value in record["reqHeaders"].items())
        line = f"{record['method']} {record['path']} HTTP/1.1\r\nHost: localhost\r\n"
        keep("http", b"!" + f"{line}{fields}\r\n".encode())
        keep("http", b"+" + f"{len(body):x}\r\n".encode() + body[:900] + b"\r\n0\r\n\r\n")

    @staticmethod
    def keep_selectors(path):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
        labels, fields = query.get("labelSelector", [""])[0], query.get("fieldSelector", [""])[0]
        if labels or fields:
            keep("selectors", DIVIDER.join(part.encode() for part in (labels, "app in (echo,b),!c,tier>2", fields)))


def keep_own():
    """What the conversations have no example of."""
    for text in ("a=b,c!=d,e in (x,y),f notin (z),g,!h,i>1", "x.io/y==z", "a in (,)", "app"):
        keep("selectors", DIVIDER.join((text.encode(), b"tier", b"metadata.name=x,a!=b,c==d,e=f\\,g\\\\")))
    for text in ("{.spec.ports[?(@.name==\"http\")].containerPort}", "..name", "{.items[-1:]}", "{.a['b.c','d']}",
                 "{range .status.conditions[*]}{.type}={.status}{\"\\n\"}{end}", "{.metadata.labels.x\\.io/y}", "{.items[0:5:2]}"):
        keep("jsonpath", text)
    for operation in ('[{"op":"test","path":"/spec/image","value":"a"},{"op":"move","from":"/a~1b","path":"/c~0d"}]',
                      '[{"op":"copy","from":"","path":"/a"},{"op":"remove","path":"/b/0"},{"op":"add","path":"/b/-","value":1}]',
                      '{"a":null,"b":{"c":[1],"d":null}}'):
        keep("patch", b'{"a/b":1,"b":[1,{"c":2}],"spec":{"image":"a"},"c~d":null}' + DIVIDER + operation.encode())
    for seed in range(64):
        keep("apply", hashlib.sha512(str(seed).encode()).digest() * 8)
    keep("http", b"#GET http://h/a%20b?c=d+e HTTP/1.0\r\nhost:h\r\nConnection: keep-alive, x\r\n\r\n")
    keep("http", b"$5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET / HTTP/1.1\r\n")


def main():
    for target in TARGETS:
        (OUT / target).mkdir(parents=True, exist_ok=True)
        for old in (OUT / target).iterdir():
            old.unlink()
    for path in sorted((SOURCE / "tests/data/kubernetes-wire/transcripts").glob("*.jsonl")):
        conversation = Conversation()
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if record["type"] == "request":
                conversation.take(record)
    for pattern in ("manifests/**/*.yaml", "examples/**/*.yaml", "charts/**/values.yaml", "tests/data/**/*.yaml"):
        for path in SOURCE.glob(pattern):
            keep("yaml", path.read_bytes())
    keep_own()
    for target in TARGETS:
        print(target, sum(1 for _ in (OUT / target).iterdir()), end="  ")
    print()


main()
