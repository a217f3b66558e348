// SPDX-License-Identifier: Apache-2.0
#include "spawn/spawn.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <mutex>

extern char** environ;

namespace headrace::spawn {
namespace {

constexpr std::size_t kStack = 64 * 1024;  // of the child, before it becomes the program
constexpr int kFirstFree = 64;             // sources are moved above every target before the child sorts them

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const auto& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

/// What execvp would try, in order; made before the child, which must not allocate.
std::vector<std::string> candidates(const Command& c) {
  if (c.argv[0].find('/') != std::string::npos) return {c.argv[0]};
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  for (const auto& e : c.env)
    if (e.starts_with("PATH=")) path = e.substr(5);
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find(':', at), path.size());
    const std::string folder = path.substr(at, end - at);
    out.push_back(folder.empty() ? "./" + c.argv[0] : folder + "/" + c.argv[0]);
    at = end + 1;
  }
  return out;
}

// The thread sanitizer keeps book of its thread in memory, where a child must not write: there the child gets
// a copy of the memory.
#ifdef __SANITIZE_THREAD__
constexpr int kShared = 0;
#else
constexpr int kShared = CLONE_VM;
#endif

// What the child says if it fails.
struct Report {
  int error = 0;
  int stage = 0;  // 1: enter directory, 2: run, 3: isolate
};

// In memory that parent and child share in any case.
Report* shared_report() {
  void* page = mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? nullptr : static_cast<Report*>(page);
}

// What the child works on.
struct Start {
  const Command& command;
  const std::vector<int>& sources;
  const std::vector<char*>& programs;
  char** argv;
  char** shell_argv;
  char** env;
  pid_t parent;
  Report& report;
};

// Runs in the child, on the parent's memory: async-signal-safe calls only, and no allocation. The parent
// stands still until it has become the program or has ended.
int child(void* argument) {
  auto& state = *static_cast<Start*>(argument);
  const auto& c = state.command;
  if (c.new_session) setsid();
  if (c.umask) umask(*c.umask);
  state.report.stage = 3;
  if (c.confine && (state.report.error = c.confine(c.confine_with)) != 0) return 127;
  // After what may change the credentials, which would take it away again.
  if (c.parent_death_signal != 0) {
    prctl(PR_SET_PDEATHSIG, c.parent_death_signal);
    if (getppid() != state.parent) return 127;  // it died in between
  }
  state.report.stage = 1;
  if (!c.directory.empty() && chdir(c.directory.c_str()) != 0) {
    state.report.error = errno;
    return 127;
  }
  int highest = -1;
  for (std::size_t i = 0; i < state.sources.size(); ++i) {
    dup2(state.sources[i], c.descriptors[i].second);
    if (c.descriptors[i].second > highest) highest = c.descriptors[i].second;
  }
  // Targets are 0, 1, 2 … without holes in practice; a hole stays what the parent had closed-on-exec.
  syscall(SYS_close_range, static_cast<unsigned>(highest + 1), ~0u, CLOSE_RANGE_CLOEXEC);
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int s = 1; s < NSIG; ++s) sigaction(s, &plain, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  state.report.stage = 2;
  int best = ENOENT;
  for (char* program : state.programs) {
    if (!program) break;
    execve(program, state.argv, state.env);
    if (errno == ENOEXEC) {
      // A script without #!: what execvp does.
      state.shell_argv[1] = program;
      execve("/bin/sh", state.shell_argv, state.env);
    }
    // What was found but cannot be run tells more than that it is not elsewhere.
    if (errno != ENOENT && errno != ENOTDIR && best == ENOENT) best = errno;
    if (errno == E2BIG || errno == ENOMEM) break;
  }
  state.report.error = best;
  return 127;
}

}  // namespace

std::string Failure::text() const { return "cannot " + what + " '" + path + "': " + std::strerror(error); }

tl::expected<pid_t, Failure> start(const Command& c) {
  if (c.argv.empty()) return tl::unexpected(Failure{EINVAL, "run", ""});
  // One at a time: the child's stack and its report are there once. A child takes no lock.
  static std::mutex one;
  const std::lock_guard lock(one);
  static Report* const report = shared_report();
  if (!report) return tl::unexpected(Failure{ENOMEM, "start", c.argv[0]});
  const auto programs = candidates(c);
  const auto program_pointers = pointers(programs);
  auto argv = pointers(c.argv);
  auto env = pointers(c.env);
  static char shell[] = "/bin/sh";
  std::vector<char*> shell_argv = {shell, nullptr};
  shell_argv.insert(shell_argv.end(), argv.begin() + 1, argv.end());

  std::vector<int> sources;
  const auto close_sources = [&] {
    for (const int fd : sources) close(fd);
  };
  for (const auto& [from, to] : c.descriptors) {
    const int moved = fcntl(from, F_DUPFD_CLOEXEC, kFirstFree);
    if (moved < 0) {
      const int error = errno;
      close_sources();
      return tl::unexpected(Failure{error, "start", c.argv[0]});
    }
    sources.push_back(moved);
  }

  // No handler may run in the child while it shares our memory.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  *report = {};
  Start state{c, sources, program_pointers, argv.data(), shell_argv.data(), env.data(), getpid(), *report};
  // As vfork, but on a stack of its own, so that nothing returns twice.
  alignas(16) static char stack[kStack];
  const pid_t pid = clone(child, stack + kStack, kShared | CLONE_VFORK | SIGCHLD, &state);
  const int clone_error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close_sources();
  if (pid < 0) return tl::unexpected(Failure{clone_error, "start", c.argv[0]});
  if (report->error != 0) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (report->stage == 1) return tl::unexpected(Failure{report->error, "enter directory", c.directory});
    if (report->stage == 3) return tl::unexpected(Failure{report->error, "isolate", c.argv[0]});
    return tl::unexpected(Failure{report->error, "run", c.argv[0]});
  }
  return pid;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> out;
  for (char** e = environ; *e; ++e) out.emplace_back(*e);
  return out;
}

std::string own_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path().string(); }

}  // namespace headrace::spawn
