// SPDX-License-Identifier: Apache-2.0
#include "worker/core/command_run.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "logchunk/lines.hpp"
#include "worker/core/python_words.hpp"

namespace headrace::worker {
namespace {
// A process that SIGKILL does not end within this (it hangs in the kernel) is given up.
constexpr milliseconds kKillGrace{5000};
constexpr std::size_t kMaxCollected = 64 * 1024;
}  // namespace

CommandRun::CommandRun(CommandSpec spec, ExecId exec, StepLogs& logs, int log)
    : spec_(std::move(spec)), exec_(exec), logs_(logs), log_(log) {}

void CommandRun::header(const std::string& text, Now now) {
  if (spec_.quiet) return;
  logs_.write(log_, 'h', spec_.hide_passwords ? git::without_passwords(text) : text, now);
}

void CommandRun::show(char channel, std::string_view bytes, Now now) {
  if (spec_.quiet) return;
  if (!spec_.hide_passwords) return logs_.write(log_, channel, bytes, now);
  if (const auto shown = filters_[channel].add(bytes); !shown.empty()) logs_.write(log_, channel, shown, now);
}

void CommandRun::start(Actions& actions, Now now) {
  started_ = last_output_ = now.mono;
  std::string text = spec_.display + "\n in dir " + spec_.directory;
  if (spec_.timeout > 0ms)
    text += " (timeout " + seconds_text(spec_.timeout) + " " + std::string(seconds_unit(spec_.timeout)) + ")";
  if (spec_.max_time > 0ms)
    text +=
        " (maxTime " + seconds_text(spec_.max_time) + " " + std::string(seconds_unit(spec_.max_time)) + ")";
  if (spec_.isolation && !spec_.isolation->own)
    text +=
        "\n isolated: sees this builder's directory, the system's, and what the worker's configuration names";
  text += "\n argv: " + python_list(spec_.argv) + "\n";
  if (spec_.log_environ) {
    text += " environment:\n";
    for (const auto& [name, value] : spec_.env) text += "  " + name + "=" + value + "\n";
  }
  if (spec_.input) text += " writing " + std::to_string(spec_.input->size()) + " bytes to stdin\n";
  header(text, now);
  actions.push_back(
      StartCommand{exec_, spec_.argv, spec_.directory, spec_.env, spec_.input, spec_.isolation});
}

std::optional<CommandEnd> CommandRun::on(const CommandInput& input, Actions& actions, Now now) {
  return std::visit([&](const auto& known) { return handle(known, actions, now); }, input);
}

CommandRun::End CommandRun::handle(const CommandOutput& output, Actions& actions, Now now) {
  const std::string_view bytes = output.bytes;
  last_output_ = now.mono;
  if (spec_.collect && output.channel == 'o' && end_.output.size() < kMaxCollected)
    end_.output.append(bytes.substr(0, kMaxCollected - end_.output.size()));
  show(output.channel, bytes, now);
  if (spec_.max_lines > 0 && !end_.max_lines_reached) {
    lines_ += logchunk::count_lines(bytes);
    if (lines_ > spec_.max_lines) {
      end_.max_lines_reached = true;
      kill("command exceeds max lines: " + std::to_string(lines_) + "/" + std::to_string(spec_.max_lines) +
               " written/allowed lines running " + python_list(spec_.argv),
           actions, now);
    }
  }
  return std::nullopt;
}

void CommandRun::kill(const std::string& why, Actions& actions, Now now) {
  header("\n" + why + ", attempting to kill\n", now);
  if (give_up_) return;
  give_up_ = now.mono + spec_.sigterm + kKillGrace;
  actions.push_back(KillCommand{exec_, spec_.sigterm});
}

void CommandRun::interrupt(Actions& actions, Now now) {
  if (end_.interrupted) return;
  end_.interrupted = true;
  kill("command interrupted", actions, now);
}

CommandEnd CommandRun::ended(int rc, Now now) {
  // A command that was killed and says 0 did not succeed.
  end_.rc = give_up_ && rc == 0 ? -1 : rc;
  for (auto& [channel, filter] : filters_)
    if (const auto shown = filter.rest(); !shown.empty()) logs_.write(log_, channel, shown, now);
  char elapsed[64];
  std::snprintf(elapsed, sizeof elapsed, "elapsedTime=%.6f\n",
                std::chrono::duration<double>(now.mono - started_).count());
  header("program finished with exit code " + std::to_string(end_.rc) + "\n" + elapsed, now);
  return std::move(end_);
}

CommandRun::End CommandRun::handle(const Exit& exit, Actions& /*actions*/, Now now) {
  if (exit.signal != 0) {
    header("process killed by signal " + std::to_string(exit.signal) + "\n", now);
    return ended(-1, now);
  }
  return ended(exit.code, now);
}

CommandRun::End CommandRun::handle(const SpawnFailure& failure, Actions& /*actions*/, Now now) {
  const bool missing = failure.error == ENOENT;
  std::string text = "cannot " + failure.what + " '" + failure.path + "': ";
  if (failure.what == "run") {
    // The one failure that people see every day: say it as a shell does, and where was looked.
    text =
        missing ? failure.path + ": command not found" : failure.path + ": " + std::strerror(failure.error);
    if (missing && failure.path.find('/') == std::string::npos) {
      const auto path = spec_.env.find("PATH");
      text += " (PATH=" + (path == spec_.env.end() ? std::string("(unset)") : path->second) + ")";
    }
    logs_.write(log_, 'e', text + "\n", now);
    return ended(missing ? 127 : 126, now);
  }
  end_.could_not_start = true;
  logs_.write(log_, 'e', text + std::strerror(failure.error) + "\n", now);
  return ended(-1, now);
}

CommandRun::End CommandRun::handle(const TimerDue& /*timer*/, Actions& actions, Now now) {
  if (give_up_) {
    if (paused_ || now.mono < *give_up_) return std::nullopt;
    header("SIGKILL failed to kill process\n", now);
    actions.push_back(DiscardOutput{exec_});
    return ended(-1, now);
  }
  if (spec_.max_time > 0ms && now.mono >= started_ + spec_.max_time) {
    end_.timed_out = true;
    kill("command timed out: " + seconds_text(spec_.max_time) + " seconds elapsed running " +
             python_list(spec_.argv),
         actions, now);
  } else if (spec_.timeout > 0ms && !paused_ && now.mono >= last_output_ + spec_.timeout) {
    end_.timed_out = true;
    kill("command timed out: " + seconds_text(spec_.timeout) + " seconds without output running " +
             python_list(spec_.argv),
         actions, now);
  }
  return std::nullopt;
}

std::optional<MonoTime> CommandRun::next_wake() const {
  if (give_up_) return paused_ ? std::nullopt : give_up_;
  std::optional<MonoTime> first;
  if (spec_.max_time > 0ms) first = started_ + spec_.max_time;
  if (spec_.timeout > 0ms && !paused_ && (!first || last_output_ + spec_.timeout < *first))
    first = last_output_ + spec_.timeout;
  return first;
}

CommandRun::End CommandRun::handle(const ReadingPaused& reading, Actions& /*actions*/, Now now) {
  if (paused_ && !reading.paused) {
    last_output_ = now.mono;
    // Its end waits behind output that nobody read: the grace begins anew.
    if (give_up_) give_up_ = std::max(*give_up_, now.mono + kKillGrace);
  }
  paused_ = reading.paused;
  return std::nullopt;
}

}  // namespace headrace::worker
