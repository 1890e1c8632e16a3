#include <gtest/gtest.h>

#include <map>

#include "tests/support/rapidcheck_gtest.hpp"
#include "tests/unit/store_fixture.hpp"

namespace metamori::test {
namespace {

RC_GTEST_PROP(SessionProperty, AStoreIsAMapFromIdToBytes, ()) {
  StoreDirs repository;
  std::map<ChunkId, Bytes> model;
  for (auto rounds = *rc::gen::inRange(1, 4); rounds > 0; --rounds) {
    ChunkStore store(real_system(), repository.dirs);
    SessionLimits limits;
    limits.pack_bytes = *rc::gen::element<std::uint64_t>(20'000, 200'000, 2ULL << 30);
    limits.group_bytes = *rc::gen::element<std::size_t>(1000, 20'000, 262'144);
    ChunkSession session(store, limits);
    std::map<ChunkId, Bytes> unflushed;
    for (auto steps = *rc::gen::inRange(1, 60); steps > 0; --steps) {
      const auto seed = *rc::gen::inRange<std::uint64_t>(0, 100);
      const std::size_t size = seed * 7919 % 50'000;
      const Bytes raw = seed % 2 ? noise(size, seed) : text(size, seed);
      unflushed[session.put(raw, static_cast<Kind>(seed % 4))] = raw;
      if (*rc::gen::inRange(0, 15) == 0) {
        session.flush();
        model.merge(unflushed);
        unflushed.clear();
      }
    }
    Bytes out;
    for (const auto& known : {model, unflushed}) {
      for (const auto& [id, raw] : known) {
        session.read(id, out);
        RC_ASSERT(out == raw);
      }
    }
    if (*rc::gen::arbitrary<bool>()) {
      session.flush();
      model.merge(unflushed);
    }
    if (*rc::gen::arbitrary<bool>()) store.index().save();
  }
  ChunkStore store(real_system(), repository.dirs);
  Bytes out;
  for (const auto& [id, raw] : model) {
    store.read(id, out);
    RC_ASSERT(out == raw);
  }
}

}  // namespace
}  // namespace metamori::test
