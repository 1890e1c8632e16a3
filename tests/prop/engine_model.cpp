// The model: what each step must lead to. The power cuts are in engine_cuts.cpp.

#include "tests/prop/engine_model.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "core/describe.hpp"
#include "core/looking.hpp"

namespace metamori::test {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

bool is_covered(const std::vector<std::string>& scope, const std::string& path) {
  return scope.empty() || std::any_of(scope.begin(), scope.end(), [&](const auto& top) { return is_at_or_below(path, top); });
}

bool is_above(const std::vector<std::string>& scope, const std::string& path) {
  return std::any_of(scope.begin(), scope.end(), [&](const auto& top) { return is_at_or_below(top, path); });
}

/// Whether a name above `path` is in `tree` something else than a directory.
bool is_below_file(const TreeDescription& tree, const std::string& path) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const auto above = tree.find(path.substr(0, slash));
    if (above != tree.end() && !S_ISDIR(above->second.mode)) return true;
  }
  return false;
}

const NodeDescription* find(const TreeDescription& tree, const std::string& path) {
  const auto node = tree.find(path);
  return node == tree.end() ? nullptr : &node->second;
}

std::string list(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) text += ' ' + path;
  return text;
}

constexpr std::uint64_t kExt4 = 0xef53, kTmpfs = 0x01021994, kNfs = 0x6969;

SimOptions random_options(Chance& chance, std::uint64_t seed) {
  static constexpr std::int64_t kGranularities[] = {1, 1, 4'000'000, 10'000'000};
  SimOptions options;
  options.seed = seed;
  options.file_system_type = chance.percent(70) ? kExt4 : chance.percent(50) ? kTmpfs : kNfs;
  options.granularity_ns = kGranularities[chance.below(std::size(kGranularities))];
  options.reflinks = chance.percent(25);
  options.rename_no_replace = !chance.percent(10);
  return options;
}

}  // namespace

void expect_same(const TreeDescription& found, const TreeDescription& expected, const std::string& what) {
  for (const auto& [path, node] : expected) {
    const auto other = found.find(path);
    expect(other != found.end(), what + ": missing: " + path);
    const NodeDescription& is = other->second;
    expect(is.mode == node.mode, what + ": mode of " + path + ": " + std::to_string(is.mode) + " for " + std::to_string(node.mode));
    expect(is.content == node.content, what + ": content of " + path);
    expect(is.mtime == node.mtime, what + ": time of " + path);
    expect(is.attributes == node.attributes, what + ": attributes of " + path);
    expect(is.link_count == node.link_count, what + ": link count of " + path);
    expect(is == node, what + ": " + path);
  }
  for (const auto& [path, node] : found) expect(expected.contains(path), what + ": too much: " + path);
}

void expect_same(const TreeState& found, const TreeState& expected, const std::string& what) {
  expect_same(found.nodes, expected.nodes, what);
  expect(found.groups == expected.groups, what + ": hard links");
}

TreeDescription without_traces(TreeDescription tree) { return without_directory_times(without_link_counts(std::move(tree))); }

EngineHistory::EngineHistory(std::uint64_t seed, HistoryCounts& counts) : chance_(seed), counts_(counts) {
  const SimOptions options = random_options(chance_, seed);
  is_remote_ = options.file_system_type == kNfs;
  disk_ = std::make_unique<SimSystem>(options);
  disk_->make_directories(kTree);
  init_at_tree(*disk_);
  disk_->make_durable();
}

EngineHistory::~EngineHistory() = default;

void EngineHistory::run(std::size_t step_count) {
  ++counts_.histories;
  edit();
  take_whole();
  for (std::size_t i = 0; i < step_count; ++i) {
    step();
    check_sample();
  }
  check_end();
}

void EngineHistory::step() {
  ++counts_.steps;
  if (chance_.percent(40)) disk_->advance_clock(static_cast<std::int64_t>(chance_.below(20)) * kNsPerSecond);
  const std::uint64_t kind = chance_.below(100);
  if (kind < 36) return edit();
  if (kind < 56) return take_whole();
  if (kind < 62) return take_some();
  if (kind < 76) return restore();
  if (kind < 83) return undo();
  if (kind < 85) return cut_idle();
  if (kind < 90) return cut_checkpoint();
  cut_restore();
}

