"""Every *_test.cc lies where tests/CMakeLists.txt picks it up, and every room has tests."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
tests = [path.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").glob("**/*_test.cc")]
rooms = re.search(r"foreach\(room ([a-z ]+)\)", (ROOT / "tests/CMakeLists.txt").read_text())[1].split()
faults = []
for test in tests:
    known = re.fullmatch(r"unit/([a-z]+)/\w+_test\.cc", test)
    if not (known and known[1] in rooms) and not re.fullmatch(r"(replay|simulation|fuzz|contract|fault|fault/world|fault/sockets|e2e)/\w+_test\.cc", test):
        faults.append(f"tests/{test}: nothing builds this")
for room in rooms:
    if not any(test.startswith(f"unit/{room}/") for test in tests):
        faults.append(f"tests/unit/{room}: the room has no test")
print("\n".join(faults) or f"{len(tests)} test files, all of them run")
sys.exit(1 if faults else 0)
