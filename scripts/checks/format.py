# SPDX-License-Identifier: Apache-2.0
"""usage: format.py [--fix]

clang-format over every C++ file; those that were in order before are not looked at again. --fix writes them.
"""

import subprocess
import sys

from tree import ROOT, Memory, digest, files, version


def main():
    fix = "--fix" in sys.argv[1:]
    style = digest((ROOT / ".clang-format").read_bytes(), version("clang-format"))
    passed = Memory("format.passed")
    keys = {path: digest(style, (ROOT / path).read_bytes()) for path in files(".cpp", ".hpp")}
    todo = [path for path, key in keys.items() if key not in passed]
    bad = False
    for begin in range(0, len(todo), 50):
        part = todo[begin:begin + 50]
        command = ["clang-format", *(["-i"] if fix else ["--dry-run", "-Werror"]), *map(str, part)]
        if subprocess.run(command, cwd=ROOT).returncode:
            bad = True
        else:
            for path in part:
                passed.add(digest(style, (ROOT / path).read_bytes()))
    passed.save()
    if bad:
        print("format: `scripts/check --fix format` puts it right")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
