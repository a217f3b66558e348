// SPDX-License-Identifier: Apache-2.0
#include "worker/launcher/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "wire/codec.hpp"

namespace headrace::worker {
namespace {
constexpr std::size_t kMaxMessage = 64u << 20;  // the kernel takes less for arguments and environment
constexpr int kDescriptors = 3;                 // of a start
}  // namespace

Channel::Channel(int fd) : fd_(fd) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  fcntl(fd_, F_SETFD, FD_CLOEXEC);
}

Channel::~Channel() {
  for (const auto& m : out_)
    for (const int d : m.descriptors) close(d);
  for (const int d : received_) close(d);
  close(fd_);
}

void Channel::send(const json::Value& message, std::vector<int> descriptors) {
  const std::string body = wire::encode_value(message);
  Outgoing out;
  for (int shift = 0; shift < 32; shift += 8) out.bytes += static_cast<char>(body.size() >> shift & 255);
  out.bytes += body;
  out.descriptors = std::move(descriptors);
  out_.push_back(std::move(out));
  flush();
}

bool Channel::flush() {
  while (!out_.empty()) {
    Outgoing& m = out_.front();
    iovec data{m.bytes.data() + m.written, m.bytes.size() - m.written};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kDescriptors)] = {};
    if (!m.descriptors.empty()) {
      const std::size_t size = sizeof(int) * m.descriptors.size();
      header.msg_control = control;
      header.msg_controllen = CMSG_SPACE(size);
      cmsghdr* c = CMSG_FIRSTHDR(&header);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(size);
      std::memcpy(CMSG_DATA(c), m.descriptors.data(), size);
    }
    const ssize_t n = sendmsg(fd_, &header, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == ETOOMANYREFS;
    for (const int d : m.descriptors) close(d);
    m.descriptors.clear();
    m.written += static_cast<std::size_t>(n);
    if (m.written == m.bytes.size()) out_.pop_front();
  }
  return true;
}

bool Channel::read_some() {
  char buffer[64 * 1024];
  iovec data{buffer, sizeof buffer};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 64)];
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t n = recvmsg(fd_, &header, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR) n = recvmsg(fd_, &header, MSG_CMSG_CLOEXEC);
  if (n <= 0) return false;  // the caller looks at errno; 0 is the end
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int d = -1;
      std::memcpy(&d, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      received_.push_back(d);
    }
  }
  in_.append(buffer, static_cast<std::size_t>(n));
  return true;
}

bool Channel::receive(const Handler& handler) {
  bool open = true;
  errno = 0;
  while (read_some()) errno = 0;
  if (errno != EAGAIN) open = false;
  std::size_t at = 0;
  while (in_.size() - at >= 4) {
    std::uint32_t size = 0;
    for (std::size_t i = 0; i < 4; ++i)
      size |= static_cast<std::uint32_t>(static_cast<unsigned char>(in_[at + i])) << (8 * i);
    if (size > kMaxMessage) return false;
    if (in_.size() - at - 4 < size) break;
    const auto message = wire::decode_value(std::string_view(in_).substr(at + 4, size));
    at += 4 + size;
    if (!message) return false;
    std::vector<int> descriptors;
    if ((*message)["op"] == json::Value("start")) {
      if (received_.size() < kDescriptors) return false;
      descriptors.assign(received_.begin(), received_.begin() + kDescriptors);
      received_.erase(received_.begin(), received_.begin() + kDescriptors);
    }
    handler(*message, std::move(descriptors));
  }
  in_.erase(0, at);
  return open;
}

}  // namespace headrace::worker
