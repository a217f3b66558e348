// SPDX-License-Identifier: Apache-2.0
// Short texts of people and forges: durations, times, mail addresses, words in mail headers.
#include "changesource/hooks/timestamp.hpp"
#include "duration/duration.hpp"
#include "fuzz/input.hpp"
#include "notifier/reporters/mail/mime.hpp"

namespace headrace {
namespace {

void check_mail(std::string_view text) {
  const auto one = notifier::parse_address(text);
  for (const auto& address : {one, notifier::address_of_user(std::string(text), "example.org")}) {
    if (!address) continue;
    fuzz::expect(address->mail.find_first_of("\r\n <>") == std::string::npos);
    const auto mail = notifier::write_mail({*address,
                                            {*address},
                                            {},
                                            std::string(text),
                                            "<a@b>",
                                            1,
                                            {{"X-Word", std::string(text)}},
                                            std::string(text)});
    // No header can be smuggled in, and no line is too long.
    std::size_t begin = 0;
    for (auto end = mail.find("\r\n"); end != std::string::npos; end = mail.find("\r\n", begin)) {
      fuzz::expect(end - begin <= 998 &&
                   mail.substr(begin, end - begin).find_first_of("\r\n") == std::string::npos);
      begin = end + 2;
    }
  }
  fuzz::expect(notifier::header_text(text).find_first_of(std::string_view("\r\0", 2)) == std::string::npos);
}

}  // namespace
}  // namespace headrace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto time = duration::parse(text)) fuzz::expect(time->count() >= 0);
  (void)changesource::hooks::parse_timestamp(text);
  (void)changesource::hooks::parse_epoch(text);
  check_mail(text);
  return 0;
}
