# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the files of the tree, and a memory of what was found to be in order."""

import hashlib
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / "build" / "check"  # may be deleted at any time


def files(*endings):
    """The tracked files and the new ones, relative to ROOT, that have one of the endings; all without endings."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = sorted({Path(name) for name in listed.split("\0") if name})
    return [p for p in paths if (not endings or p.name.endswith(endings)) and (ROOT / p).is_file()]


def digest(*parts):
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()


def version(command):
    return subprocess.run([command, "--version"], check=True, capture_output=True, text=True).stdout


class Memory:
    """The digests of what a check has passed, in a file of its own."""

    def __init__(self, name):
        self.path = STATE / name
        self.known = self.path.read_text().split() if self.path.exists() else []
        self.index = set(self.known)

    def __contains__(self, key):
        return key in self.index

    def add(self, key):
        if key not in self.index:
            self.index.add(key)
            self.known.append(key)

    def save(self):
        STATE.mkdir(parents=True, exist_ok=True)
        scratch = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        scratch.write_text("\n".join(self.known[-20000:]) + "\n")
        scratch.rename(self.path)
