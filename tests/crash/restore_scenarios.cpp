#include "tests/crash/restore_scenarios.hpp"

#include <algorithm>

#include "core/looking.hpp"
#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

constexpr TreeSizes kSmall{.large_bytes = 30'000, .sparse_bytes = 40'000};
constexpr std::size_t kCloneBytes = 1'060'000;  ///< files of a mebibyte and more are cloned, or rewritten where they are

using Change = std::function<void(RestoreOptions&)>;
using Run = std::function<std::vector<RestoreWarning>(System&)>;

void settle(SimSystem& disk) {
  disk.advance_clock(10'000'000'000);
  disk.make_durable();
}

Run restoring(const Change& change = [](RestoreOptions&) {}) {
  RestoreOptions options = to_number(1);
  change(options);
  return [options](System& system) { return restore_checkpoint(*open_at_tree(system), options).warnings; };
}

std::vector<RestoreWarning> undo(System& system) {
  RestoreOptions options;
  options.control.jobs = 1;
  return undo_restore(*open_at_tree(system), options).warnings;
}

Scenario make_scenario(std::string name, std::shared_ptr<SimSystem> disk, Run run) {
  Scenario scenario;
  scenario.name = std::move(name);
  settle(*disk);
  scenario.before = tree_and_head(*disk);
  {
    const auto engine = open_at_tree(*disk);
    for (std::uint64_t number = 1; number <= engine->log->highest(); ++number)
      if (engine->log->get(number).kind != RecordKind::move) scenario.held[number] = checkpointed_tree_and_top(*engine, number);
  }
  disk->make_durable();
  scenario.start = std::move(disk);
  scenario.run = std::move(run);
  scenario.after = tree_and_head(*carried_out(scenario));
  return scenario;
}

Scenario partial(Scenario scenario) {
  scenario.is_partial = true;
  return scenario;
}

std::shared_ptr<SimSystem> two_checkpoints(const SimOptions& options = {}) {
  auto disk = std::make_shared<SimSystem>(options);
  make_two_checkpoints(*disk, kSmall);
  return disk;
}

/// One large file of which a little changes.
std::shared_ptr<SimSystem> one_large_file(bool reflinks) {
  SimOptions options;
  options.reflinks = reflinks;
  auto disk = std::make_shared<SimSystem>(options);
  disk->make_directories(kTree);
  init_at_tree(*disk);
  std::string text = noise(kCloneBytes, 1);
  const World world(*disk);
  world.write("large", text);
  settle(*disk);
  checkpoint(*disk);
  text.replace(kCloneBytes / 2, 6, "change");
  world.write("large", text);
  disk->set_mode_at(AT_FDCWD, kTree, 0700);
  settle(*disk);
  checkpoint(*disk);
  return disk;
}

bool is_named(const Plan& plan, const std::string& path) {
  const auto names = [&](const auto& item) { return item.path == path; };
  if (std::any_of(plan.directories.begin(), plan.directories.end(), names)) return true;
  return std::any_of(plan.steps.begin(), plan.steps.end(), [&](const Step& step) { return is_at_or_below(path, step.path); });
}

bool is_staged_name(const std::string& path) { return path.find(kStagePrefix) != std::string::npos; }

const NodeDescription* node_at(const TreeDescription& tree, const std::string& path) {
  const auto node = tree.find(path);
  return node == tree.end() ? nullptr : &node->second;
}

bool is_after(const TreeDescription& tree, const Scenario& scenario) {
  if (!scenario.is_partial) return tree == scenario.after.tree;
  return without_directory_times(tree) == without_directory_times(scenario.after.tree);
}

/// The first path of `tree` that is in neither as it is here.
std::string first_mixed(const TreeDescription& tree, const Scenario& scenario) {
  const auto is_in = [](const TreeDescription& other, const auto& item) {
    const NodeDescription* const node = node_at(other, item.first);
    return node != nullptr && *node == item.second;
  };
  for (const auto& item : tree)
    if (!is_in(scenario.before.tree, item) && !is_in(scenario.after.tree, item)) return item.first + " is neither old nor new";
  return "each path is old or new, but not all the same";
}

void check_history(SimSystem& state, const Scenario& scenario) {
  const auto engine = open_at_tree(state);
  for (const auto& [number, tree] : scenario.held)
    expect(checkpointed_tree_and_top(*engine, number) == tree, "checkpoint " + std::to_string(number) + " changed");
}

void check_next_checkpoint(SimSystem& state) {
  const std::uint64_t number = checkpoint(state).checkpoint.number;
  expect(checkpointed_tree_and_top(*open_at_tree(state), number) == without_link_counts(tree_and_top(state)),
         "the next checkpoint does not hold the tree");
}

struct Enough {};

}  // namespace

