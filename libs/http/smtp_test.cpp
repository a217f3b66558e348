// SPDX-License-Identifier: Apache-2.0
// Mail to a real SMTP server, aiosmtpd of Debian's python3-aiosmtpd.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include "http/client.hpp"

extern char** environ;

namespace headrace::http {
namespace {

using namespace std::chrono_literals;

// Prints its port, then each mail it takes: sender, recipients, message, ended by a line "==".
constexpr const char* kServer = R"(
import sys, time
from aiosmtpd.controller import Controller
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('gone@'):
            return '550 5.1.1 no such mailbox'
        envelope.rcpt_tos.append(address)
        return '250 OK'
    async def handle_DATA(self, server, session, envelope):
        if envelope.mail_from.startswith('slow@'):
            import asyncio
            await asyncio.sleep(60)
        out = envelope.mail_from + ' to ' + ','.join(envelope.rcpt_tos) + '\n'
        sys.stdout.write(out + envelope.content.decode().replace('\r\n', '\n') + '==\n')
        sys.stdout.flush()
        return '250 taken'
class Any(Controller):
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
c = Any(Handler(), hostname='127.0.0.1', port=0)
c.start()
print(c.port, flush=True)
sys.stdin.read()
)";

class MailServer {
 public:
  MailServer() {
    std::array<int, 2> in{}, out{};
    if (::pipe(in.data()) != 0 || ::pipe(out.data()) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    for (const int fd : {in[0], in[1], out[0], out[1]}) posix_spawn_file_actions_addclose(&actions, fd);
    const char* argv[] = {"/usr/bin/python3", "-c", kServer, nullptr};
    const int code = ::posix_spawn(&pid_, argv[0], &actions, nullptr, const_cast<char**>(argv), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    stdin_ = in[1];
    stdout_ = out[0];
    if (code != 0) throw std::runtime_error("/usr/bin/python3 cannot be started");
    port_ = read_until("\n");
    port_.pop_back();
  }
  ~MailServer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(stdin_);
    ::close(stdout_);
  }
  std::string url() const { return "smtp://127.0.0.1:" + port_; }
  /// Blocks until the server has taken a mail.
  std::string next_mail() { return read_until("==\n"); }

 private:
  std::string read_until(const std::string& mark) {
    std::string text;
    char c = 0;
    while (text.size() < mark.size() || text.compare(text.size() - mark.size(), mark.size(), mark) != 0) {
      if (::read(stdout_, &c, 1) != 1) throw std::runtime_error("the SMTP server has ended after: " + text);
      text += c;
    }
    return text;
  }
  pid_t pid_ = 0;
  int stdin_ = -1, stdout_ = -1;
  std::string port_;
};

Reply deliver(Mail mail) {
  boost::asio::io_context io;
  Client client(io);
  std::optional<Reply> reply;
  client.send(std::move(mail), [&](Reply r) {
    reply = std::move(r);
    io.stop();
  });
  io.run_for(20s);
  EXPECT_TRUE(reply);
  return reply.value_or(Reply{});
}

TEST(Smtp, DeliversAMail) {
  MailServer server;
  Mail mail;
  mail.relay = server.url();
  mail.from = "Build Bot <ci@example.org>";
  mail.to = {"Ann <ann@example.org>", "bob@example.org"};
  mail.message = "Subject: hi\r\n\r\nfirst\r\n.dot at the start\r\n.\r\nlast\r\n";
  const auto reply = deliver(mail);
  EXPECT_EQ(reply.error, "");
  EXPECT_EQ(reply.status, 250);
  EXPECT_EQ(server.next_mail(),
            "ci@example.org to ann@example.org,bob@example.org\n"
            "Subject: hi\n\nfirst\n.dot at the start\n.\nlast\n==\n");
}

TEST(Smtp, SaysWhatTheServerSaid) {
  MailServer server;
  Mail mail;
  mail.relay = server.url();
  mail.from = "ci@example.org";
  mail.to = {"gone@example.org"};
  mail.message = "Subject: hi\r\n\r\n\r\n";
  const auto reply = deliver(mail);
  EXPECT_NE(reply.error.find("550 5.1.1 no such mailbox"), std::string::npos) << reply.error;
  EXPECT_NE(reply.error.find("127.0.0.1:"), std::string::npos) << reply.error;
}

TEST(Smtp, DeliversToTheOthersWhenOneIsGone) {
  MailServer server;
  Mail mail;
  mail.relay = server.url();
  mail.from = "ci@example.org";
  mail.to = {"gone@example.org", "ann@example.org"};
  mail.message = "Subject: hi\r\n\r\n\r\n";
  const auto reply = deliver(mail);
  EXPECT_EQ(reply.error, "");
  EXPECT_NE(reply.body.find("no such mailbox"), std::string::npos);
  EXPECT_EQ(server.next_mail().substr(0, 34), "ci@example.org to ann@example.org\n");
}

TEST(Smtp, ASlowVerdictStopsNeitherTheLoopNorTheEndOfTheClient) {
  MailServer server;
  boost::asio::io_context io;
  auto client = std::make_unique<Client>(io);
  Mail mail;
  mail.relay = server.url();
  mail.to = {"ann@example.org"};
  mail.message = "Subject: hi\r\n\r\n\r\n";
  bool slow_came = false, quick_came = false;
  mail.from = "slow@example.org";
  client->send(mail, [&](Reply) { slow_came = true; });
  mail.from = "ci@example.org";
  client->send(mail, [&](Reply r) {
    quick_came = r.error.empty();
    io.stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  io.run_for(20s);
  EXPECT_TRUE(quick_came);
  io.restart();
  EXPECT_EQ(io.run_for(50ms), 0u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  client.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s) << "what is under way is broken off";
  io.restart();
  io.run_for(50ms);
  EXPECT_FALSE(slow_came);
}

TEST(Smtp, RefusesToSendInTheClearWhenTlsIsRequired) {
  MailServer server;  // offers no STARTTLS
  Mail mail;
  mail.relay = server.url();
  mail.require_tls = true;
  mail.from = "ci@example.org";
  mail.to = {"ann@example.org"};
  mail.message = "Subject: hi\r\n\r\n\r\n";
  EXPECT_NE(deliver(mail).error, "");
}

TEST(Smtp, RefusesALineBreakInAnAddress) {
  Mail mail;
  mail.relay = "smtp://127.0.0.1:1";
  mail.from = "ci@example.org";
  mail.to = {"ann@example.org>\r\nRCPT TO:<evil@example.org"};
  EXPECT_NE(deliver(mail).error.find("line break"), std::string::npos);
  mail.to = {};
  EXPECT_NE(deliver(mail).error.find("no recipient"), std::string::npos);
}

}  // namespace
}  // namespace headrace::http
