#include "core/fall_back.hpp"

#include "core/checkpoint_basis.hpp"
#include "core/lineage.hpp"
#include "core/looking.hpp"
#include "core/restore_elsewhere.hpp"

namespace metamori {
namespace {

constexpr std::size_t kNamedCheckpoints = 10;

bool is_head(std::string_view revision) noexcept { return revision == "HEAD" || revision == "@"; }

}  // namespace

FallBack::FallBack(Engine& engine, const RestoreOptions& options)
    : engine_(engine), options_(options), scope_(checked_scope(options.paths)) {}

/// Where the record that tells where HEAD is can't be read, HEAD is what the newest one says that can: what a checkpoint would build on.
/// The latest is the newest that can be read.
void FallBack::find_line() {
  Position asked;
  try {
    asked = engine_.history->resolve(options_.revision);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    const std::string why = error.what();
    if (is_head(options_.revision)) {
      const Basis basis = read_basis(engine_);
      asked = basis.head;
      note_unreadable(basis.damaged, why);
    } else if (options_.revision == "latest") {
      const std::vector<std::uint64_t> damaged = engine_.log->damaged();
      if (const auto newest = engine_.log->newest_checkpoint()) asked = *newest;
      note_unreadable({std::upper_bound(damaged.begin(), damaged.end(), asked.number), damaged.end()}, why);
    } else {
      throw Error(ErrorKind::corrupt, why + ", so that its ancestors are not known",
                  "name an older checkpoint that 'metamori log --all' lists", error.path());
    }
    if (asked.number == 0) throw;
  }
  if (asked.number == 0) throw Error(ErrorKind::bad_revision, quoted(options_.revision) + ": there is no checkpoint yet");
  line_.push_back(asked);
  const Lineage lineage(engine_.log->summaries(), true);
  const std::size_t at = lineage.find(asked.number);
  if (at == Lineage::kNone) return;  // forgotten itself
  for (std::size_t above = lineage.parent(at); above != Lineage::kNone; above = lineage.parent(above))
    line_.push_back(lineage.position(above));
}

void FallBack::note_unreadable(const std::vector<std::uint64_t>& numbers, const std::string& why) {
  for (const std::uint64_t number : numbers) {
    CheckpointInfo info;
    info.number = number;
    unreadable_.push_back({std::move(info), why});
  }
}

/// An ancestor that lacks a path asked for is no substitute for a checkpoint that has it.
bool FallBack::has_scope(const RestoreSource& candidate) const {
  const Root root = get_root(*engine_.store, candidate.decoded.content.root);
  for (const std::string& path : scope_)
    if (!find_path(*engine_.store, root, path)) return false;
  return true;
}

void FallBack::pass_over(std::uint64_t number, const std::string& why) {
  CheckpointInfo info;
  info.number = number;
  try {
    for (const Position& position : line_)
      if (position.number == number) info = describe_checkpoint(engine_, position, false);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
  }
  damaged_.push_back({std::move(info), why});
}

void FallBack::fail() const {
  std::string names;
  for (std::size_t i = 1; i < std::min(damaged_.size(), kNamedCheckpoints + 1); ++i)
    names += (i == 1 ? "" : ", ") + std::to_string(damaged_[i].info.number);
  if (damaged_.size() > kNamedCheckpoints + 1) names += " and " + std::to_string(damaged_.size() - kNamedCheckpoints - 1) + " more";
  const std::string others =
      names.empty() ? "; no ancestor to fall back to has all that was asked for" : "; no ancestor is sound, either: " + names;
  throw Error(ErrorKind::corrupt,
              "checkpoint " + std::to_string(damaged_.front().info.number) + " can't be restored: " + damaged_.front().why + others,
              "nothing was touched; 'metamori verify' tells what is affected, 'metamori log --all' lists other lines");
}

RestoreSource FallBack::choose(const ReadNeeded& read_needed) {
  if (!options_.fall_back) {
    RestoreSource source = resolve_source(engine_, options_.revision);
    check_scope(engine_, source, scope_, options_.remove_extra);
    return source;
  }
  if (line_.empty()) find_line();
  damaged_ = unreadable_;
  for (const Position& position : line_) {
    const bool is_asked = position == line_.front();
    try {
      RestoreSource source = source_at(engine_, position);
      if (is_asked) check_scope(engine_, source, scope_, options_.remove_extra);
      if (!is_asked && !has_scope(source)) continue;
      read_needed(source);
      return source;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt) throw;
      pass_over(position.number, error.what());
    }
  }
  fail();
}

void FallBack::tell(RestoreReport& report) const {
  if (damaged_.empty()) return;
  std::vector<RestoreWarning> warnings;
  for (const Damaged& damaged : damaged_) {
    report.passed_over.push_back(damaged.info);
    warnings.push_back({{}, "checkpoint " + std::to_string(damaged.info.number) + " is damaged and was passed over: " + damaged.why});
  }
  warnings.push_back({{}, "checkpoint " + std::to_string(report.checkpoint.number) + " is taken instead"});
  report.warnings.insert(report.warnings.begin(), warnings.begin(), warnings.end());
}

}  // namespace metamori
