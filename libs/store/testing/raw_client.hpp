// SPDX-License-Identifier: Apache-2.0
// Plain Redis commands, for what tests look at or do that no program of Headrace does. Only this folder and
// the tests of libs/store write such commands; other tests use the functions beside this file.
#pragma once

#include "store/client.hpp"

namespace headrace::store {

class RawClient : public BlockingClient {
 public:
  using BlockingClient::BlockingClient;
  using BlockingClient::call;
  using BlockingClient::command;
  using BlockingClient::keys;
  using BlockingClient::pipeline;
  using BlockingClient::send;
};

}  // namespace headrace::store
