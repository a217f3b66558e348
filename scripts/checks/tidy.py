# SPDX-License-Identifier: Apache-2.0
"""usage: tidy.py [--apart] [FILE...]

clang-tidy (.clang-tidy) over the sources of the product, or over the groups that the named files are in. --apart reads each named
file by itself, with no include roots but those of its target.

Reading headers takes most of its time, so many sources are read together, up to GROUP of them in one unit. Where two have a
function of one name, the second one's is read under another. Sources that cannot be read together are put apart and remembered
so. A group that passed is not read again until one of its files, a header of ours that they include, its command or .clang-tidy
has changed.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tree import ROOT, STATE, Memory, digest, version

GROUP = 48
BUILD = STATE / "cmake"
DROPPED = re.compile(r"-Winvalid-pch|-Werror|-Wno-maybe-uninitialized|-Wno-tsan")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def configure():
    """A build directory of its own: what is found must not depend on how the tree was built last."""
    command = ["cmake", "--preset", "dev", "-B", str(BUILD), "-DBUILD_TESTING=ON"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"tidy: cmake failed\n{done.stdout}{done.stderr}")
    return json.loads((BUILD / "compile_commands.json").read_text())


class Source:
    def __init__(self, entry):
        self.path = Path(entry["file"])
        words = shlex.split(entry["command"])
        kept, skip = [], False
        for word, following in zip(words[1:], words[2:] + [""]):
            if skip:
                skip = False
            elif word in ("-o", "-c") or (word == "-include" and "cmake_pch" in following):
                skip = True
            elif word == "-isystem":
                skip = True
                kept.append(word + following)
            elif not DROPPED.fullmatch(word):
                kept.append(word)
        self.arguments = kept
        self.roots = [word[2:] for word in kept if word.startswith("-I")]
        self.text = self.path.read_text(errors="replace")
        self.local_names = local_names(self.text)

    def renames(self, taken):
        """The local names that are to have another name beside sources with these; None: there is one that cannot have it, as
        something else in the source has it too."""
        clash = sorted({name.rpartition("::")[2] for name in self.local_names & taken})
        return None if any(re.search(rf"(?:\.|->|::)\s*{name}\b", self.text) for name in clash) else clash

    def includes(self):
        return [line for line in self.text.partition("\nnamespace ")[0].splitlines() if line.startswith("#include")]


def local_names(text):
    """What only this source sees of its definitions, with the namespace around them. An alias may be there twice."""
    around = re.search(r"^namespace ([\w:]+) \{$", text, re.M)
    prefix = around[1] + "::" if around else ""
    names = set(re.findall(r"^(?:static|const|constexpr) (?:[\w:<>,*&\[\] ]+?[ &*])(\w+)(?:\(|\{| = |\[|;)", text, re.M))
    for block in re.findall(r"^namespace \{$(.*?)^\}  // namespace$", text, re.M | re.S):
        names.update(re.findall(r"^(?:struct|class|enum class) (\w+)", block, re.M))
        names.update(re.findall(r"^(?! )(?:[\w:<>,*&\[\] ]+?[ &*])(\w+)(?:\(|\{| = |\[|;)", block, re.M))
    return {prefix + name for name in names}


class Includes:
    """The files of ours that a source includes, found by name in its include roots; conditions are not looked at."""

    def __init__(self):
        self.read = {}

    def of(self, path):
        if path not in self.read:
            data = path.read_bytes()
            self.read[path] = (INCLUDE.findall(data.decode(errors="replace")), digest(data))
        return self.read[path]

    def digests(self, source):
        seen, todo = {}, [source.path]
        while todo:
            path = todo.pop()
            real = Path(os.path.realpath(path))
            if real in seen:
                continue
            names, seen[real] = self.of(real)
            for name in names:
                found = next((f for f in (os.path.join(r, name) for r in (path.parent, *source.roots))
                              if os.path.exists(f)), None)
                if found:
                    todo.append(Path(found))
        return sorted(f"{path.relative_to(ROOT)} {value}" for path, value in seen.items() if path.is_relative_to(ROOT))


def shown(text):
    """The report, with the paths of the tree in place of those of the include roots; without clang's notes."""
    lines, keep = [], False
    for line in text.splitlines():
        match = re.match(r"(/[^:]+):(\d+:\d+: )(error|warning|note): (.*)", line)
        if match:
            keep = match[3] != "note"
            path = os.path.relpath(os.path.realpath(match[1]), ROOT)
            line = f"{path}:{match[2]}{match[4].replace(',-warnings-as-errors', '')}"
        if keep:
            lines.append(line)
    return lines


