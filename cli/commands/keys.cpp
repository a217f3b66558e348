// SPDX-License-Identifier: Apache-2.0
// headrace worker list/add/remove and subscriber add/remove: who may connect, key by key.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>
#include <stdexcept>

#include "cli/command.hpp"
#include "cli/system_access.hpp"
#include "control/verbs.hpp"
#include "token/token.hpp"

namespace headrace::cli {
namespace {

struct Options {
  std::string name;
  std::vector<std::string> servers;
  SystemAccess control;
};

std::string word_of(store::KeyKind kind) { return kind == store::KeyKind::worker ? "worker" : "subscriber"; }

// The key is made here, allowed in Redis, and leaves only in the token: nobody else ever has it.
int add_key_of(store::KeyKind kind, Options& o) {
  const bool is_worker = kind == store::KeyKind::worker;
  if (o.name.empty() || o.name.find_first_of("/\\ \t\n") != std::string::npos)
    throw UsageError("'" + o.name + "' is no name: it must not be empty or contain blanks or slashes");
  auto& store = o.control.store();
  if (o.servers.empty() && o.control.file())
    o.servers = {is_worker ? o.control.file()->workers : o.control.file()->bus};
  if (o.servers.empty())
    throw UsageError("--server is needed: where the " + word_of(kind) +
                     " connects to, tcp://host:" + (is_worker ? "9989" : "9802"));
  for (const auto& s : o.servers)
    if (!s.starts_with("tcp://") && !s.starts_with("ipc://"))
      throw UsageError("--server '" + s + "': expected tcp://host:port");
  const auto site = o.control.site_key();
  if (is_worker) {
    const auto current = value_of(control::current_configuration(store));
    if (!current.configuration->site().worker(o.name))
      std::cerr << "note: the configuration has no worker '" << o.name
                << "' yet; it gets no work until it has\n";
  }
  const auto pair = bus::new_key_pair();
  value_of(control::allow_key(store, kind, pair.public_key, o.name));
  token::Token token;
  token.kind = word_of(kind);
  token.name = o.name;
  token.server = o.servers;
  token.server_key = site.public_key;
  token.public_key = pair.public_key;
  token.secret_key = pair.secret_key;
  std::cout << token::encode(token) << "\n";
  return kGood;
}

int remove_keys_of(store::KeyKind kind, Options& o) {
  const int removed = value_of(control::forbid_keys(o.control.store(), kind, o.name));
  std::cout << removed << (removed == 1 ? " key" : " keys") << " of " << o.name << " forbidden\n";
  return kGood;
}

int list_workers(Options& o) {
  auto& store = o.control.store();
  const auto current = value_of(control::current_configuration(store));
  for (const auto& w : control::workers(store, current.configuration->site())) {
    std::string facts = w.connected ? w.info.version : "";
    if (const auto it = w.info.facts.find("host"); w.connected && it != w.info.facts.end())
      facts += " on " + it->second;
    std::cout << fmt::format("{:<24} {:<13} {}/{} builds  {}{}\n", w.name,
                             w.connected ? "connected" : "not connected", w.busy, w.slots, facts,
                             w.declared ? "" : "  (not in the configuration)");
  }
  return kGood;
}

void add_key_commands(arguments::Command& command, store::KeyKind kind) {
  const auto word = word_of(kind);
  auto added =
      command.subcommand("add", "allow a new " + word + "; prints one token to paste on its machine");
  auto a = std::make_shared<Options>();
  added.positional("NAME", a->name).required();
  added.option("--server", a->servers, "where it connects to, tcp://host:port; may be repeated");
  a->control.add_options(added);
  added.action([a, kind] { return add_key_of(kind, *a); });

  auto removed = command.subcommand("remove", "forbid every key of a " + word);
  auto r = std::make_shared<Options>();
  removed.positional("NAME", r->name).required();
  r->control.add_options(removed);
  removed.action([r, kind] { return remove_keys_of(kind, *r); });
}

void add_worker(arguments::Command& program) {
  auto command = program.subcommand("worker", "workers and their keys");
  add_key_commands(command, store::KeyKind::worker);
  auto listed = command.subcommand("list", "all workers");
  auto l = std::make_shared<Options>();
  l->control.add_options(listed);
  listed.action([l] { return list_workers(*l); });
}

void add_subscriber(arguments::Command& program) {
  auto command = program.subcommand("subscriber", "programs that listen to the events");
  add_key_commands(command, store::KeyKind::subscriber);
}

void add(arguments::Command& program) {
  add_worker(program);
  add_subscriber(program);
}

}  // namespace

extern const Command keys_command;
const Command keys_command{"keys", add};

}  // namespace headrace::cli
