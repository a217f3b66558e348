// SPDX-License-Identifier: Apache-2.0
#include "http/transfer.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

namespace headrace::http {
namespace {

constexpr std::size_t kMaxBody = 16u << 20;

template <class T>
void set(CURL* curl, CURLoption option, T value) {
  curl_easy_setopt(curl, option, value);
}

std::string url_part(CURLU* url, CURLUPart part, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) return "";
  std::string out = text;
  curl_free(text);
  return out;
}

// "http://user:pw@host/path" → "host:80"; the whole text when it is no URL.
std::string host_and_port(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), &curl_url_cleanup);
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return url;
  return url_part(parsed.get(), CURLUPART_HOST, 0) + ":" +
         url_part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

// The proxies of the environment are for the world outside, not for this host.
std::string no_proxy() {
  const char* given = std::getenv("no_proxy");
  if (given == nullptr) given = std::getenv("NO_PROXY");
  const std::string local = "localhost,127.0.0.1,::1";
  return given == nullptr || *given == '\0' ? local : local + "," + given;
}

bool has_line_break(const std::string& s) {
  return s.find_first_of(std::string("\r\n\0", 3)) != std::string::npos;
}

// "Build Bot <ci@example.org>" → "<ci@example.org>".
std::string envelope_address(const std::string& text) {
  const auto open = text.rfind('<');
  const auto close = text.rfind('>');
  if (open != std::string::npos && close != std::string::npos && open < close) {
    return text.substr(open, close - open + 1);
  }
  return "<" + text + ">";
}

int socket_opened(void* sockets, curl_socket_t fd, curlsocktype) {
  static_cast<OpenSockets*>(sockets)->add(fd);
  return CURL_SOCKOPT_OK;
}
int socket_ended(void* sockets, curl_socket_t fd) {
  static_cast<OpenSockets*>(sockets)->close(fd);
  return 0;
}

constexpr milliseconds kConnect{30'000};

}  // namespace

void OpenSockets::add(int fd) {
  const std::lock_guard lock(mutex_);
  fds_.insert(fd);
}
void OpenSockets::close(int fd) {
  const std::lock_guard lock(mutex_);
  fds_.erase(fd);
  ::close(fd);
}
void OpenSockets::shut_down() {
  const std::lock_guard lock(mutex_);
  for (const int fd : fds_) ::shutdown(fd, SHUT_RDWR);
}

Transfer::Transfer(const std::string& url, milliseconds timeout) : peer_(host_and_port(url)) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  curl_.reset(curl_easy_init());
  if (!curl_) throw std::bad_alloc();
  CURL* c = curl_.get();
  set(c, CURLOPT_URL, url.c_str());
  set(c, CURLOPT_NOSIGNAL, 1L);
  set(c, CURLOPT_ERRORBUFFER, error_.data());
  set(c, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  set(c, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(timeout, kConnect).count()));
  set(c, CURLOPT_NOPROXY, no_proxy().c_str());
  set(c, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(c, CURLOPT_WRITEDATA, this);
  set(c, CURLOPT_PRIVATE, this);
}

