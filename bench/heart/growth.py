# SPDX-License-Identifier: BSL-1.0
"""growth.py FIGURE ROW BASE COUNT PROGRAM: how many times dearer a unit of PROGRAM ROW is with COUNT than with BASE."""

import subprocess
import sys


def measure(program, row, count, figure):
    run = subprocess.run([program, row, str(count)], stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        sys.exit(run.returncode)
    return next(float(value) for name, value in map(str.split, run.stdout.splitlines()) if name == figure)


def main():
    figure, row, base, count, program = sys.argv[1:]
    at_base = measure(program, row, base, figure)
    at_count = measure(program, row, count, figure)
    print("base", at_base)
    print(figure, at_count)
    print("growth", at_count / at_base)


if __name__ == "__main__":
    main()
