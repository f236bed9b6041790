"""Words and calls that have no place here: names that say nothing, time and sleep outside the clock, std::regex,
tests that do not run, leftovers."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
NAMES = re.compile(r"\b(?:class|struct|enum class|namespace)\s+\w*(?:Manager|Helper|Util|Impl|Info)\w*\b")
NOW = re.compile(r"(?:system|steady|high_resolution)_clock::now\(|\bsleep_for\b|\bsleep_until\b|\busleep\(|\bsleep\(\d")
LEFT = re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b|not implemented")
IDLE = re.compile(r"DISABLED_|GTEST_SKIP|ASSERT_TRUE\(true\)|EXPECT_TRUE\(true\)|\bSUCCEED\(\)")

faults = []
for folder in ("operator", "tests", "examples"):
    for path in sorted((ROOT / folder).glob("**/*")):
        if path.suffix not in (".h", ".cc"):
            continue
        relative = path.relative_to(ROOT).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            place = f"{relative}:{number}"
            if NAMES.search(line):
                faults.append(f"{place}: a name that says nothing: {line.strip()}")
            timeless = relative.startswith(("tests/e2e", "tests/bench", "examples/")) or relative == "operator/base/clock.cc"
            if NOW.search(line) and not timeless:
                faults.append(f"{place}: only base/clock.cc may ask the time or sleep: {line.strip()}")
            if "std::regex" in line or "#include <regex>" in line:
                faults.append(f"{place}: std::regex is not for outside patterns; schema/ has re2")
            if LEFT.search(line):
                faults.append(f"{place}: a leftover: {line.strip()}")
            if relative.startswith("tests/") and IDLE.search(line):
                faults.append(f"{place}: a test that does not test: {line.strip()}")

print("\n".join(faults) or "no banned word")
sys.exit(1 if faults else 0)