TreeAndHead tree_and_head(SimSystem& disk) { return {tree_and_top(disk), open_at_tree(disk)->log->head().number}; }

std::unique_ptr<SimSystem> carried_out(const Scenario& scenario) {
  auto disk = scenario.start->copy();
  scenario.run(*disk);
  return disk;
}

std::vector<Scenario> restore_scenarios() {
  std::vector<Scenario> all;
  all.push_back(make_scenario("restore --delete", two_checkpoints(), restoring()));
  all.push_back(make_scenario("restore --delete --keep-inode", two_checkpoints(), restoring([](auto& o) { o.keep_inode = true; })));
  SimOptions plain;  // a user's own, on a file system without flags for rename
  plain.rename_no_replace = false;
  plain.identity.uid = 1000;
  all.push_back(make_scenario("restore", two_checkpoints(plain), restoring([](auto& o) { o.remove_extra = false; })));
  all.push_back(partial(make_scenario("restore of paths", two_checkpoints(), restoring([](auto& o) {
                                        o.paths = {"changed", "gone_dir", "large", "file_then_dir"};
                                      }))));
  all.push_back(partial(make_scenario("restore of files", two_checkpoints(), restoring([](auto& o) {
                                        o.paths = {"changed", "gone_dir/y/z", "large", "mode_only", "only_first", "linked_1", "linked_2"};
                                      }))));
  all.push_back(make_scenario("restore --no-save", two_checkpoints(), restoring([](auto& o) { o.save = false; })));
  auto unsaved = two_checkpoints();
  World(*unsaved).write("changed", "work that is in no checkpoint");
  World(*unsaved).write("new_dir/n", "work that is in no checkpoint, either");
  all.push_back(make_scenario("restore over unsaved work", std::move(unsaved), restoring()));
  all.push_back(make_scenario("restore of a clone", one_large_file(true), restoring()));
  all.push_back(make_scenario("restore in place", one_large_file(false), restoring()));
  auto restored = two_checkpoints();
  restore(*restored, to_number(1));
  settle(*restored);
  all.push_back(make_scenario("undo", restored->copy(), undo));
  undo(*restored);
  all.push_back(make_scenario("undo of undo", std::move(restored), undo));
  return all;
}

Ending required_ending(SimSystem& state, RecoverMode mode) {
  const auto engine = open_at_tree(state);
  IntentFiles files(*engine);
  if (!files.find()) return Ending::either;
  if (!files.has(IntentMarker::staged) || files.has(IntentMarker::aborting) || mode == RecoverMode::abort) return Ending::old_tree;
  return Ending::new_tree;
}

std::vector<std::unique_ptr<SimSystem>> pending_states(const Scenario& scenario, std::size_t count_of_each) {
  const auto disk = carried_out(scenario);
  std::vector<std::unique_ptr<SimSystem>> staged, unstaged;
  try {
    CrashSweep().run(*disk, {.states = CrashSweep::kNoLimit, .seed_count = 1}, [&](const SimSystem& state, bool) {
      auto copy = state.copy();
      const Ending ending = required_ending(*copy, RecoverMode::finish);
      if (ending == Ending::either) return;
      copy->make_durable();
      auto& found = ending == Ending::new_tree ? staged : unstaged;
      if (found.size() < count_of_each) found.push_back(std::move(copy));
      if (staged.size() == count_of_each && unstaged.size() == count_of_each) throw Enough{};
    });
  } catch (const Enough&) {
    // as many as were asked for
  }
  std::move(unstaged.begin(), unstaged.end(), std::back_inserter(staged));
  return staged;
}