void EngineHistory::edit() {
  RandomEdits edits(*disk_, chance_);
  for (std::uint64_t left = 1 + chance_.below(6); left > 0; --left) {
    const std::string done = edits.edit();
    if (!done.empty()) say("  " + done);
  }
  before_restore_.reset();
}

void EngineHistory::take_whole() {
  const TreeState before = tree_state(*disk_);
  CheckpointOptions options = one_worker();
  options.skip_if_unchanged = chance_.percent(20);
  const CheckpointReport report = checkpoint(*disk_, options);
  const std::uint64_t number = report.checkpoint.number;
  say("checkpoint " + std::to_string(number) + (report.created ? "" : ", unchanged"));
  expect(!report.has_losses(), "a tree at rest was captured with losses");
  expect_same(tree_state(*disk_), before, "the checkpoint changed the tree");
  ++counts_.checkpoints;
  if (!report.created) {
    expect(number == head_, "an unchanged tree is not HEAD");
    // That names came and went in a directory is no change of its own.
    expect_same(without_directory_times(without_link_counts(before.nodes)),
                without_directory_times(without_link_counts(held_.at(head_).tree.nodes)), "skipped though it changed");
    return;
  }
  expect(!held_.contains(number), "a number was used twice");
  head_ = number;
  held_[number] = {before, true, number};
  expect_head("after a checkpoint");
}

/// Names not asked for that a checkpoint of `paths` takes along as they are: those that are, or were at HEAD, names of one file with some
/// that were asked for.
std::set<std::string> EngineHistory::names_taken_along(const TreeState& before, const std::vector<std::string>& paths) {
  std::map<std::string, std::vector<std::string>> now;
  for (const auto& [path, first] : before.groups) now[first].push_back(path);
  const auto engine = open_at_tree(*disk_);
  LinkTable groups = get_links(*engine->store, get_root(*engine->store, get_checkpoint(*engine, engine->log->head()).content.root));
  for (auto& [first, group] : now) groups.push_back(std::move(group));
  std::set<std::string> names;
  for (const auto& group : groups)
    if (std::any_of(group.begin(), group.end(), [&](const auto& path) { return is_covered(paths, path); }))
      names.insert(group.begin(), group.end());
  return names;
}

void EngineHistory::take_some() {
  const TreeState before = tree_state(*disk_);
  CheckpointOptions options = one_worker();
  for (std::uint64_t left = 1 + chance_.below(2); left > 0; --left) options.paths.push_back(some_path());
  if (options.paths.front().empty() || options.paths.back().empty()) return;
  const std::set<std::string> along = names_taken_along(before, options.paths);
  CheckpointReport report;
  say("checkpoint of" + list(options.paths));
  try {
    report = checkpoint(*disk_, options);
  } catch (const Error& error) {
    expect(error.kind() == ErrorKind::usage, std::string("a checkpoint of some paths failed: ") + error.what());
    ++counts_.refusals;
    return;
  }
  const std::uint64_t number = report.checkpoint.number;
  steps_.back() += ": " + std::to_string(number);
  const TreeDescription found = checkpointed_tree_and_top(*open_at_tree(*disk_), number);
  TreeDescription expected = without_link_counts(held_.at(head_).tree.nodes);
  std::erase_if(expected, [&](const auto& node) { return is_covered(options.paths, node.first) || is_above(options.paths, node.first); });
  for (const auto& [path, node] : without_link_counts(before.nodes))
    if (is_covered(options.paths, path)) expected[path] = node;
  for (const auto& [path, node] : found)
    if (is_above(options.paths, path) && !is_covered(options.paths, path)) {
      expect(S_ISDIR(node.mode), "above the scope: " + path);
      expected[path] = node;
    }
  const TreeDescription now = without_link_counts(before.nodes);
  for (const std::string& path : along) {
    const NodeDescription* const is = find(found, path);
    const NodeDescription* const is_now = find(now, path);
    if (is != nullptr && is_now != nullptr && *is == *is_now) expected[path] = *is;
    if (is == nullptr && is_now == nullptr) expected.erase(path);
  }
  expect_same(found, expected, "a checkpoint of some paths");
  ++counts_.checkpoints;
  head_ = number;
  held_[number] = {{expected, {}}, false, number};
  expect_head("after a checkpoint of some paths");
}

