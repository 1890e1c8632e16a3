#include "core/describe.hpp"
#include "core/looking.hpp"

namespace metamori {

std::vector<TagInfo> list_tags(Engine& engine) {
  std::vector<TagInfo> result;
  const std::vector<Tag> tags = engine.log->tags();
  if (tags.empty()) return result;
  Describer describer(engine);
  for (const Tag& tag : tags) result.push_back({tag.name, describer.describe(tag.target, false)});
  return result;
}

void add_tag(Engine& engine, const std::string& name, std::string_view revision, bool force) {
  check_tag_name(name);
  require_writable(engine);
  const Position target = engine.history->resolve(revision);
  for (const auto& [line, tip] : engine.log->lines())
    if (line == name) throw Error(ErrorKind::usage, quoted(name) + " is the name of a line");
  std::optional<Position> existing;
  try {
    existing = engine.log->find_tag(name);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt || !force) throw;  // setting it again is what repairs it
  }
  if (existing == target) return;
  if (existing && !force)
    throw Error(ErrorKind::refused, "the tag " + quoted(name) + " names checkpoint " + std::to_string(existing->number) + " already",
                "to move it, add --force");
  engine.log->set_tag(name, target);
}

void remove_tag(Engine& engine, const std::string& name) {
  require_writable(engine);
  bool exists = true;
  try {
    exists = engine.log->find_tag(name).has_value();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;  // a damaged one can be removed
  }
  if (!exists) throw Error(ErrorKind::bad_revision, "there is no tag " + quoted(name), "'metamori tag' lists them");
  engine.log->set_tag(name, {});
}

}  // namespace metamori
