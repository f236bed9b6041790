#!/usr/bin/env python3
"""The final table of scripts/bench: print_table.py FILE, tab-separated rows."""
import sys

rows = [["figure", "ours", "floor or peer, same run", "ratio", "aim", "met"]]
rows += [line.rstrip("\n").split("\t") for line in open(sys.argv[1])]
widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
rows.insert(1, ["-" * width for width in widths])
for row in rows:
    print("| " + " | ".join(word.ljust(width) for word, width in zip(row, widths)) + " |")
