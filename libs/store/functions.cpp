// SPDX-License-Identifier: Apache-2.0
#include "store/functions.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "embedded/file.hpp"
#include "model/ids.hpp"
#include "model/results.hpp"
#include "store/limits.hpp"

namespace headrace::store {

extern const std::span<const embedded::File> kFunctions;  // functions/*.lua

namespace {

std::string hex_digest(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), sum.data(), &size, EVP_sha1(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += kHex[sum[i] >> 4], out += kHex[sum[i] & 15];
  return out;
}

void replace_once(std::string& text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos)
    throw std::logic_error("functions: '" + std::string(from) + "' is not in the library");
  text.replace(at, from.size(), to);
}

// The verdicts and bounds by name, so that no Lua file has a number of its own for them.
std::string head() {
  std::string out = "#!lua name=headrace1\nlocal RESULTS = {";
  for (int number = 0; const auto result = results_from_int(number); ++number)
    out += " " + std::string(results_name(*result)) + " = " + std::to_string(number) + ",";
  out += " }\nlocal LIMITS = {";
  const std::pair<const char*, std::int64_t> limits[] = {
      {"steps", kMaxSteps},          {"changes", kMaxChangesPerCall}, {"requests", kMaxRequestsPerBuildset},
      {"pairs", kMaxOfferPairs},     {"items", kMaxItemsPerReport},   {"held", kMaxHeldClaims},
      {"renewals", kMaxRenewals},    {"operations", kMaxOperations},  {"listed", kMaxListedChanges},
      {"names", kMaxNames},          {"moved", kMaxMovedBuilds},      {"chunk_bytes", kMaxChunkBytes},
      {"chunk_text", kMaxChunkText},
  };
  for (const auto& [name, value] : limits)
    out += std::string(" ") + name + " = " + std::to_string(value) + ",";
  return out + " }\n";
}

Library make(bool simulated_clock) {
  Library out;
  out.text = head();
  for (const embedded::File& file : kFunctions) out.text.append(file.bytes).append("\n");
  if (simulated_clock)
    replace_once(out.text, "local SIMULATED_CLOCK = false", "local SIMULATED_CLOCK = true");
  out.digest = hex_digest(out.text);
  replace_once(out.text, "local LIBRARY_DIGEST = 'none'", "local LIBRARY_DIGEST = '" + out.digest + "'");
  constexpr std::string_view kMark = "local REVISION = ";
  const auto at = out.text.find(kMark);
  if (at == std::string::npos) throw std::logic_error("functions: the library has no revision");
  out.revision = std::stoll(out.text.substr(at + kMark.size(), 12));
  return out;
}

}  // namespace

const Library& library(bool simulated_clock) {
  static const Library real = make(false);
  static const Library simulated = make(true);
  return simulated_clock ? simulated : real;
}

}  // namespace headrace::store
