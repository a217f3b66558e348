// SPDX-License-Identifier: Apache-2.0
#include "simulation/steps.hpp"

#include "simulation/timeline.hpp"

namespace headrace::simulation {

std::string Step::written(char channel) const {
  std::string out;
  for (const auto& p : prints)
    if (p.channel == channel) out += p.bytes;
  return out;
}

Step step_of(const std::vector<std::string>& argv) {
  std::uint64_t seed = 14695981039346656037u;  // FNV-1a, because std::hash may differ between libraries
  for (const auto& word : argv)
    for (const char c : word + '\0') seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  Dice dice(seed);
  Step out;
  out.exit_code = dice.chance(0.2) ? 1 : 0;
  const auto prints = dice.between(0, 8);
  for (int i = 0; i < prints; ++i) {
    Step::Print print{dice.chance(0.25) ? 'e' : 'o', {}};
    const auto size = dice.chance(0.05) ? dice.between(20'000, 90'000) : dice.between(1, 400);
    while (static_cast<std::int64_t>(print.bytes.size()) < size)
      print.bytes += dice.chance(0.03) ? '\n' : static_cast<char>(dice.between(32, 126));
    out.prints.push_back(std::move(print));
  }
  return out;
}

}  // namespace headrace::simulation
