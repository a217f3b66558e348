// SPDX-License-Identifier: Apache-2.0
// What is read out of Redis' words about its files.
#include "store/durability.hpp"

#include <gtest/gtest.h>

namespace headrace::store {
namespace {

RedisReply text(std::string words) {
  RedisReply out;
  out.kind = RedisReply::Kind::string;
  out.text = std::move(words);
  return out;
}
RedisReply error() {
  RedisReply out;
  out.kind = RedisReply::Kind::error;
  out.text = "NOPERM";
  return out;
}
RedisReply settings(const std::string& fsync, const std::string& none_on_rewrite) {
  RedisReply out;
  out.kind = RedisReply::Kind::array;
  for (const auto& word :
       {std::string("no-appendfsync-on-rewrite"), none_on_rewrite, std::string("appendfsync"), fsync})
    out.items.push_back(text(word));
  return out;
}

constexpr const char* kGood =
    "# Persistence\r\nloading:0\r\naof_enabled:1\r\naof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\n"
    "aof_last_write_status:ok\r\n# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n# Replication\r\n"
    "role:master\r\nconnected_slaves:1\r\n";

std::string with(std::string info, const std::string& from, const std::string& to) {
  return info.replace(info.find(from), from.size(), to);
}

std::string why(const std::string& info, Durability promised, const std::string& fsync = "always",
                const std::string& none_on_rewrite = "no") {
  return why_too_weak(read_persistence({text(info), settings(fsync, none_on_rewrite)}), promised);
}

TEST(Durability, EachPromiseHasItsNeeds) {
  for (const auto promised : {Durability::process, Durability::machine, Durability::replica}) {
    EXPECT_EQ(why(kGood, promised), "");
    EXPECT_NE(why(with(kGood, "aof_enabled:1", "aof_enabled:0"), promised).find("appendonly no"),
              std::string::npos);
    const auto small = with(kGood, "maxmemory:0", "maxmemory:100");
    EXPECT_EQ(why(small, promised), "");
    EXPECT_NE(why(with(small, "noeviction", "allkeys-lru"), promised).find("allkeys-lru"), std::string::npos);
    EXPECT_EQ(why(with(kGood, "noeviction", "allkeys-lru"), promised), "") << "nothing is ever short";
    const bool any_fsync = promised == Durability::process;
    for (const auto* fsync : {"everysec", "no"}) EXPECT_EQ(why(kGood, promised, fsync).empty(), any_fsync);
    EXPECT_EQ(why(kGood, promised, "always", "yes").empty(), any_fsync);
    EXPECT_EQ(why(with(kGood, "slaves:1", "slaves:0"), promised).empty(), promised != Durability::replica);
    EXPECT_EQ(why_too_weak(read_persistence({error(), error()}), promised), "") << "believed";
  }
  EXPECT_EQ(why(with(kGood, "aof_enabled:1", "aof_enabled:0"), Durability::memory), "");
}

TEST(Durability, AFileThatWasTurnedOnCountsWhenItIsComplete) {
  const auto rewriting = with(kGood, "in_progress:0", "in_progress:1");
  const auto found = read_persistence({text(rewriting), settings("everysec", "no")});
  EXPECT_EQ(why_too_weak(found, Durability::process, false), "");
  EXPECT_NE(why_too_weak(found, Durability::process, true), "");
}

TEST(Durability, AFailedWriteIsRead) {
  EXPECT_EQ(read_persistence({text(kGood), error()}).write_error, "");
  EXPECT_NE(read_persistence({text(with(kGood, "status:ok", "status:err")), error()}).write_error, "");
}

TEST(Durability, WordsLeadThereAndBack) {
  for (const auto* word : {"process", "machine", "replica"})
    EXPECT_EQ(durability_name(durability_of(word).value()), word);
  EXPECT_FALSE(durability_of("memory"));
}

RedisReply file(int base, int size, int buffered, const std::string& status = "ok") {
  return text("aof_enabled:1\r\naof_last_write_status:" + status +
              "\r\naof_current_size:" + std::to_string(size) + "\r\naof_base_size:" + std::to_string(base) +
              "\r\naof_buffer_length:" + std::to_string(buffered) + "\r\n");
}

TEST(FileLook, AnEmptyBufferIsWritten) {
  FileLook look;
  EXPECT_EQ(look.look(file(10, 100, 0)), FileLook::Found::written);
}

TEST(FileLook, WhatOthersWriteIsNotWaitedFor) {
  FileLook look;
  EXPECT_EQ(look.look(file(10, 100, 50)), FileLook::Found::not_yet);
  EXPECT_EQ(look.look(file(10, 149, 900)), FileLook::Found::not_yet);
  EXPECT_EQ(look.look(file(10, 150, 899)), FileLook::Found::written);
}

TEST(FileLook, AFileThatWasWrittenAnewIsLookedAtAnew) {
  FileLook look;
  EXPECT_EQ(look.look(file(10, 100, 50)), FileLook::Found::not_yet);
  EXPECT_EQ(look.look(file(400, 400, 20)), FileLook::Found::not_yet);
  EXPECT_EQ(look.look(file(400, 420, 7)), FileLook::Found::written);
}

TEST(FileLook, AFailedWriteIsNoAnswer) {
  FileLook look;
  EXPECT_EQ(look.look(file(10, 100, 0, "err")), FileLook::Found::failed);
  EXPECT_NE(look.why(), "");
  EXPECT_EQ(FileLook().look(text("aof_enabled:0\r\n")), FileLook::Found::none);
  EXPECT_EQ(FileLook().look(error()), FileLook::Found::written) << "believed";
}

}  // namespace
}  // namespace headrace::store
