// SPDX-License-Identifier: Apache-2.0
// JSON: what is read is written so that it is read alike, as text and as MessagePack.
#include "fuzz/input.hpp"
#include "json/value.hpp"
#include "wire/codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto clean = json::valid_utf8(text);
  fuzz::expect(json::valid_utf8(clean) == clean);
  const auto value = json::parse(text);
  if (!value) return 0;
  for (const auto& written : {json::write(*value), json::write_indented(*value)}) {
    const auto again = json::parse(written);
    fuzz::expect(again && *again == *value);
  }
  // MessagePack has an integer for a double without a fraction.
  const auto packed = wire::encode_value(*value);
  const auto unpacked = wire::decode_value(packed);
  fuzz::expect(unpacked && wire::encode_value(*unpacked) == packed);
  (void)value->truthy();
  (void)value->at_path("a.b");
  return 0;
}
