// SPDX-License-Identifier: Apache-2.0
// A machine that has only the [runtime] packages can run every program: this machine has those of [build]
// too, which bring the same libraries, so nothing else here would notice a missing one.
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "support/headrace_up.hpp"

namespace headrace::test {
namespace {

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.insert(line);
  return out;
}

TEST(Packages, RuntimeHasEveryLibraryOfThePrograms) {
  // Part of the smallest Debian, or of the sanitizers' presets.
  std::set<std::string> have = {"libc6", "libgcc-s1", "libstdc++6", "libasan8", "libubsan1", "libtsan2"};
  have.merge(lines_of(must_run({"awk", "/^\\[/ { on = $1 == \"[runtime]\"; next } on && NF",
                                HEADRACE_SOURCE_DIR "/deploy/packages.txt"})));
  ASSERT_GT(have.size(), 10u);
  std::set<std::string> libraries;
  for (const std::string program : {HEADRACE_PROGRAMS})
    libraries.merge(
        lines_of(must_run({"sh", "-c", "readelf -d \"$1\" | sed -n 's/.*(NEEDED).*\\[\\(.*\\)\\]/\\1/p'",
                           "sh", HeadraceUp::binary(program)})));
  ASSERT_GT(libraries.size(), 5u);
  for (const auto& library : libraries) {
    const auto packages =
        lines_of(must_run({"sh", "-c", "dpkg -S \"*/$1\" | sed 's/:.*//' | sort -u", "sh", library}));
    EXPECT_TRUE(std::any_of(packages.begin(), packages.end(),
                            [&](const std::string& package) { return have.contains(package); }))
        << library << " is in " << (packages.empty() ? "no package" : *packages.begin())
        << ", which is not in [runtime] of deploy/packages.txt";
  }
}

}  // namespace
}  // namespace headrace::test