class Tidy:
    def __init__(self):
        self.checks = digest((ROOT / ".clang-tidy").read_bytes(), version("clang-tidy"), Path(__file__).read_bytes())
        self.includes = Includes()
        self.passed = Memory("tidy.passed")
        self.apart_path = STATE / "tidy.apart"
        self.apart = json.loads(self.apart_path.read_text()) if self.apart_path.exists() else {}

    def groups(self, sources):
        """Groups of at most GROUP sources; those that were found not to go together are apart."""
        out = []  # (group, the local names in it)
        for source in sorted(sources, key=lambda s: (len(s.arguments), s.path)):
            mine, names = set(self.apart.get(self.name(source), ())), source.local_names
            for group, taken in out:
                if len(group) < GROUP and source.renames(taken) is not None and not any(self.name(s) in mine for s in group):
                    group.append(source)
                    taken |= names
                    break
            else:
                out.append(([source], set(names)))
        return [group for group, _ in out]

    @staticmethod
    def name(source):
        return str(source.path.relative_to(ROOT))

    def key(self, group):
        parts = [d for source in group for d in self.includes.digests(source)]
        return digest(self.checks, *self.arguments(group), *parts).replace(str(ROOT), "")

    @staticmethod
    def arguments(group):
        return list(dict.fromkeys(word for source in group for word in source.arguments))

    @staticmethod
    def unit(group):
        """One source that includes the others. What has another name in there has it in no header: the headers come first."""
        lines, taken = [], set()
        for number, source in enumerate(group):
            others = source.renames(taken)
            taken |= source.local_names
            lines += source.includes() if others else []
            others += ["main"] if re.search(r"^int main\(", source.text, re.M) else []
            lines += [f"#define {name} {name}{number}" for name in others]
            lines += [f'#include "{source.path}"', *(f"#undef {name}" for name in others)]
        return "\n".join(lines) + "\n"

    def run(self, group):
        """@return the findings; sources that do not go together are noted and tried again."""
        key = self.key(group)
        unit = STATE / "units" / f"{digest(*map(self.name, group))[:16]}.cpp"
        unit.parent.mkdir(parents=True, exist_ok=True)
        unit.write_text(self.unit(group))
        # It finds .clang-tidy by itself: named on the command line, the rules for names would be held against every name of the
        # system's headers, which takes half of its time.
        command = ["clang-tidy", "--quiet", f"--header-filter=^{ROOT}/", str(unit), "--", *self.arguments(group), "-w",
                   "-ferror-limit=0"]
        done = subprocess.run(command, cwd=BUILD, capture_output=True, text=True)
        if "clang-diagnostic-error" in done.stdout and len(group) > 1:
            return self.separated(group, done.stdout)
        lines = shown(done.stdout)
        if done.returncode and not lines:
            lines = [f"{self.name(group[0])}: clang-tidy failed", done.stdout, done.stderr]
        if not done.returncode:
            self.passed.add(key)
        return lines

    def separated(self, group, report):
        guilty = {os.path.realpath(path) for path in re.findall(r"^(/[^:]+\.cpp):\d+:\d+: error: .*clang-diagnostic-error",
                                                                report, re.M)}
        out = [s for s in group if str(s.path) in guilty]
        rest = [s for s in group if str(s.path) not in guilty]
        if not out or not rest:
            out, rest = group[:len(group) // 2], group[len(group) // 2:]
        for source in out:
            self.apart.setdefault(self.name(source), []).extend(map(self.name, rest))
        for source in rest:
            self.apart.setdefault(self.name(source), []).extend(map(self.name, out))
        return self.run(out) + self.run(rest)

    def save(self):
        self.passed.save()
        self.apart_path.write_text(json.dumps({k: sorted(set(v)) for k, v in sorted(self.apart.items())}, indent=1))


def is_product(path):
    inner = path.relative_to(ROOT)
    return not (path.name.endswith("_test.cpp") or inner.parts[0] in ("build", "tests", "bench") or "testing" in inner.parts)


def main():
    words = sys.argv[1:]
    apart = "--apart" in words
    wanted = {str((ROOT / name).resolve()) for name in words if name != "--apart"}
    tidy = Tidy()
    sources = [Source(entry) for entry in configure() if is_product(Path(entry["file"]))]
    groups = [[source] for source in sources] if apart else tidy.groups(sources)
    if wanted:
        groups = [g for g in groups if any(str(s.path) in wanted for s in g)]
    todo = sorted((g for g in groups if tidy.key(g) not in tidy.passed), key=len, reverse=True)
    if todo:
        print(f"tidy: {sum(map(len, todo))} of {sum(map(len, groups))} sources to read", flush=True)
    findings = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for lines in pool.map(tidy.run, todo):
            findings += lines
            tidy.save()  # whoever ends it half-way does not begin anew
    for line in dict.fromkeys(findings):
        print(line)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
