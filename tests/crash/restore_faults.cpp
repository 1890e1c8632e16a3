// T2 over restore, undo and recovery. P5, P7: whatever call fails, once or for ever, the operation succeeds, lists what it could not do, or
// tells of an error; and what it leaves is old, new, or an intent that recovers either way.

#include <gtest/gtest.h>

#include <iostream>

#include "core/looking.hpp"
#include "tests/crash/restore_scenarios.hpp"
#include "tests/support/count.hpp"
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
void check_success(SimSystem& disk, const Scenario& scenario, TreeAndHead goal, const std::vector<RestoreWarning>& warnings) {
  TreeAndHead found = tree_and_head(disk);
  if (scenario.is_partial)
    for (TreeDescription* const tree : {&found.tree, &goal.tree}) *tree = without_directory_times(std::move(*tree));
  expect(!restore_is_pending(*open_at_tree(disk)), "it told of success, and is pending");
  expect(found.head == goal.head, "it told of success, and HEAD is " + std::to_string(found.head));
  const auto is_listed = [&](const std::string& path) {
    return std::any_of(warnings.begin(), warnings.end(), [&](const RestoreWarning& warning) {
      return warning.path == path || (is_at_or_below(path, warning.path) && warning.message.find("all below it") != std::string::npos);
    });
  };
  for (const auto& [path, node] : goal.tree) {
    const auto is = found.tree.find(path);
    const auto is_same_file = [&](const RestoreWarning& warning) {  // what is listed of one name is so of the others
      const auto listed = found.tree.find(warning.path);
      return listed != found.tree.end() && is != found.tree.end() && listed->second.link_count > 1 && listed->second == is->second;
    };
    if (is_listed(path) || std::any_of(warnings.begin(), warnings.end(), is_same_file)) continue;
    expect(is != found.tree.end(), path + " is missing, and was not listed");
    expect(is->second == node, path + " is not as it should be, and was not listed");
  }
  const auto holds_listed = [&](const std::string& path) {
    return std::any_of(warnings.begin(), warnings.end(), [&](const auto& warning) { return is_at_or_below(warning.path, path); });
  };
  for (const auto& [path, node] : found.tree)
    expect(goal.tree.contains(path) || is_listed(path) || holds_listed(path), path + " is too much, and was not listed");
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

  /// `quick_stride`: of the calls that may fail, in the quick suite only each so many-th does.
  void run(FaultCounts& counts, const std::string& what, std::uint64_t quick_stride = 1) {
    std::uint64_t turn = 0;
    for (const FaultKind& kind : kFaultKinds) {
      const std::uint64_t count = count_of(kind);
      // In the quick suite the kinds take turns, but for the one that any call may meet.
      const std::uint64_t stride = test_scale() > 1 ? 1 : kind.error == EIO ? quick_stride : 5 * quick_stride;
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
      check_success(*disk, scenario_, goal_, warnings);
      return;
    }
    ++counts.told;
    expect(!kind.is_harmless, "it failed: " + *told);
    expect(!told->empty(), "an error without a message");
    // What failed to go, or was made though the call failed, is for the collection of garbage.
    const bool may_leave = hit_.starts_with("remove_file") || hit_.starts_with("close") || hit_.starts_with("open_at");
    if (!kind.for_ever && !may_leave && !has_litter(start_)) expect(!has_litter(*disk), "it left something in tmp/, after: " + *told);
    check_state(*disk, scenario_, nullptr);
  }

  const Scenario& scenario_;
  const SimSystem& start_;
  Operation operation_;
  TreeAndHead goal_;
  std::string hit_;
};

void tell(const std::string& what, const FaultCounts& counts) {
  print_count("T2." + what + ".faults", counts.tried);
  std::cout << "T2 " << what << ": " << counts.tried << " faults, " << counts.told << " told, " << counts.warned << " listed, "
            << counts.succeeded << " did no harm\n";
}

TEST(RestoreFaults, T2P5P7EveryFailingCallLeavesOldNewOrAnIntent) {
  FaultCounts counts;
  for (const Scenario& scenario : restore_scenarios()) {
    FaultSweep(scenario, *scenario.start, scenario.run).run(counts, scenario.name);
    if (HasFatalFailure()) return;
  }
  tell("restore", counts);
}

/// Of what a cut left, staged or not, both ways.
TEST(RestoreFaults, T2P5P7EveryFailingCallOfARecoveryLeavesOldNewOrAnIntent) {
  FaultCounts counts;
  for (const Scenario& scenario : restore_scenarios())
    for (const auto& state : pending_states(scenario, test_scale() > 1 ? 5 : 1))
      for (const RecoverMode mode : {RecoverMode::finish, RecoverMode::abort}) {
        const auto recover = [&](System& system) { return recover_restore(*open_at_tree(system), mode, one_worker().control).warnings; };
        FaultSweep(scenario, *state, recover)
            .run(counts, scenario.name + (mode == RecoverMode::finish ? ", recovered" : ", taken back"), 3);
        if (HasFatalFailure()) return;
      }
  tell("recovery", counts);
}

}  // namespace
}  // namespace metamori::test
