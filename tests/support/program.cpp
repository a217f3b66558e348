// SPDX-License-Identifier: Apache-2.0
#include "support/program.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "spawn/spawn.hpp"
#include "support/wait.hpp"

namespace headrace::test {
namespace {

int exit_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

pid_t start(const std::vector<std::string>& words, std::vector<std::string> env, const std::string& directory,
            int out, int err) {
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  spawn::Command command;
  command.argv = words;
  command.env = std::move(env);
  command.directory = directory;
  command.descriptors = {{nothing, 0}, {out, 1}, {err, 2}};
  const auto pid = spawn::start(command);
  ::close(nothing);
  if (!pid) throw std::runtime_error(pid.error().text());
  return *pid;
}

// Settings of the surroundings must not reach the programs under test.
std::vector<std::string> environment(const std::vector<std::string>& more) {
  auto env = spawn::own_environment();
  std::erase_if(env, [](const std::string& e) { return e.starts_with("HEADRACE_"); });
  env.insert(env.end(), more.begin(), more.end());
  return env;
}

std::string whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

}  // namespace

Folder::Folder() {
  char name[] = "/tmp/hr-test-XXXXXX";
  if (!mkdtemp(name)) throw std::runtime_error("mkdtemp");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream out(path, std::ios::binary);
  if (!(out << text)) throw std::runtime_error("cannot write " + path);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

Finished run(const std::vector<std::string>& words, const std::string& directory,
             std::chrono::seconds limit) {
  const Folder folder;
  const int out = ::open((folder / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const int err = ::open((folder / "err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const pid_t pid = start(words, environment({}), directory, out, err);
  ::close(out);
  ::close(err);
  int status = 0;
  try {
    wait_for(words[0] + " to end", limit, [&] { return ::waitpid(pid, &status, WNOHANG) == pid; });
  } catch (...) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
    throw;
  }
  return {exit_status(status), read_file(folder / "out"), read_file(folder / "err")};
}

std::string must_run(const std::vector<std::string>& words, const std::string& directory) {
  const auto done = run(words, directory);
  if (done.status == 0) return done.out;
  std::string line;
  for (const auto& w : words) line += w + " ";
  throw std::runtime_error(line + "ended with status " + std::to_string(done.status) + "\n" + done.out +
                           done.err);
}

Program::Program(std::vector<std::string> words, std::vector<std::string> more_environment)
    : output_(folder_ / "output") {
  const int out = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = start(words, environment(more_environment), "", out, out);
  ::close(out);
}

Program::~Program() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Program::running() {
  if (!pid_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  status_ = exit_status(status);
  pid_ = 0;
  return false;
}

void Program::signal(int number) {
  if (running()) ::kill(pid_, number);
}

int Program::wait(std::chrono::seconds limit) {
  wait_for(
      "a program to end", limit, [this] { return !running(); }, [this] { return output(); });
  return status_;
}

std::string processes_with(const std::string& text) {
  std::string out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos || name == std::to_string(::getpid()))
      continue;
    const auto arguments = whole(entry.path() / "cmdline");
    if (arguments.empty()) continue;  // a zombie or a kernel thread
    if (arguments.find(text) == std::string::npos &&
        whole(entry.path() / "environ").find(text) == std::string::npos)
      continue;
    out += name + " " + arguments + "\n";
  }
  return out;
}

}  // namespace headrace::test
