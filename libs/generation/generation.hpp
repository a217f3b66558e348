// SPDX-License-Identifier: Apache-2.0
// One life of some state, so that callbacks of an earlier life do nothing.
//
// A service throws its state away when the connection to Redis is lost, and an object may die while an answer
// to it is on its way. Every callback that must not run afterwards is wrapped once:
//
//   read(…, generation_.guard([this](Answer a) { … }));   // dropped after renew(), and after the owner's end
//
// Code that may throw the state away itself asks a mark before it goes on:
//
//   const auto mark = generation_.mark();
//   for (auto& item : items) { item.done(); if (!mark.current()) return; }
//
// A class that keeps a Generation declares it last, so that its callbacks die first. One thread.
#pragma once

#include <memory>
#include <utility>

namespace headrace {

class Generation {
 public:
  /// A place in time: is the life that it was taken in still the present one?
  class Mark {
   public:
    bool current() const { return !life_.expired(); }

   private:
    friend class Generation;
    explicit Mark(std::weak_ptr<const char> life) : life_(std::move(life)) {}
    std::weak_ptr<const char> life_;
  };

  Generation() = default;
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  /// The present life ends, another begins: what was guarded so far is dropped.
  void renew() { life_ = std::make_shared<const char>(); }

  Mark mark() const { return Mark(life_); }

  /// Wraps a callback: it is dropped when this life has ended. Any arguments; no result.
  template <class F>
  auto guard(F f) const {
    return [mark = mark(), f = std::move(f)](auto&&... arguments) mutable {
      if (mark.current()) f(std::forward<decltype(arguments)>(arguments)...);
    };
  }

 private:
  std::shared_ptr<const char> life_ =
      std::make_shared<const char>();  // shared with marks, which hold it weakly
};

}  // namespace headrace
