#!/usr/bin/env python3
"""How long a person waits after changing one source: build_bench.py BUILD, a folder that was built with the preset dev.
Rebuilds controller_test after a change of the controller's diff.cc, and runs it for that file's tests."""
import pathlib
import subprocess
import sys
import time

from bench_stage import add_row

SOURCE = pathlib.Path("operator/controller/diff.cc")
NAME = "incremental build, one .cc and its test"
AIM = 20


def build(folder):
    subprocess.run(["cmake", "--build", folder, "--target", "controller_test"], check=True, stdout=subprocess.DEVNULL)


def main():
    folder = sys.argv[1]
    if not pathlib.Path(folder, "tests/controller_test").exists():
        return add_row(NAME, "-", f"{folder} is not built (cmake --preset dev)", "-", f"< {AIM} s")
    build(folder)
    SOURCE.touch()
    begin = time.monotonic()
    build(folder)
    built = time.monotonic() - begin
    subprocess.run([pathlib.Path(folder, "tests/controller_test"), "--gtest_brief=1", "--gtest_filter=Diff*"], check=True)
    took = time.monotonic() - begin
    add_row(NAME, f"{took:.1f} s", f"{built:.1f} s of it building", "-", f"< {AIM} s", took < AIM)


main()
