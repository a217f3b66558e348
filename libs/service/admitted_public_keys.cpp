// SPDX-License-Identifier: Apache-2.0
#include "service/admitted_public_keys.hpp"

namespace headrace::service {

void AdmittedPublicKeys::read(std::function<void()> done) {
  house_.try_read(store::admitted_public_keys(kind_),
                  [this, done = std::move(done)](Result<std::map<std::string, std::string>> names) {
                    if (names) names_ = std::move(*names);
                    answer_waiting();
                    if (names && done) done();
                  });
}

std::optional<std::string> AdmittedPublicKeys::name_of(const std::string& key) const {
  const auto found = names_.find(key);
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

void AdmittedPublicKeys::ask(const std::string& key, std::function<void(std::optional<std::string>)> answer) {
  const auto known = name_of(key);
  if (known || !house_.is_loaded()) return answer(known);
  waiting_.push_back({key, std::move(answer)});
  if (waiting_.size() == 1) read();
}

void AdmittedPublicKeys::answer_waiting() {
  for (auto& w : std::exchange(waiting_, {})) w.answer(name_of(w.key));
}

void AdmittedPublicKeys::lost() { answer_waiting(); }

}  // namespace headrace::service