RestoreOptions EngineHistory::random_restore(std::uint64_t& number) {
  number = any_number();
  RestoreOptions options;
  options.control.jobs = 1;
  options.revision = std::to_string(number);
  options.remove_extra = chance_.percent(60);
  options.keep_inode = chance_.percent(15);
  options.verify = chance_.percent(10);
  options.save = !chance_.percent(7);
  options.force = !options.save;
  if (chance_.percent(35)) {
    for (std::uint64_t left = 1 + chance_.below(2); left > 0; --left) {
      const TreeDescription& tree = held_.at(number).tree.nodes;
      const std::string path = tree.empty() || chance_.percent(20)
                                   ? some_path()
                                   : std::next(tree.begin(), static_cast<std::ptrdiff_t>(chance_.below(tree.size())))->first;
      if (!path.empty()) options.paths.push_back(path);
    }
  }
  say("restore " + options.revision + (options.remove_extra ? " --delete" : "") + (options.keep_inode ? " --keep-inode" : "") +
      (options.save ? "" : " --no-save") + list(options.paths));
  return options;
}

void EngineHistory::restore() {
  std::uint64_t number = 0;
  const RestoreOptions options = random_restore(number);
  const TreeState before = tree_state(*disk_);
  const Held target = held_.at(number);
  RestoreReport report;
  try {
    report = restore_checkpoint(*open_at_tree(*disk_), options);
  } catch (const Error& error) {
    expect(error.kind() == ErrorKind::usage || error.kind() == ErrorKind::refused, std::string("a restore failed: ") + error.what());
    expect_same(tree_state(*disk_), before, std::string("refused, but not without a trace (") + error.what() + ")");
    steps_.back() += std::string(": ") + error.what();
    ++counts_.refusals;
    expect(!options.paths.empty(), "a restore of everything was refused: " + steps_.back());
    note_new_records(held_.rbegin()->first, before);
    return;
  }
  ++counts_.restores;
  expect(report.warnings.empty(),
         "warned: " + (report.warnings.empty() ? "" : report.warnings[0].path + ": " + report.warnings[0].message));
  check_restored(before, options, target);
  if (options.paths.empty()) head_ = target.head_after;
  note_saved(report, before);
  before_restore_ = report.saved_as ? std::optional(before) : std::nullopt;
  expect_head("after a restore");
}

void EngineHistory::check_restored(const TreeState& before, const RestoreOptions& options, const Held& target) {
  const TreeState after = tree_state(*disk_);
  if (options.paths.empty() && options.remove_extra && target.knows_links) return expect_same(after, target.tree, "restored tree");
  const TreeDescription found = without_traces(after.nodes);
  TreeDescription expected;
  const TreeDescription wanted = without_traces(target.tree.nodes);
  for (const auto& [path, node] : wanted)
    if (is_covered(options.paths, path)) expected[path] = node;
  for (const auto& [path, node] : without_traces(before.nodes)) {
    const bool covered = is_covered(options.paths, path);
    if (covered && (wanted.contains(path) || options.remove_extra || is_below_file(wanted, path))) continue;
    expected[path] = node;
  }
  for (const auto& [path, node] : found)  // directories that had to be made above what was asked for
    if (!options.paths.empty() && is_above(options.paths, path) && !is_covered(options.paths, path) && S_ISDIR(node.mode))
      expected[path] = node;
  if (options.keep_inode) {  // writes through names that were not asked for, where they are the same file
    const auto changes_along = [&](const std::string& path) {
      const auto group = before.groups.find(path);
      return group != before.groups.end() && std::any_of(before.groups.begin(), before.groups.end(), [&](const auto& other) {
               return other.second == group->second && is_covered(options.paths, other.first);
             });
    };
    for (const auto& [path, node] : found)
      if (wanted.contains(path) && node == wanted.at(path) && changes_along(path)) expected[path] = node;
  }
  expect_same(found, expected, "restored paths");
  if (options.paths.empty())
    for (const auto& [path, node] : target.tree.nodes) {
      const NodeDescription* const is = find(after.nodes, path);
      expect(is != nullptr && is->mtime == node.mtime, "time of " + path);
    }
}

