// SPDX-License-Identifier: Apache-2.0
#include "store/batch.hpp"

#include <gtest/gtest.h>

namespace headrace::store {
namespace {

std::vector<std::string> names(const std::vector<Call>& calls) {
  std::vector<std::string> out;
  for (const auto& call : calls) out.push_back(call.function);
  return out;
}
Call call(const std::string& name) {
  Call out;
  out.function = name;
  return out;
}
Reply said(const std::string& value) {
  Reply r;
  r.ok = true;
  r.value = value;
  return r;
}
using Names = std::vector<std::string>;

TEST(Batch, GathersWhileOneIsInFlight) {
  Batch batch;
  EXPECT_TRUE(batch.begin().empty());
  batch.add(call("a"), {});
  EXPECT_EQ(names(batch.begin()), Names{"a"});
  batch.add(call("b"), {});
  batch.add(call("c"), {});
  EXPECT_TRUE(batch.begin().empty()) << "one is in flight";
  batch.answer({said("")});
  EXPECT_EQ(names(batch.begin()), (Names{"b", "c"}));
}

TEST(Batch, AnswersInOrderAndWhatThatAsksGoesWithTheNext) {
  Batch batch;
  std::string heard;
  batch.add(call("a"), [&](Reply r) {
    heard += r.value;
    batch.add(call("d"), {});
    EXPECT_FALSE(batch.in_flight());
  });
  batch.add(call("b"), {});
  batch.add(call("c"), [&](Reply r) { heard += r.value; });
  batch.begin();
  batch.answer({said("1"), said("2"), said("3")});
  EXPECT_EQ(heard, "13");
  EXPECT_EQ(names(batch.begin()), Names{"d"});
}

TEST(Batch, NobodyIsCalledAfterClear) {
  Batch batch;
  int calls = 0;
  batch.add(call("a"), [&](Reply) {
    ++calls;
    batch.clear();
  });
  batch.add(call("b"), [&](Reply) { ++calls; });
  batch.begin();
  batch.add(call("c"), {});
  batch.answer({said(""), said("")});
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(batch.in_flight());
  EXPECT_FALSE(batch.waits());
}

}  // namespace
}  // namespace headrace::store
