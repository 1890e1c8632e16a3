#include <algorithm>

#include "core/describe.hpp"
#include "core/looking.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMinIdDigits = 4;    // fewer match too many
constexpr std::size_t kShownIdDigits = 8;  // as few as a revision needs

/// Collects names of checkpoints that can still be looked at.
class NameList {
 public:
  NameList(Engine& engine, std::string_view prefix) : engine_(engine), prefix_(prefix), describer_(engine) {}

  /// Leaves out what names nothing, or nothing that can be read.
  void add_revision(const std::string& name) {
    if (!name.starts_with(prefix_)) return;
    try {
      names_.push_back({name, describer_.describe(engine_.history->resolve(name), false)});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::bad_revision && error.kind() != ErrorKind::corrupt) throw;
    }
  }
  /// Returns whether it was added.
  bool add(const std::string& name, const Position& position) {
    if (!name.starts_with(prefix_)) return false;
    try {
      names_.push_back({name, describer_.describe(position, false)});
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::bad_revision && error.kind() != ErrorKind::corrupt) throw;
      return false;
    }
  }
  std::vector<RevisionName> take() { return std::move(names_); }

 private:
  Engine& engine_;
  std::string_view prefix_;
  Describer describer_;
  std::vector<RevisionName> names_;
};

bool is_hexadecimal(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

}  // namespace

std::vector<RevisionName> list_revision_names(Engine& engine, std::string_view prefix, std::size_t limit) {
  NameList names(engine, prefix);
  if (engine.log->highest() == 0) return names.take();
  const std::vector<RecordSummary> all = engine.log->summaries();  // a copy: describing may find that there are others by now
  engine.log->keep_summaries();
  if (const std::size_t tilde = prefix.rfind('~'); tilde != std::string_view::npos) {
    const std::string base(prefix.substr(0, tilde + 1));
    for (std::size_t i = 1; i <= std::min<std::size_t>(limit, 9); ++i) names.add_revision(base + std::to_string(i));
    return names.take();
  }
  for (const char* name : {"HEAD", "latest", "@undo"}) names.add_revision(name);
  for (const Tag& tag : engine.log->tags()) names.add(tag.name, tag.target);
  for (const auto& [line, tip] : engine.log->lines()) names.add(line, tip);
  const bool wants_ids = prefix.size() >= kMinIdDigits && is_hexadecimal(prefix);
  std::size_t count = 0;
  for (auto record = all.rbegin(); record != all.rend() && count < limit; ++record) {
    if (record->kind != RecordKind::checkpoint) continue;
    const Position position{record->number, record->id};
    if (names.add(std::to_string(record->number), position)) ++count;
    if (wants_ids && to_hex(record->id).starts_with(prefix))
      names.add(to_hex(record->id).substr(0, std::max(prefix.size(), kShownIdDigits)), position);
  }
  return names.take();
}

}  // namespace metamori
