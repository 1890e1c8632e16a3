// T2 over restore, undo and recovery. P5, P7: whatever call fails, once or for ever, the operation succeeds, lists what it could not do, or
// tells of an error; and what it leaves is old, new, or an intent that recovers either way.

#include <gtest/gtest.h>

#include <iostream>

#include "core/looking.hpp"
#include "tests/crash/restore_scenarios.hpp"
#include "tests/support/scale.hpp"

namespace metamori::test {
namespace {

using Operation = std::function<std::vector<RestoreWarning>(System&)>;

struct FaultCounts {
  std::uint64_t tried = 0, succeeded = 0, warned = 0, told = 0;
};

/// What a fault does to the calls it can be tried on.
struct FaultKind {
  const char* name;
  FaultAction action;
  int error;
  bool for_ever;
  bool (*may_hit)(const CallInfo& info);
  bool is_harmless = false;  ///< calls that deal with it can't have failed
};

bool transfers(const CallInfo& info) { return info.call == Call::read_at || info.call == Call::write_at; }
/// A call that is interrupted is made again, but for closing: the descriptor is gone.
bool is_repeated(const CallInfo& info) { return info.call != Call::close; }

constexpr FaultKind kFaultKinds[] = {
    {"EIO", FaultAction::fail, EIO, false, FaultSystem::any},
    {"EIO for ever", FaultAction::fail, EIO, true, FaultSystem::any},
    {"ENOSPC", FaultAction::fail, ENOSPC, false, FaultSystem::mutates},
    {"ENOSPC for ever", FaultAction::fail, ENOSPC, true, FaultSystem::mutates},
    {"EDQUOT", FaultAction::fail, EDQUOT, false, FaultSystem::mutates},
    {"done, but EIO", FaultAction::fail_after, EIO, false, FaultSystem::mutates},
    {"half of it", FaultAction::short_count, 0, false, transfers, true},
    {"EINTR", FaultAction::fail, EINTR, false, is_repeated, true},
};

/// The operation told of success, but for what is listed.
void check_success(SimSystem& disk, const TreeAndHead& goal, const std::vector<RestoreWarning>& warnings) {
  const TreeAndHead found = tree_and_head(disk);
  expect(!restore_is_pending(*open_at_tree(disk)), "it told of success, and is pending");
  expect(found.head == goal.head, "it told of success, and HEAD is " + std::to_string(found.head));
  const auto is_listed = [&](const std::string& path) {
    return std::any_of(warnings.begin(), warnings.end(), [&](const RestoreWarning& warning) { return warning.path == path; });
  };
  for (const auto& [path, node] : goal.tree) {
    const auto is = found.tree.find(path);
    if (is_listed(path)) continue;
    expect(is != found.tree.end(), path + " is missing, and was not listed");
    expect(is->second == node, path + " is not as it should be, and was not listed");
  }
  for (const auto& [path, node] : found.tree)
    expect(goal.tree.contains(path) || is_listed(path), path + " is too much, and was not listed");
}

bool has_litter(const SimSystem& disk) {
  const TreeDescription tree = disk.tree(std::string(kTree) + "/.metamori/tmp");
  return !tree.empty();
}

class FaultSweep {
 public:
  /// `goal`: what `operation` leads to from `start`.
  FaultSweep(const Scenario& scenario, const SimSystem& start, Operation operation)
      : scenario_(scenario), start_(start), operation_(std::move(operation)) {
    const auto disk = start_.copy();
    operation_(*disk);
    goal_ = tree_and_head(*disk);
  }

  void run(FaultCounts& counts, const std::string& what) {
    std::uint64_t turn = 0;
    for (const FaultKind& kind : kFaultKinds) {
      const std::uint64_t count = count_of(kind);
      // In the quick suite every call fails once, and for ever; the other kinds take turns.
      const std::uint64_t stride = test_scale() > 1 || kind.error == EIO ? 1 : 5;
      for (std::uint64_t at = 1 + turn++ % stride; at <= count; at += stride) {
        try {
          check({.matches = kind.may_hit, .at = at, .for_ever = kind.for_ever, .action = kind.action, .error = kind.error}, kind, counts);
        } catch (const Violation& violation) {
          FAIL() << what << ", call " << at << " of " << count << " (" << hit_ << "): " << kind.name << ": " << violation.what;
        } catch (const Error& error) {
          FAIL() << what << ", call " << at << " of " << count << " (" << hit_ << "): " << kind.name << ": afterwards: " << error.what();
        }
      }
    }
  }

 private:
  std::uint64_t count_of(const FaultKind& kind) {
    const auto disk = start_.copy();
    FaultSystem counting(*disk);
    std::uint64_t count = 0;
    counting.on_before([&](const CallInfo& info) { count += kind.may_hit(info) ? 1 : 0; });
    operation_(counting);
    return count;
  }

  void check(const Fault& fault, const FaultKind& kind, FaultCounts& counts) {
    ++counts.tried;
    const auto disk = start_.copy();
    std::optional<std::string> told;
    std::vector<RestoreWarning> warnings;
    {
      FaultSystem faulty(*disk);
      std::uint64_t matched = 0;
      faulty.on_before([&](const CallInfo& info) {
        if (kind.may_hit(info) && ++matched == fault.at)
          hit_ = std::string(to_string(info.call)) + ' ' + std::string(info.name) + ' ' + std::string(info.to_name);
      });
      faulty.set_fault(fault);
      try {
        warnings = operation_(faulty);
      } catch (const Error& error) {
        told = error.what();
      }
    }
    disk->make_durable();
    if (!told) {
      ++(warnings.empty() ? counts.succeeded : counts.warned);
      expect(!kind.is_harmless || warnings.empty(),
             "it warned: " + (warnings.empty() ? "" : warnings[0].path + ": " + warnings[0].message));
      check_success(*disk, goal_, warnings);
      return;
    }
    ++counts.told;
    expect(!kind.is_harmless, "it failed: " + *told);
    expect(!told->empty(), "an error without a message");
    const bool removal_failed = hit_.starts_with("remove_file") || hit_.starts_with("close");
    if (!kind.for_ever && !removal_failed) expect(!has_litter(*disk), "it left something in tmp/, after: " + *told);
    check_state(*disk, scenario_, nullptr);
  }

  const Scenario& scenario_;
  const SimSystem& start_;
  Operation operation_;
  TreeAndHead goal_;
  std::string hit_;
};

void tell(const std::string& what, const FaultCounts& counts) {
  std::cout << "T2 " << what << ": " << counts.tried << " faults, " << counts.told << " told, " << counts.warned << " listed, "
            << counts.succeeded << " did no harm\n";
}

TEST(RestoreFaults, DISABLED_T2P5P7EveryFailingCallLeavesOldNewOrAnIntent) {
  FaultCounts counts;
  for (const Scenario& scenario : restore_scenarios()) {
    FaultSweep(scenario, *scenario.start, scenario.run).run(counts, scenario.name);
    if (HasFatalFailure()) return;
  }
  tell("restore and undo", counts);
}

}  // namespace
}  // namespace metamori::test
