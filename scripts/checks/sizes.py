# SPDX-License-Identifier: Apache-2.0
"""usage: sizes.py

Prints the sizes of the tree and fails above the limits: FILE_LINES a file, FUNCTION_LINES a function of the product, P95 for the
length that 95 of 100 functions of the product keep. scripts/checks/large.txt lists what may be larger, and why.
"""

import re
import sys

from tree import ROOT, files

FILE_LINES, FUNCTION_LINES, P95 = 400, 60, 30
CODE = (".cpp", ".hpp", ".lua", ".js", ".css", ".py", ".cmake", "CMakeLists.txt")
NOT_FUNCTIONS = re.compile(r"^\s*(?:inline\s+)?(?:namespace|class|struct|union|enum|extern\s+\"C\")\b")


def blank(text):
    """The text with comments and literals blanked, every line kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^()\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
                         re.S)
    return pattern.sub(lambda m: '""' + "\n" * m[0].count("\n") if m[0][0] in "R\"'" else "\n" * m[0].count("\n"), text)


def functions(text):
    """(name, first line, lines) of every function that stands in a namespace or a class."""
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m[0].count("\n"), blank(text), flags=re.M)
    scopes, begin, line, statement_line = [], 0, 1, 1
    inside = None  # (name, line, depth) of the function that we are in
    for at, char in enumerate(text):
        if char == "\n":
            line += 1
        if char not in "{};":
            continue
        head = text[begin:at]
        if char == "{":
            if inside is None and all(scopes):
                lead = len(head) - len(head.lstrip())
                statement_line = line - head[lead:].count("\n")
                stripped = head.strip()
                signature = re.sub(r"^(?:(?:public|private|protected)\s*:\s*)+", "", stripped)
                is_scope = bool(NOT_FUNCTIONS.match(re.sub(r"^template\s*<.*?>\s*(?=class|struct|union)", "", signature, flags=re.S)))
                name = re.search(r"([~\w:]+|operator\s*\S+)\s*\(", signature)
                if not is_scope and name and not re.search(r"=\s*$", signature):
                    inside = (name[1], statement_line, len(scopes))
                scopes.append(is_scope)
            else:
                scopes.append(False)
        elif char == "}":
            if scopes:
                scopes.pop()
            if inside and len(scopes) == inside[2]:
                yield inside[0], inside[1], line - inside[1] + 1
                inside = None
        begin = at + 1


def exceptions():
    """{"path" or "path function": reason}; a line is `path [function]: reason`."""
    out = {}
    for number, line in enumerate((ROOT / "scripts/checks/large.txt").read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            what, _, reason = line.partition(": ")
            if not reason.strip():
                sys.exit(f"scripts/checks/large.txt:{number}: expected 'path [function]: reason'")
            out[what.strip()] = reason
    return out


def main():
    allowed, used, complaints, lengths = exceptions(), set(), [], []

    def above(what, at, lines, limit):
        if what in allowed:
            used.add(what)
        else:
            complaints.append(f"{at}: {lines} lines, at most {limit}")

    sources = [p for p in files(*CODE) if p.parts[0] not in ("examples", "docs")]
    for path in sources:
        text = (ROOT / path).read_text()
        count = text.count("\n")
        if count > FILE_LINES:
            above(str(path), str(path), count, FILE_LINES)
        if path.suffix not in (".cpp", ".hpp") or path.parts[0] in ("tests", "bench") or path.name.endswith("_test.cpp"):
            continue
        for name, line, length in functions(text):
            lengths.append(length)
            if length > FUNCTION_LINES:
                above(f"{path} {name}", f"{path}:{line}: {name}", length, FUNCTION_LINES)
    lengths.sort()
    p95 = lengths[len(lengths) * 95 // 100]
    print(f"sizes: {len(sources)} files; {len(lengths)} functions of the product: median {lengths[len(lengths) // 2]}, "
          f"p95 {p95} (at most {P95}), p99 {lengths[len(lengths) * 99 // 100]}, longest {lengths[-1]} lines")
    if p95 > P95:
        complaints.append(f"the 95th percentile of the functions' length is {p95}, at most {P95}")
    for what in sorted(allowed.keys() - used):
        print(f"scripts/checks/large.txt: '{what}' is not too large any more: take the line out")
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
