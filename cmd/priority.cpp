#include "cmd/priority.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace metamori::cmd {
namespace {

constexpr int kLowestPriority = 19;
// ioprio_set(2), which the C library has no function for.
constexpr int kWhoProcess = 1;
constexpr int kClassIdle = 3;
constexpr int kClassShift = 13;

}  // namespace

void be_nice() noexcept {
  ::setpriority(PRIO_PROCESS, 0, kLowestPriority);
  ::syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle << kClassShift);
}

}  // namespace metamori::cmd
