// SPDX-License-Identifier: Apache-2.0
// Hooks: any request to any dialect gives changes that can be stored, a refusal with a status, or questions
// whose answers may be anything, too. The input is text, so that a corpus can be written by hand: a line with
// the dialect's number, lines of headers, a blank line, the body; what follows a byte 0 answers questions.
#include "changesource/hooks/receive.hpp"
#include "fuzz/input.hpp"
#include "wire/codec.hpp"

namespace headrace::changesource::hooks {
namespace {

const Hooks& hooks() {
  static const Hooks all = [] {
    std::vector<config::Hook> declared;
    for (const auto* dialect : dialects())
      declared.push_back({std::string(dialect->name), {}, "headrace.lua:1"});
    return Hooks(declared);
  }();
  return all;
}

void check(const Delivery& delivery) {
  (void)answer_text(delivery);
  for (const auto& change : delivery.changes) {
    const auto stored = wire::encode(change);
    const auto again = wire::decode<wire::Change>(stored);
    fuzz::expect(again && wire::encode(*again) == stored);
  }
}

void run(std::string_view bytes) {
  fuzz::Input input(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  http::Request request;
  const auto first = input.piece('\n');
  const auto all = dialects();
  const auto chosen = first.empty() ? 0 : static_cast<unsigned char>(first[0]) % (all.size() + 1);
  request.method = first.size() > 1 && first[1] == 'G' ? "GET" : "POST";
  request.path =
      "/change_hook/" + (chosen < all.size() ? std::string(all[chosen]->name) : std::string(first));
  request.target = request.path;
  for (auto line = input.piece('\n'); !line.empty(); line = input.piece('\n')) {
    const auto colon = std::min(line.find(": "), line.size());
    request.headers.emplace_back(line.substr(0, colon), line.substr(std::min(colon + 2, line.size())));
  }
  request.body = input.piece('\0');
  if (request.method == "GET") request.query = http::parse_form(request.body);
  auto outcome = hooks().receive(request, from_ms(1'700'000'000'000));
  for (int round = 0; round < 8; ++round) {
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) return fuzz::expect(refusal->status >= 400);
    if (const auto* delivery = std::get_if<Delivery>(&outcome)) return check(*delivery);
    auto& questions = std::get<Questions>(outcome);
    std::vector<http::Reply> replies(questions.calls.size());
    for (auto& reply : replies) {
      reply.body = input.piece('\0');
      reply.status = reply.body.empty() ? 0 : 200;
    }
    outcome = Outcome(questions.resume(std::move(replies)));
  }
}

}  // namespace
}  // namespace headrace::changesource::hooks

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  headrace::changesource::hooks::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
