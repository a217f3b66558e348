// SPDX-License-Identifier: Apache-2.0
// Real programs in tests: run to their end, or kept running; and folders that go with the test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace headrace::test {

/// A new folder below /tmp, removed with everything in it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void write_file(const std::string& path, const std::string& text);
std::string read_file(const std::string& path);  ///< "" when there is none
std::string replace_all(std::string text, const std::string& from, const std::string& to);

struct Finished {
  int status = -1;  ///< exit status; 128 + signal when it was killed
  std::string out, err;
};

/// Runs to the end. @param words  [0] without a slash is looked up in PATH
/// Throws when it cannot be started or takes longer than `limit` (it is killed then).
Finished run(const std::vector<std::string>& words, const std::string& directory = "",
             std::chrono::seconds limit = std::chrono::seconds(60));
/// The same; throws with its output unless the status is 0. @return what it printed
std::string must_run(const std::vector<std::string>& words, const std::string& directory = "");

/// A program in the background; killed with this object. Its output goes to a file.
class Program {
 public:
  explicit Program(std::vector<std::string> words, std::vector<std::string> more_environment = {});
  ~Program();
  Program(const Program&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  /// Waits for the end. @return exit status, 128 + signal when it was killed; throws at the limit
  int wait(std::chrono::seconds limit);
  /// Everything on stdout and stderr so far.
  std::string output() const { return read_file(output_); }

 private:
  Folder folder_;
  std::string output_;
  pid_t pid_ = 0;
  int status_ = -1;
};

/// Processes, other than this one, that have `text` in their arguments or environment: ids with arguments,
/// one a line; "" when there are none.
std::string processes_with(const std::string& text);

}  // namespace headrace::test
