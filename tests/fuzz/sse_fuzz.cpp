// SPDX-License-Identifier: Apache-2.0
// Live events: requests of any paths to open, change and resume streams, with notifications in between. Each
// line of the input is one step: "n" and a path publish one notification, "c" ends the oldest stream,
// anything else is the target of a request; U in it stands for the oldest stream's id.
#include "fuzz/input.hpp"
#include "web/sse/event_streams.hpp"

namespace headrace::web {
namespace {

class OpenStream : public http::Stream {
 public:
  std::size_t write(std::string bytes) override {
    if (const auto at = bytes.find("data: "); uuid.empty() && at != std::string::npos)
      uuid = bytes.substr(at + 6, 36);
    return 0;
  }
  void finish() override { gone = true; }
  bool closed() const override { return gone; }
  void on_closed(std::function<void()> callback) override { closed_ = std::move(callback); }
  void on_drained(std::function<void()>) override {}

  void close() {
    gone = true;
    if (closed_) std::exchange(closed_, nullptr)();
  }
  std::string uuid;
  bool gone = false;

 private:
  std::function<void()> closed_;
};

using OpenStreams = std::deque<std::shared_ptr<OpenStream>>;

class Answer : public http::Responder {
 public:
  explicit Answer(OpenStreams& open) : open_(open) {}
  void send(http::Response response) override { fuzz::expect(response.status >= 200); }
  http::StreamPtr stream(http::Response) override {
    return open_.emplace_back(std::make_shared<OpenStream>());
  }

 private:
  OpenStreams& open_;
};

void run(fuzz::Input input) {
  EventStreams streams({});
  OpenStreams open;
  std::int64_t number = 0;
  while (!input.empty()) {
    const auto line = input.piece('\n');
    if (line.starts_with('n')) {
      const auto message = std::make_shared<const std::string>("{}");
      ++number;
      streams.publish(
          {{EventNumber{number}, "tag"}, {{EventNumber{number}, {std::string(line.substr(1))}, message}}},
          !line.ends_with('!'));
    } else if (line.starts_with('c') && !open.empty()) {
      const auto oldest = open.front();
      open.pop_front();
      oldest->close();
    } else {
      std::string target(line);
      if (const auto at = target.find('U'); at != std::string::npos && !open.empty())
        target.replace(at, 1, open.front()->uuid);
      http::Request request;
      request.method = "GET";
      const auto end = std::min(target.find('?'), target.size());
      request.path = "/sse/" + target.substr(0, end);
      request.query = http::parse_form(std::string_view(target).substr(std::min(end + 1, target.size())));
      streams.handle(request, std::make_shared<Answer>(open));
    }
    streams.tick(MonoTime{seconds(number)});
  }
}

}  // namespace
}  // namespace headrace::web

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  headrace::web::run({data, size});
  return 0;
}
