# SPDX-License-Identifier: Apache-2.0
"""usage: self_test.py

Plants one fault after another in a copy of the tree and expects the check to refuse it, with the words that tell why.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tree import ROOT, STATE, files

SMALL = "libs/spelling/spelling.cpp"  # a source that includes nothing of ours
TIDY = ["python3", "scripts/checks/tidy.py", "--apart", SMALL]


def check(part):
    return ["scripts/check", part]


def appended(path, text):
    return lambda tree: (tree / path).write_text((tree / path).read_text() + text)


def begun_with(path, text):
    return lambda tree: (tree / path).write_text(text + (tree / path).read_text())


def replaced(path, old, new):
    def plant(tree):
        text = (tree / path).read_text()
        assert old in text, f"{path} does not have '{old}'"
        (tree / path).write_text(text.replace(old, new, 1))
    return plant


def written(path, text):
    def plant(tree):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    return plant


def function(name, lines):
    return f"int {name}() {{\n" + "\n" * (lines - 2) + "}\n"


FAULTS = [  # (what is done, how it is done, the check, what it says)
    ("a badly set line", appended(SMALL, "int  x ;\n"), check("format"), "code should be clang-formatted"),
    ("a file that names no licence", replaced("docs/processes.txt", "# SPDX-License-Identifier: Apache-2.0\n", ""), check("format"),
     "docs/processes.txt: its first lines do not say"),
    ("a name in capitals", appended(SMALL, "int BadName() { return 0; }\n"), TIDY, "invalid case style for function 'BadName'"),
    ("a use after a move", appended(SMALL, "std::string moved(std::string a) {\n  std::string b = std::move(a);\n"
                                           "  return b + a;\n}\n"), TIDY, "bugprone-use-after-move"),
    ("an include that CMake does not declare", begun_with(SMALL, '#include "wire/codec.hpp"\n'), TIDY,
     "'wire/codec.hpp' file not found"),
    ("an unquoted variable", appended("deploy/quickstart", "\nrm $somewhere\n"), check("shell"), "SC2086"),
    ("a name that JavaScript does not know", appended("services/web/ui/app.js", "\nnobodyKnows();\n"), check("js"),
     "'nobodyKnows' is not defined"),
    ("a worker that uses the store", begun_with("worker/service.cpp", '#include "store/client.hpp"\n'), check("imports"),
     "worker may not use libs/store"),
    ("a service that uses another", begun_with("services/notifier/service.cpp", '#include "scheduler/core.hpp"\n'), check("imports"),
     "services/notifier may not use services/scheduler"),
    ("a wrapped header", begun_with("services/notifier/service.cpp", "#include <hiredis/hiredis.h>\n"), check("imports"),
     "may be included in libs/store and bench only"),
    ("a core that reaches a socket", begun_with("worker/core/core.hpp", '#include "http/client.hpp"\n'), check("imports"),
     "reaches <boost/asio/io_context.hpp>"),
    ("an include without a root", begun_with("cli/main.cpp", '#include "command.hpp"\n'), check("imports"), "an include is rooted"),
    ("a folder that the table does not have", written("libs/helpers/helper.hpp", "#pragma once\n"), check("imports"),
     "folder 'libs/helpers' has no row"),
    ("a row without a folder", replaced("docs/architecture.md", "| `libs/log` |", "| `libs/log`, `libs/gone` |"), check("imports"),
     "there is no folder 'libs/gone'"),
    ("a picture of other processes", replaced("docs/processes.txt", "notifier 4: tells people", "notifier 4: tells nobody"),
     check("picture"), "docs/processes.svg is not what docs/processes.txt says"),
    ("a long file", written("libs/log/long.hpp", "\n" * 401), check("sizes"), "libs/log/long.hpp: 401 lines, at most 400"),
    ("a long function", appended(SMALL, function("endless", 61)), check("sizes"), "endless: 61 lines, at most 60"),
    ("many longish functions", written("libs/log/many.cpp", "".join(function(f"f{i}", 31) for i in range(400))), check("sizes"),
     "the 95th percentile of the functions' length is 31"),
]


def refused(tree, command, words):
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode and words in said:
        return True
    print(f"  expected a refusal with: {words}\n  exit code {done.returncode}, and:\n{said}")
    return False


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        for path in files():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, tree / path, follow_symlinks=False)
        subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
        (tree / "build/check").mkdir(parents=True)
        (STATE / "eslint").mkdir(parents=True, exist_ok=True)
        os.symlink(STATE / "eslint", tree / "build/check/eslint")
        for what, plant, command, words in FAULTS:
            kept = {p: (tree / p).read_bytes() for p in files()}
            plant(tree)
            good = refused(tree, command, words)
            print(f"{'refused' if good else 'NOT REFUSED'}: {what}", flush=True)
            failures += not good
            for path, data in kept.items():
                if (tree / path).read_bytes() != data:
                    (tree / path).write_bytes(data)
            for planted in ("libs/helpers/helper.hpp", "libs/log/long.hpp", "libs/log/many.cpp"):
                (tree / planted).unlink(missing_ok=True)
    print(f"self-test: {len(FAULTS) - failures} of {len(FAULTS)} faults were refused")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
