// SPDX-License-Identifier: Apache-2.0
// Configurations as Redis keeps them, and the texts in them: a value that is none, Lua of any kind, globs,
// interpolations. A mistake is told; nothing else happens.
#include "config/configuration.hpp"
#include "config/glob.hpp"
#include "config/interpolation.hpp"
#include "fuzz/input.hpp"
#include "render/render.hpp"

namespace headrace::config {
namespace {

void evaluate(const Files& files) {
  std::vector<Problem> problems;
  const auto configuration = Configuration::evaluate(files, problems);
  fuzz::expect(configuration != nullptr || !problems.empty());
}

void run(std::string_view bytes) {
  const std::string text(bytes);
  if (const auto files = unpack(bytes)) {
    const auto again = unpack(pack(*files));
    fuzz::expect(again && again->texts == files->texts);
    evaluate(*files);
  }
  if (!interpolation_problem(text)) {
    const Properties properties{{"a", {"b", "fuzz"}}};
    const render::Context context{&properties, nullptr, nullptr, nullptr};
    (void)render::interpolate(text, context);
  }
  (void)property_name_problem(text);
  fuzz::Input input(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  const auto pattern = input.piece('\n');
  const auto name = input.rest();
  if (!glob_problem(pattern)) {
    (void)name_glob(pattern, name);
    (void)path_glob(pattern, name);
  }
  // Lua's own parser has no instrumentation and takes its time: not every input.
  if (bytes.size() < 2000 && bytes.starts_with("--"))
    evaluate({"headrace.lua", {{"headrace.lua", text}}, {}});
}

}  // namespace
}  // namespace headrace::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  headrace::config::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
