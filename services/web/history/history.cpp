// SPDX-License-Identifier: Apache-2.0
#include "web/history/history.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "web/history/schema.hpp"

namespace headrace::web {
namespace {

constexpr int kReaders = 2;

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
    if (fd_ < 0) throw std::runtime_error("cannot open " + path + ": " + std::strerror(errno));
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
    threads.emplace_back([this] { work(writes, projection); });
    for (int i = 0; i < kReaders; ++i) {
      readers.push_back(std::make_unique<Database>(path, Database::Mode::read_only));
      readers.back()->limit_statements(std::chrono::seconds(kReadSeconds));
      threads.emplace_back([this, db = readers.back().get()] { work(reads, *db); });
    }
  }

  ~Impl() {
    writes.close();
    reads.close();
    for (auto& t : threads) t.join();
  }

  template <class Job, class Subject>
  void work(Queue<Job>& queue, Subject& subject) {
    while (auto job = queue.pop()) {
      Answer answer;
      try {
        answer = (*job)(subject);
      } catch (...) {
        answer = [failure = std::current_exception()] { std::rethrow_exception(failure); };
      }
      job.reset();  // what the job captured is destroyed before the loop goes on with it
      if (answer) boost::asio::post(io, std::move(answer));
    }
  }

  boost::asio::io_context& io;
  FileLock lock;
  std::unique_ptr<Database> database;
  Projection projection;
  const Cursor opened_at;
  std::vector<std::unique_ptr<Database>> readers;
  Queue<std::function<Answer(Projection&)>> writes;
  Queue<std::function<Answer(Database&)>> reads;
  std::vector<std::thread> threads;
};

History::History(boost::asio::io_context& io, const std::string& path)
    : impl_(std::make_unique<Impl>(io, path)) {}
History::~History() = default;
Cursor History::opened_at() const { return impl_->opened_at; }
void History::write(std::function<Answer(Projection&)> job) { impl_->writes.push(std::move(job)); }
void History::read(std::function<Answer(Database&)> job) { impl_->reads.push(std::move(job)); }

}  // namespace headrace::web
