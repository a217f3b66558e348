// SPDX-License-Identifier: Apache-2.0
// Things that have a name, in the order of their declaration. A thing is found by its name without a walk
// over all of them, because a site may have ten thousand builders.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::config {

/// T has a `name`, which must not change once the thing is in. Of two things with one name the first is
/// found.
template <class T>
class Named {
 public:
  Named() = default;
  Named(std::initializer_list<T> all) {
    for (const auto& one : all) push_back(one);
  }

  void push_back(T one) {
    index_.try_emplace(one.name, all_.size());
    all_.push_back(std::move(one));
  }

  /// Null when there is none. Cost: O(log n).
  const T* find(std::string_view name) const {
    const auto it = index_.find(name);
    return it == index_.end() ? nullptr : &all_[it->second];
  }

  std::size_t size() const { return all_.size(); }
  bool empty() const { return all_.empty(); }
  const T& operator[](std::size_t position) const { return all_[position]; }
  const T& at(std::size_t position) const { return all_.at(position); }
  const T& front() const { return all_.front(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

 private:
  std::vector<T> all_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace headrace::config
