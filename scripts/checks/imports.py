# SPDX-License-Identifier: Apache-2.0
"""usage: imports.py [--graph]

Fails when a file includes what the tables of docs/architecture.md ("Folders", "Wrapped headers", "Pure parts") do not allow it,
when a table names what does not exist, and when a folder has no row. --graph prints what each folder includes.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from tree import ROOT, files

DOCUMENT = Path("docs/architecture.md")
PARENTS = ["libs", "services", "services/web", "tests"]  # every folder in these has a row
SINGLE = ["worker", "cli", "bench"]                      # and so have these
TESTS_MAY_USE = "tests/support"


def table(text, heading):
    """The rows of the table under the heading: lists of the cells, each with the words in backticks."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if not section:
        sys.exit(f"imports: {DOCUMENT} has no section '{heading}'")
    rows = [line for line in section[1].splitlines() if line.startswith("|")][2:]
    return [[re.findall(r"`([^`]+)`", cell) for cell in row.strip("|").split("|")] for row in rows]


def spelling(folder):
    """How an include begins that means a file of this folder."""
    return re.sub(r"^(libs|services|tests)/", "", folder)


def is_test(path):
    return (path.name.endswith("_test.cpp") or path.name.startswith("test_") or path.parts[0] == "tests"
            or "testing" in path.parts)


class Folders:
    def __init__(self, text):
        self.may_use = {}
        self.complaints = []
        rows = table(text, "Folders")
        for names, _, used in rows:
            for name in names:
                if not (ROOT / name).is_dir():
                    self.complaints.append(f"{DOCUMENT}: there is no folder '{name}'")
                self.may_use[name] = {u if "/" in u or not (ROOT / "libs" / u).is_dir() else f"libs/{u}" for u in used}
        for name, used in self.may_use.items():
            for other in sorted(used - self.may_use.keys()):
                self.complaints.append(f"{DOCUMENT}: '{name}' may use '{other}', which has no row")

    def of(self, path):
        """The row that a file belongs to: that of the nearest folder above it."""
        for parent in path.parents:
            if str(parent) in self.may_use:
                return str(parent)
        return None

    def closure(self, name):
        seen, todo = set(), [name]
        while todo:
            for other in self.may_use.get(todo.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return seen

    def allowed(self, path, target):
        here = self.of(path)
        if target == here or target in self.may_use[here]:
            return True
        if not is_test(path):
            return False
        of_one_service = path.parts[0] == "services" and target.startswith("/".join(path.parts[:2]))
        return of_one_service or target in self.closure(here) | {TESTS_MAY_USE} | self.closure(TESTS_MAY_USE)


def required_rows():
    sources = {str(parent) for path in files(".cpp", ".hpp") for parent in path.parents}
    for parent in PARENTS:
        yield from sorted(s for s in sources if str(Path(s).parent) == parent)
    yield from SINGLE


class Purity:
    """Follows the includes of pure files: none of them may lead to a header that does I/O."""

    IO = re.compile(r"boost/(asio|beast).*|hiredis/.*|zmq\.hp?p?|curl/.*|spdlog/sinks/.*|sys/socket\.h")

    def __init__(self, by_spelling):
        self.by_spelling = by_spelling
        self.known = {}

    def way_out(self, path):
        """The files from this one to a header that does I/O; none when it is pure."""
        if path not in self.known:
            self.known[path] = None  # whoever includes it again on the way finds nothing new
            for kind, name in re.findall(r'^\s*#\s*include\s*(["<])([^">]+)[">]', (ROOT / path).read_text(), re.M):
                if kind == "<" and self.IO.fullmatch(name):
                    self.known[path] = [str(path), f"<{name}>"]
                elif kind == '"' and name in self.by_spelling and (way := self.way_out(self.by_spelling[name])):
                    self.known[path] = [str(path), *way]
                if self.known[path]:
                    break
        return self.known[path]


def impure(text, sources, by_spelling):
    purity = Purity(by_spelling)
    for names, _ in table(text, "Pure parts"):
        for name in names:
            mine = [p for p in sources if p.match(name) or str(p).startswith(name + "/")]
            if not mine:
                yield f"{DOCUMENT}: there is no file '{name}'"
            for path in mine:
                if not is_test(path) and (way := purity.way_out(path)):
                    yield f"{path}: reaches {way[-1]} ({' → '.join(way[:-1])}), but {name} is pure ({DOCUMENT}, Pure parts)"


def main():
    text = (ROOT / DOCUMENT).read_text()
    folders = Folders(text)
    complaints = folders.complaints
    complaints += [f"{DOCUMENT}: folder '{name}' has no row" for name in required_rows() if name not in folders.may_use]

    wrapped = []
    for headers, owners in table(text, "Wrapped headers"):
        owners = [o for o in owners if o != "nowhere"]
        wrapped += [(re.compile(re.escape(header).replace(r"\*", ".*")), header, owners) for header in headers]
        for owner in owners:
            if not (ROOT / owner).is_dir():
                complaints.append(f"{DOCUMENT}: there is no folder '{owner}' for <{headers[0]}>")

    sources = [p for p in files(".cpp", ".hpp") if folders.of(p)]
    by_spelling = {re.sub(r"^(libs|services|tests)/", "", str(p)): p for p in sources}
    graph = defaultdict(set)
    for path in sources:
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
            if not match:
                continue
            at = f"{path}:{number}"
            if match[1] == "<":
                for pattern, header, owners in wrapped:
                    if pattern.fullmatch(match[2]) and not any(str(path).startswith(o + "/") for o in owners):
                        complaints.append(f"{at}: <{match[2]}> may be included in {' and '.join(owners) or 'no file'} only")
            elif match[2] not in by_spelling:
                complaints.append(f"{at}: \"{match[2]}\" is no file: an include is rooted, as in \"wire/codec.hpp\"")
            else:
                target = folders.of(by_spelling[match[2]])
                graph[folders.of(path), is_test(path)].add(target)
                if not folders.allowed(path, target):
                    complaints.append(f"{at}: {folders.of(path)} may not use {target} ({DOCUMENT}, Folders)")
    complaints += impure(text, sources, by_spelling)
    if "--graph" in sys.argv[1:]:
        for (name, test), used in sorted(graph.items()):
            print(name, "(tests)" if test else "", "->", " ".join(sorted(used - {name})))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
