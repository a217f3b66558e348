# SPDX-License-Identifier: Apache-2.0
"""usage: format.py [--fix]

clang-format over every C++ file; those that were in order before are not looked at again. --fix writes them.
Every text file names its licence in its first lines, except the kinds that have no comments.
"""

import subprocess
import sys

from tree import ROOT, Memory, digest, files, version

LICENCE = b"SPDX-License-Identifier: Apache-2.0"
WITHOUT_COMMENTS = (".json", ".patch", "LICENSE", ".input")


def without_licence():
    """The text files that do not name their licence."""
    for path in files():
        begin = (ROOT / path).read_bytes()[:1000]
        if LICENCE not in begin and b"\0" not in begin and not path.name.endswith(WITHOUT_COMMENTS):
            yield path


def main():
    fix = "--fix" in sys.argv[1:]
    style = digest((ROOT / ".clang-format").read_bytes(), version("clang-format"))
    passed = Memory("format.passed")
    keys = {path: digest(style, (ROOT / path).read_bytes()) for path in files(".cpp", ".hpp")}
    todo = [path for path, key in keys.items() if key not in passed]
    unset = False
    for begin in range(0, len(todo), 50):
        part = todo[begin:begin + 50]
        command = ["clang-format", *(["-i"] if fix else ["--dry-run", "-Werror"]), *map(str, part)]
        if subprocess.run(command, cwd=ROOT).returncode:
            unset = True
        else:
            for path in part:
                passed.add(digest(style, (ROOT / path).read_bytes()))
    passed.save()
    if unset:
        print("format: `scripts/check --fix format` puts it right")
    nameless = list(without_licence())
    for path in nameless:
        print(f"{path}: its first lines do not say '{LICENCE.decode()}'")
    return 1 if unset or nameless else 0


if __name__ == "__main__":
    sys.exit(main())
