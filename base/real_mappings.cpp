#include "base/real_mappings.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>

namespace metamori {
namespace {

/// Held for moments in which nothing that is mapped is looked at, so whoever the signal interrupts does not hold it.
class SpinLock {
 public:
  void lock() noexcept {
    while (held_.test_and_set(std::memory_order_acquire)) continue;
  }
  void unlock() noexcept { held_.clear(std::memory_order_release); }

 private:
  std::atomic_flag held_;
};

// A signal's handler is the process's and is given nothing of ours: the one place where there have to be globals.
struct State {
  SpinLock spin_lock;
  std::map<std::uintptr_t, std::size_t> sizes;  ///< by address
  std::atomic<std::uint64_t> replaced{0};
  struct sigaction before {};
  std::size_t page_bytes = 4096;
  std::once_flag installed;
};

State& state() {
  static State* const only = new State;  // never destroyed: a thread may meet the signal while the process ends
  return *only;
}

bool is_mapped(State& all, std::uintptr_t address) {
  const std::lock_guard lock(all.spin_lock);
  const auto next = all.sizes.upper_bound(address);
  if (next == all.sizes.begin()) return false;
  const auto& [begin, size] = *std::prev(next);
  return address - begin < size;
}

bool replace_page(State& all, void* address) {
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  if (!is_mapped(all, place)) return false;
  void* const page = reinterpret_cast<void*>(place / all.page_bytes * all.page_bytes);  // NOLINT(performance-no-int-to-ptr)
  if (::mmap(page, all.page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) return false;
  all.replaced.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void on_bus_error(int signal, siginfo_t* info, void* /*context*/) {
  const int saved_errno = errno;
  State& all = state();
  const bool is_fault = info->si_code > 0;  // else somebody sent it
  if (!is_fault || !replace_page(all, info->si_addr)) {
    // The look is made once more when we return, and does what it would have done without us.
    ::sigaction(signal, &all.before, nullptr);
    if (!is_fault) ::raise(signal);
  }
  errno = saved_errno;
}

}  // namespace

void note_mapped(const std::byte* address, std::size_t size) {
  State& all = state();
  const std::lock_guard lock(all.spin_lock);
  all.sizes[reinterpret_cast<std::uintptr_t>(address)] = size;
}

void note_unmapped(const std::byte* address) {
  State& all = state();
  const std::lock_guard lock(all.spin_lock);
  all.sizes.erase(reinterpret_cast<std::uintptr_t>(address));
}

void replace_unreadable_pages() {
  State& all = state();
  std::call_once(all.installed, [&] {
    all.page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = on_bus_error;
    action.sa_flags = SA_SIGINFO;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, &action, &all.before);
  });
}

std::uint64_t unreadable_page_count() noexcept { return state().replaced.load(std::memory_order_relaxed); }

}  // namespace metamori