Transfer::Transfer(Call call) : Transfer(call.url, call.timeout) {
  CURL* c = curl_.get();
  upload_ = std::move(call.body);
  set(c, CURLOPT_PROTOCOLS_STR, "http,https");
  set(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(c, CURLOPT_USERAGENT, "headrace/" HEADRACE_VERSION);
  set(c, CURLOPT_ACCEPT_ENCODING, "");
  set_method(call);
  set_headers(call);
  if (!call.user.empty() || !call.password.empty()) {
    set(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    set(c, CURLOPT_USERNAME, call.user.c_str());
    set(c, CURLOPT_PASSWORD, call.password.c_str());
  }
  if (!call.unix_socket.empty()) set(c, CURLOPT_UNIX_SOCKET_PATH, call.unix_socket.c_str());
  if (!call.verify_tls) {
    set(c, CURLOPT_SSL_VERIFYPEER, 0L);
    set(c, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

void Transfer::set_method(const Call& call) {
  CURL* c = curl_.get();
  if (call.method == "HEAD") {
    set(c, CURLOPT_NOBODY, 1L);
  } else if (call.method == "GET" && upload_.empty()) {
    set(c, CURLOPT_HTTPGET, 1L);
  } else {
    if (!upload_.empty() || call.method == "POST" || call.method == "PUT" || call.method == "PATCH") {
      set(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(upload_.size()));
      set(c, CURLOPT_POSTFIELDS, upload_.data());
    }
    set(c, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
  // A request that changes something must not be repeated elsewhere because a server says so.
  if (call.method == "GET" || call.method == "HEAD") {
    set(c, CURLOPT_FOLLOWLOCATION, 1L);
    set(c, CURLOPT_MAXREDIRS, 5L);
  }
  if (has_line_break(call.method)) refusal_ = "the method has a line break";
}

void Transfer::set_headers(const Call& call) {
  bool has_type = false;
  for (const auto& [name, value] : call.headers) {
    if (has_line_break(name) || has_line_break(value)) {
      refusal_ = "the header '" + name.substr(0, name.find_first_of("\r\n")) + "' has a line break";
      return;
    }
    has_type = has_type || strcasecmp(name.c_str(), "content-type") == 0;
    add_line(value.empty() ? name + ";" : name + ": " + value);
  }
  add_line("Expect:");                       // curl would wait a second for "100 Continue"
  if (!has_type) add_line("Content-Type:");  // and call every body a form
  set(curl_.get(), CURLOPT_HTTPHEADER, list_.get());
}

Transfer::Transfer(Mail mail) : Transfer(mail.relay, mail.timeout) {
  CURL* c = curl_.get();
  is_mail_ = true;
  upload_ = std::move(mail.message);
  set(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(c, CURLOPT_USE_SSL, mail.require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE);
  if (!mail.user.empty()) {
    set(c, CURLOPT_USERNAME, mail.user.c_str());
    set(c, CURLOPT_PASSWORD, mail.password.c_str());
  }
  if (has_line_break(mail.from)) refusal_ = "the sender's address has a line break";
  if (mail.to.empty()) refusal_ = "the mail has no recipient";
  set(c, CURLOPT_MAIL_FROM, envelope_address(mail.from).c_str());
  for (const auto& address : mail.to) {
    if (has_line_break(address)) refusal_ = "a recipient's address has a line break";
    add_line(envelope_address(address));
  }
  set(c, CURLOPT_MAIL_RCPT, list_.get());
  // One address that is refused must not keep the mail from the other recipients.
  set(c, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  set(c, CURLOPT_UPLOAD, 1L);
  set(c, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(upload_.size()));
  set(c, CURLOPT_READFUNCTION, &Transfer::give_message);
  set(c, CURLOPT_READDATA, this);
  set(c, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  set(c, CURLOPT_HEADERDATA, this);
  set(c, CURLOPT_SOCKOPTFUNCTION, &socket_opened);
  set(c, CURLOPT_SOCKOPTDATA, sockets_.get());
  set(c, CURLOPT_CLOSESOCKETFUNCTION, &socket_ended);
  set(c, CURLOPT_CLOSESOCKETDATA, sockets_.get());
}

Transfer::~Transfer() = default;

void Transfer::add_line(const std::string& line) {
  curl_slist* longer = curl_slist_append(list_.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list_.release();
  list_.reset(longer);
}

std::size_t Transfer::take_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& t = *static_cast<Transfer*>(self);
  if (t.reply_.body.size() + size > kMaxBody) {
    t.too_large_ = true;
    return 0;  // ends the transfer
  }
  t.reply_.body.append(data, size);
  return size;
}

// Each line of the mail server's side of the conversation.
std::size_t Transfer::take_header(char* data, std::size_t, std::size_t size, void* self) {
  auto& t = *static_cast<Transfer*>(self);
  if (size > 0 && (data[0] == '4' || data[0] == '5') && t.smtp_refusals_.size() < 4096) {
    std::string line(data, size);
    line.erase(std::min(line.find_first_of("\r\n"), line.size()));
    t.smtp_refusals_ += (t.smtp_refusals_.empty() ? "" : "; ") + line;
  }
  return size;
}

std::size_t Transfer::give_message(char* data, std::size_t, std::size_t size, void* self) {
  auto& t = *static_cast<Transfer*>(self);
  const std::size_t n = std::min(size, t.upload_.size() - t.given_);
  std::memcpy(data, t.upload_.data() + t.given_, n);
  t.given_ += n;
  return n;
}

Reply Transfer::perform() {
  if (!refusal_.empty()) return finish(CURLE_OK);
  return finish(curl_easy_perform(curl_.get()));
}

void Transfer::abort_when(const std::atomic<bool>& flag) {
  CURL* c = curl_.get();
  set(c, CURLOPT_NOPROGRESS, 0L);
  set(c, CURLOPT_XFERINFODATA, &flag);
  set(
      c, CURLOPT_XFERINFOFUNCTION, +[](void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        return static_cast<const std::atomic<bool>*>(data)->load() ? 1 : 0;
      });
}

Reply Transfer::finish(CURLcode code) {
  long status = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
  reply_.status = static_cast<int>(status);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RETRY_AFTER, &retry_after);
  reply_.retry_after = seconds(retry_after);
  if (is_mail_) reply_.body = smtp_refusals_;
  if (!refusal_.empty()) {
    reply_.error = peer_ + ": " + refusal_;
  } else if (code != CURLE_OK) {
    std::string why = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
    if (too_large_) why = "the answer is larger than 16 MiB";
    if (!smtp_refusals_.empty()) why += " (" + smtp_refusals_ + ")";
    reply_.error = peer_ + ": " + why;
  }
  return std::move(reply_);
}

}  // namespace headrace::http