void check_unrepaired(SimSystem& state, const Scenario& scenario) {
  const auto engine = open_at_tree(state);
  const TreeDescription found = tree_and_top(state);
  const std::optional<Intent> intent = IntentFiles(*engine).find();
  expect(intent.has_value() == restore_is_pending(*engine), "pending or not?");
  if (!intent) {
    if (found != scenario.before.tree && !is_after(found, scenario))
      throw Violation{"nothing is pending, but the tree is mixed: " + first_mixed(found, scenario)};
    return;
  }
  for (const TreeDescription* tree : {&found, &scenario.before.tree, &scenario.after.tree})
    for (const auto& [path, node] : *tree) {
      if (is_staged_name(path) || is_named(intent->plan, path)) continue;
      const NodeDescription* const is = node_at(found, path);
      const NodeDescription* const was = node_at(scenario.before.tree, path);
      expect(is != nullptr && was != nullptr, path + " came or went, and the intent does not name it");
      expect(is->content == was->content && is->mode == was->mode && is->mtime == was->mtime,
             path + " changed, and the intent does not name it");
    }
}

void check_sound(SimSystem& state) {
  VerifyOptions options;
  options.control = one_worker().control;
  const VerifyReport report = verify(*open_at_tree(state), options);
  if (!report.ok()) throw Violation{"verify: " + report.problems.front().where + ": " + report.problems.front().message};
}

void check_recovered(SimSystem& state, const Scenario& scenario, RecoverMode mode) {
  const Ending required = required_ending(state, mode);
  {
    const auto engine = open_at_tree(state);
    expect(engine->log->highest() >= scenario.held.rbegin()->first, "checkpoints are lost");
    const RecoverReport report = recover_restore(*engine, mode, one_worker().control);
    expect(report.was_pending == (required != Ending::either), "recovery did not see what was pending");
    expect(report.finished == (required == Ending::new_tree), "recovery tells of the wrong end");
    for (const RestoreWarning& warning : report.warnings) expect(false, "recovery warned: " + warning.path + ": " + warning.message);
  }
  const TreeAndHead found = tree_and_head(state);
  const bool is_new = is_after(found.tree, scenario);
  if (!is_new && found.tree != scenario.before.tree) throw Violation{"neither all-new nor all-old: " + first_mixed(found.tree, scenario)};
  if (required != Ending::either) expect(is_new == (required == Ending::new_tree), "recovery went the wrong way");
  expect(found.head == (is_new ? scenario.after.head : scenario.before.head), "HEAD is " + std::to_string(found.head));
  expect(!restore_is_pending(*open_at_tree(state)), "still pending");
}

void check_state(const SimSystem& state, const Scenario& scenario, const TreeAndHead* ended_as) {
  const auto first = state.copy();
  check_unrepaired(*first, scenario);
  if (ended_as != nullptr) {
    expect(!restore_is_pending(*open_at_tree(*first)), "it had ended, and is pending again");
    const TreeAndHead found = tree_and_head(*first);
    if (found.tree != ended_as->tree) throw Violation{"it had ended, and was lost: " + first_mixed(found.tree, scenario)};
    expect(found.head == ended_as->head, "it had ended, and the move of HEAD was lost");
  }
  const bool looks_closer = state.disk_hash() % 8 == 0;
  if (looks_closer) {
    check_history(*first, scenario);
    check_sound(*first);
  }
  check_recovered(*first, scenario, RecoverMode::finish);
  if (required_ending(*state.copy(), RecoverMode::abort) != Ending::either) {
    const auto second = state.copy();
    check_recovered(*second, scenario, RecoverMode::abort);
    if (looks_closer) check_next_checkpoint(*second);
  }
  if (!looks_closer) return;
  check_history(*first, scenario);
  check_next_checkpoint(*first);
}

}  // namespace metamori::test
