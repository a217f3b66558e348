// SPDX-License-Identifier: Apache-2.0
#include "web/history/history.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "log/log.hpp"
#include "web/history/schema.hpp"

namespace headrace::web {
namespace {

constexpr int kReaders = 2;
constexpr std::chrono::milliseconds kWriteAgain{500};

// Jobs in order of arrival; closed once, at the end.
template <class Job>
class Queue {
 public:
  void push(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    arrived_.notify_one();
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    arrived_.notify_all();
  }
  /// @return false when the queue is closed before the time is over
  bool rest(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !arrived_.wait_for(lock, time, [&] { return closed_; });
  }
  std::optional<Job> pop() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
    if (closed_) return std::nullopt;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job> jobs_;
  bool closed_ = false;
};

class FileLock {
 public:
  explicit FileLock(const std::string& path) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "cannot open " + path);
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
    ::close(fd_);
    throw std::runtime_error("another process keeps its history here: " + path + " is locked");
  }
  ~FileLock() { ::close(fd_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int fd_ = -1;
};

std::string with_directory(const std::string& path) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  return path;
}

}  // namespace

struct History::Impl {
  Impl(boost::asio::io_context& loop, const std::string& path)
      : io(loop),
        lock(with_directory(path) + ".lock"),
        database(open_history(path)),
        projection(*database),
        opened_at(projection.cursor()) {
    threads.emplace_back([this] { write_all(); });
    for (int i = 0; i < kReaders; ++i) {
      readers.push_back(std::make_unique<Database>(path, Database::Mode::read_only));
      readers.back()->limit_statements(std::chrono::seconds(kReadSeconds));
      threads.emplace_back([this, db = readers.back().get()] { read_all(*db); });
    }
  }

  ~Impl() {
    writes.close();
    reads.close();
    for (auto& t : threads) t.join();
  }

  void read_all(Database& db) {
    while (auto job = reads.pop()) {
      Answer answer;
      try {
        answer = (*job)(db);
      } catch (...) {
        answer = [failure = std::current_exception()] { std::rethrow_exception(failure); };
      }
      give(std::move(*job), std::move(answer));
    }
  }

  void write_all() {
    while (auto job = writes.pop()) {
      Answer answer;
      try {
        while (!write(*job, answer))
          if (!writes.rest(kWriteAgain)) return;
      } catch (...) {
        answer = [failure = std::current_exception()] { std::rethrow_exception(failure); };
      }
      give(std::move(*job), std::move(answer));
    }
  }

  // @return false when there was no room: the job has left nothing behind and is to be done again
  bool write(const std::function<Answer(Projection&)>& job, Answer& answer) {
    try {
      if (!problem().empty()) projection.load();
      answer = job(projection);
      set_problem("");
      return true;
    } catch (const SqlError& e) {
      if (!e.cannot_write()) throw;
      set_problem(e.what());
      return false;
    }
  }

  template <class Job>
  void give(Job job, Answer answer) {
    job = nullptr;  // what the job captured is destroyed before the loop goes on with it
    if (answer) boost::asio::post(io, std::move(answer));
  }

  std::string problem() const {
    const std::lock_guard lock(problem_mutex);
    return problem_text;
  }
  void set_problem(const std::string& text) {
    const std::lock_guard lock(problem_mutex);
    if (problem_text.empty() && !text.empty())
      spdlog::error("the history cannot be written reason=\"{}\"", text);
    if (!problem_text.empty() && text.empty()) spdlog::info("the history can be written again");
    problem_text = text;
  }

  boost::asio::io_context& io;
  FileLock lock;
  std::unique_ptr<Database> database;
  Projection projection;
  const Cursor opened_at;
  std::vector<std::unique_ptr<Database>> readers;
  Queue<std::function<Answer(Projection&)>> writes;
  Queue<std::function<Answer(Database&)>> reads;
  mutable std::mutex problem_mutex;
  std::string problem_text;  ///< why the writing thread cannot go on
  std::vector<std::thread> threads;
};

History::History(boost::asio::io_context& io, const std::string& path)
    : impl_(std::make_unique<Impl>(io, path)) {}
History::~History() = default;
Cursor History::opened_at() const { return impl_->opened_at; }
std::string History::problem() const { return impl_->problem(); }
void History::write(std::function<Answer(Projection&)> job) { impl_->writes.push(std::move(job)); }
void History::read(std::function<Answer(Database&)> job) { impl_->reads.push(std::move(job)); }

bool lacks_room(const std::exception& failure) {
  if (const auto* sql = dynamic_cast<const SqlError*>(&failure)) return sql->cannot_write();
  const auto* system = dynamic_cast<const std::system_error*>(&failure);
  return system && (system->code() == std::errc::no_space_on_device || system->code().value() == EDQUOT);
}

}  // namespace headrace::web
