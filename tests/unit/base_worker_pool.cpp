#include "base/worker_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/rapidcheck_gtest.hpp"

namespace metamori {
namespace {

/// Submits a tree of tasks: each counts itself and submits `width` more, `depth` levels deep.
void grow(WorkerPool& pool, std::atomic<int>& count, int width, int depth) {
  ++count;
  if (depth == 0) return;
  for (int i = 0; i < width; ++i) pool.submit([&pool, &count, width, depth] { grow(pool, count, width, depth - 1); });
}

TEST(WorkerPool, RunsEveryTaskAndThoseTheySubmit) {
  for (const std::size_t workers : {1, 2, 3, 8}) {
    WorkerPool pool(workers);
    EXPECT_EQ(pool.worker_count(), workers);
    for (int round = 0; round < 20 * test::test_scale(); ++round) {
      std::atomic<int> count{0};
      pool.submit([&] { grow(pool, count, 3, 5); });
      pool.wait();
      ASSERT_EQ(count.load(), 364);
    }
  }
}

TEST(WorkerPool, WaitingWithNothingToDoReturns) {
  WorkerPool pool(4);
  pool.wait();
  pool.wait();
}

TEST(WorkerPool, OneWorkerRunsOnTheWaitingThreadNewestFirst) {
  WorkerPool pool(1);
  std::string order;
  const auto self = std::this_thread::get_id();
  const auto note = [&](char name) {
    EXPECT_EQ(std::this_thread::get_id(), self);
    order += name;
  };
  pool.submit([&] { note('a'); });
  pool.submit([&] {
    note('b');
    pool.submit([&] { note('c'); });
    pool.submit([&] { note('d'); });
  });
  EXPECT_EQ(order, "");
  pool.wait();
  EXPECT_EQ(order, "bdca");
}

TEST(WorkerPool, TheFirstExceptionDropsTheRestAndReachesWait) {
  for (const std::size_t workers : {1, 4}) {
    WorkerPool pool(workers);
    for (int round = 0; round < 50; ++round) {
      int ran_after = 0;
      std::atomic<bool> thrown{false};
      pool.submit([&] { pool.submit([] { throw std::runtime_error("out of luck"); }); });
      EXPECT_THROW(pool.wait(), std::runtime_error);
      pool.submit([&] { ++ran_after; });  // and the pool is as good as new
      pool.wait();
      EXPECT_EQ(ran_after, 1);
    }
  }
}

TEST(WorkerPool, AfterAnExceptionTasksNotStartedAreDropped) {
  WorkerPool pool(1);
  int ran = 0;
  for (int i = 0; i < 10; ++i) pool.submit([&] { ++ran; });
  pool.submit([] { throw 42; });
  EXPECT_THROW(pool.wait(), int);
  EXPECT_EQ(ran, 0);
}

TEST(WorkerPool, TasksReallyRunAtTheSameTime) {
  WorkerPool pool(3);
  std::latch all_here(3);
  for (int i = 0; i < 3; ++i) pool.submit([&] { all_here.arrive_and_wait(); });
  pool.wait();
  EXPECT_TRUE(all_here.try_wait());
}

TEST(WorkerPool, DestructionDropsWhatWasNotStarted) {
  std::atomic<int> ran{0};
  const auto token = std::make_shared<int>();
  {
    WorkerPool pool(1);
    for (int i = 0; i < 10; ++i) pool.submit([&ran, token] { ++ran; });
  }
  EXPECT_EQ(ran.load(), 0);
  EXPECT_EQ(token.use_count(), 1);
}

/// Takes its time to be destroyed, as what a task holds may.
struct Slow {
  explicit Slow(std::atomic<int>& gone_count) : gone(gone_count) {}
  Slow(const Slow&) = delete;
  Slow& operator=(const Slow&) = delete;
  ~Slow() {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    ++gone;
  }
  std::atomic<int>& gone;
};

TEST(WorkerPool, WhatATaskHoldsIsGoneWhenWaitReturns) {
  for (const std::size_t workers : {1, 4}) {
    WorkerPool pool(workers);
    for (int round = 0; round < 5 * test::test_scale(); ++round) {
      std::atomic<int> gone{0};
      for (int i = 0; i < 8; ++i) pool.submit([slow = std::make_shared<Slow>(gone)] {});
      pool.wait();
      ASSERT_EQ(gone.load(), 8);
    }
  }
}

TEST(WorkerPool, PoolsMayBeNested) {
  WorkerPool outer(3);
  std::atomic<int> count{0};
  for (int i = 0; i < 10; ++i)
    outer.submit([&] {
      WorkerPool inner(2);
      inner.submit([&] { grow(inner, count, 2, 3); });
      inner.wait();
      outer.submit([&] { ++count; });
    });
  outer.wait();
  EXPECT_EQ(count.load(), 10 * 15 + 10);
}

TEST(WorkerPool, SubmittingFromSeveralThreadsLosesNothing) {
  WorkerPool pool(4);
  std::atomic<int> count{0};
  const int each = 500 * test::test_scale();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < each; ++i) pool.submit([&] { ++count; });
    });
  for (std::thread& thread : threads) thread.join();
  pool.wait();
  EXPECT_EQ(count.load(), 4 * each);
}

}  // namespace
}  // namespace metamori
