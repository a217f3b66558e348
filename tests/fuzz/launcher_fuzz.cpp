// SPDX-License-Identifier: Apache-2.0
// The socket pair between worker and launcher: any bytes, in pieces, are messages or the end.
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/input.hpp"
#include "worker/launcher/channel.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headrace;
  int ends[2];
  fuzz::expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  {
    worker::Channel channel(ends[0]);
    fuzz::Input input(data, std::min<std::size_t>(size, 60'000));
    const unsigned step = 1 + input.byte();
    bool open = true;
    while (open && !input.empty()) {
      const auto piece = input.bytes(step);
      fuzz::expect(write(ends[1], piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()));
      open = channel.receive([](const json::Value& message, std::vector<int> descriptors) {
        fuzz::expect(descriptors.empty());
        (void)message["op"];
      });
    }
  }
  close(ends[1]);
  return 0;
}