void EngineHistory::note_saved(const RestoreReport& report, const TreeState& before) {
  if (!report.saved_as) return;
  expect(report.saved_as->is_safety, "what was saved is no safety checkpoint");
  const auto engine = open_at_tree(*disk_);
  held_[report.saved_as->number] = {before, true, engine->log->get(report.saved_as->number).head_after.number};
}

void EngineHistory::undo() {
  const TreeState before = tree_state(*disk_);
  RestoreOptions options;
  options.control.jobs = 1;
  say("undo");
  RestoreReport report;
  try {
    report = undo_restore(*open_at_tree(*disk_), options);
  } catch (const Error& error) {
    expect(error.kind() == ErrorKind::bad_revision || error.kind() == ErrorKind::refused, std::string("undo failed: ") + error.what());
    expect_same(tree_state(*disk_), before, "nothing to undo, but the tree changed");
    steps_.back() += std::string(": ") + error.what();
    ++counts_.refusals;
    note_new_records(held_.rbegin()->first, before);
    return;
  }
  ++counts_.undos;
  const TreeState after = tree_state(*disk_);
  if (before_restore_) expect_same(after, *before_restore_, "undone");
  note_saved(report, before);
  head_ = open_at_tree(*disk_)->log->head().number;
  before_restore_ = report.saved_as ? std::optional(before) : std::nullopt;
}

void EngineHistory::expect_head(const std::string& when) {
  const std::uint64_t head = open_at_tree(*disk_)->log->head().number;
  expect(head == head_, when + " HEAD is " + std::to_string(head) + ", not " + std::to_string(head_));
}

std::uint64_t EngineHistory::any_number() {
  return std::next(held_.begin(), static_cast<std::ptrdiff_t>(chance_.below(held_.size())))->first;
}

std::string EngineHistory::some_path() {
  const TreeDescription tree = user_tree(*disk_);
  return tree.empty() ? std::string() : std::next(tree.begin(), static_cast<std::ptrdiff_t>(chance_.below(tree.size())))->first;
}

void EngineHistory::check_sample() {
  const auto engine = open_at_tree(*disk_);
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t number = any_number();
    expect_same(checkpointed_tree_and_top(*engine, number), without_link_counts(held_.at(number).tree.nodes),
                "checkpoint " + std::to_string(number));
  }
}

void EngineHistory::check_end() {
  const auto engine = open_at_tree(*disk_);
  for (const auto& [number, held] : held_)
    expect_same(checkpointed_tree_and_top(*engine, number), without_link_counts(held.tree.nodes),
                "at the end, checkpoint " + std::to_string(number));
  VerifyOptions verifying;
  verifying.data = true;
  verifying.control.jobs = 1;
  const VerifyReport report = verify(*engine, verifying);
  expect(report.ok(), "verify: " + (report.ok() ? "" : report.problems[0].where + ": " + report.problems[0].message));
  RestoreOptions options;
  options.control.jobs = 1;
  const std::uint64_t number = any_number();
  options.revision = std::to_string(number);
  options.target = "/elsewhere";
  restore_checkpoint(*engine, options);
  const Held& held = held_.at(number);
  TreeDescription found = tree_and_top(*disk_, "/elsewhere");
  if (!held.knows_links) found = without_link_counts(std::move(found));
  expect_same(found, held.tree.nodes, "restored elsewhere, " + options.revision);
}

}  // namespace metamori::test
