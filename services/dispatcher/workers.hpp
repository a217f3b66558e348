// SPDX-License-Identifier: Apache-2.0
// The workers that said hello to this dispatcher: their connections, sessions and slots, and which workers
// could take a build now.
//
// An index of the free workers is kept up to date with every change, because a search through ten thousand
// workers for every offer would take too long.
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

/// The connection of a worker that said hello to this dispatcher.
struct Link {
  std::string peer;
  std::string instance;
  std::int64_t hello_number = 0;  ///< of the hello that this connection began with
  SessionId session;
  int slots = 0;       ///< number of slots in the last welcome
  int free_slots = 0;  ///< number of free slots in the worker's last message about them
  bool welcomed = false;
  bool spoken = false;  ///< a message has come in this session
  bool heard = false;   ///< a message has come since the last renewal of the lease
  bool silent = false;  ///< gets no offers until it is heard again
  MonoTime last_heard{};
  MonoTime not_before{};  ///< earliest time of the next offer, after a refusal
  std::set<RequestId> claims;
  std::map<std::string, int> per_builder;
  int reserved = 0;                  ///< number of offers on their way to the store
  std::vector<RequestId> orphans;    ///< claims of earlier sessions, to be given away when it has spoken
  wire::Hello hello;                 ///< the hello that the next welcome answers
  std::optional<wire::Hello> later;  ///< a different hello of the same connection, to be answered afterwards
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

  /// Takes the slots of workers and the workers of builders from this configuration. Null: there is none.
  void configure(const config::Site* site);

  // Each of these changes what a worker can take.
  /// Call after a change of a link's session or free_slots that was made directly.
  void update(const std::string& name);
  /// The worker gets no offers until it is heard again: it let an offer expire, or is late with its
  /// heartbeat.
  void distrust(const std::string& name);
  void reserve(const std::string& name, const std::string& builder);
  void unreserve(const std::string& name, const std::string& builder);
  void add_claim(const std::string& name, RequestId request, const std::string& builder);
  void remove_claim(const std::string& name, RequestId request, const std::string& builder);

  bool any_free() const { return !free_.empty(); }
  /// The workers that could take a build of this builder now, those with the most free slots first. Workers
  /// with equally many come in the order of the configuration. @param limit  of the number of workers
  std::vector<std::string> free_for(const config::Builder& builder, MonoTime now, std::size_t limit) const;

 private:
  /// A worker that has a free slot.
  struct Free {
    int minus_free = 0;     ///< number of free slots, negative, so that the worker with the most comes first
    std::size_t index = 0;  ///< place of the worker in the configuration
    auto operator<=>(const Free&) const = default;
  };
  bool could_take(const Link& link, const config::Builder& builder, MonoTime now) const;
  std::optional<Free> place(const std::string& name) const;

  const config::Site* site_ = nullptr;
  std::map<std::string, Link> links_;
  std::set<Free> free_;
  std::unordered_map<std::string, Free> places_;        ///< worker → its place, for every worker in free_
  std::unordered_map<std::string, std::size_t> index_;  ///< worker → its place in the configuration
  std::unordered_map<std::string, std::vector<bool>>
      builds_;  ///< builder → for each worker's place, whether that worker may build it
};

}  // namespace headrace::dispatcher
