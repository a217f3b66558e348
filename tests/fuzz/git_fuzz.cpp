// SPDX-License-Identifier: Apache-2.0
// What git prints: to the poller, to the step, and into logs that must not show a password.
#include "changesource/pollers/git/commits.hpp"
#include "changesource/pollers/git/poll.hpp"
#include "changesource/pollers/git/refs.hpp"
#include "fuzz/input.hpp"
#include "git/address.hpp"
#include "wire/codec.hpp"
#include "worker/core/steps/git/checkout.hpp"
#include "worker/core/steps/git/names.hpp"

namespace headrace {
namespace {

void read_as_poller(const std::string& text) {
  using namespace changesource::git_poller;
  if (const auto changes = parse_log(text))
    for (const auto& change : *changes)
      fuzz::expect(wire::decode<wire::Change>(wire::encode(change)).has_value());
  if (const auto refs = parse_ls_remote(text)) {
    changesource::GitPollerOptions options;
    options.branches = {"ma?n", "refs/tags/*", "x"};
    std::vector<std::string> missing;
    for (const auto& [ref, commit] : watched(options, *refs, missing)) (void)branch_name(ref);
  }
  if (const auto state = read_state(text)) {
    const auto again = read_state(write_state(*state));
    fuzz::expect(again && *again == *state);
  }
}

// A checkout whose every command prints something of the input; it ends after a number of commands.
void run_checkout(std::string_view text) {
  fuzz::Input input(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  worker::GitOptions options;
  options.url = "https://host/a.git";
  const unsigned kind = input.byte();
  options.branch = kind % 2 == 0 ? "main" : "";
  options.revision = kind % 3 == 0 ? "0123456789012345678901234567890123456789" : "";
  options.full = kind % 5 == 0;
  options.depth = kind % 7 == 0 ? 1 : 0;
  worker::GitCheckout checkout(options, "/b", "/b/build");
  std::optional<worker::StepCommand> command = checkout.start();
  for (int i = 0; command; ++i) {
    fuzz::expect(!command->argv.empty() && i < 200);
    const int rc = input.empty() ? 1 : static_cast<int>(input.byte() % 3);
    command = checkout.next(rc, input.piece('\0'));
  }
}

void hide_passwords(std::string_view text) {
  const auto whole = git::without_passwords(text);
  git::PasswordFilter filter;
  std::string pieces;
  for (std::size_t at = 0; at < text.size(); at += 7) pieces += filter.add(text.substr(at, 7));
  pieces += filter.rest();
  fuzz::expect(text.size() > 4000 || pieces == whole);
  (void)worker::can_be_ref(text);
}

}  // namespace
}  // namespace headrace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  headrace::read_as_poller(text);
  headrace::run_checkout(text);
  headrace::hide_passwords(text);
  return 0;
}
