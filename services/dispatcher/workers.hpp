// SPDX-License-Identifier: Apache-2.0
// The workers that said hello to this dispatcher: their connections, sessions and slots, and which of them
// could build something now.
//
// The index of the free ones is kept while things change, because at ten thousand workers nobody can look
// through all of them for every offer.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "clock/clock.hpp"
#include "config/configuration.hpp"
#include "wire/worker_protocol.hpp"

namespace headrace::dispatcher {

/// A worker that said hello here.
struct Link {
  std::string peer;
  std::string instance;
  SessionId session;   ///< none until the store has answered the hello
  int slots = 0;       ///< that the welcome gave it
  int free_slots = 0;  ///< as it said last
  bool welcomed = false;
  bool heard = true;      ///< since the last renewal
  MonoTime not_before{};  ///< of the next offer, after a refusal
  std::set<RequestId> claims;
  std::map<std::string, int> per_builder;
  int reserved = 0;                  ///< offers on their way to the store
  wire::Hello hello;                 ///< the one that is being answered, until the welcome
  std::optional<wire::Hello> later;  ///< another one that came meanwhile from the same connection
};

class Workers {
 public:
  Link* find(const std::string& name);
  const Link* find(const std::string& name) const;
  Link& add(const std::string& name, Link link);
  void erase(const std::string& name);
  std::size_t size() const { return links_.size(); }
  const std::map<std::string, Link>& all() const { return links_; }
  std::map<std::string, Link>& all() { return links_; }

  /// The slots of workers and the workers of builders are this configuration's from now on. Null: there is
  /// none.
  void configure(const config::Site* site);

  // Changes of what a worker can take.
  /// To be called after any other change of a link's session or free_slots.
  void update(const std::string& name);
  void reserve(const std::string& name, const std::string& builder);
  void unreserve(const std::string& name, const std::string& builder);
  void add_claim(const std::string& name, RequestId request, const std::string& builder);
  void remove_claim(const std::string& name, RequestId request, const std::string& builder);

  bool any_free() const { return !free_.empty(); }
  /// The workers that could take a build of this builder now, the idlest first; of equal ones in the order of
  /// the configuration. @param limit  at most so many
  std::vector<std::string> free_for(const config::Builder& builder, MonoTime now, std::size_t limit) const;

 private:
  /// A worker that has a free slot.
  struct Free {
    int minus_free = 0;     ///< slots, negative: the idlest come first
    std::size_t index = 0;  ///< of the worker in the configuration
    auto operator<=>(const Free&) const = default;
  };
  bool could_take(const Link& link, const config::Builder& builder, MonoTime now) const;
  std::optional<Free> place(const std::string& name) const;

  const config::Site* site_ = nullptr;
  std::map<std::string, Link> links_;
  std::set<Free> free_;
  std::unordered_map<std::string, Free> places_;        ///< of the links that are in free_
  std::unordered_map<std::string, std::size_t> index_;  ///< of every configured worker
  std::unordered_map<std::string, std::vector<bool>>
      builds_;  ///< builder → by index, whether it may build it
};

}  // namespace headrace::dispatcher
