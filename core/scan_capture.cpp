// Capturing one name as part of a walk: what another name of the same file gave already, a capture, or what is left to fall back to.

#include <sys/stat.h>

#include "core/scan_directory.hpp"

namespace metamori {
namespace {

/// What another name of the same file gave, or has in the cached listing.
Captured take_over(WalkContext& context, const LinkGroups::Source& source, const FileStat& stat) {
  if (source.captured) return *source.captured;
  Captured result;
  result.stat = stat;
  result.sound = true;
  const auto directory = context.cache->find(directory_of(source.unchanged));
  auto entry = directory ? find_entry(context.store.source, directory->listing(), name_of(source.unchanged)) : std::nullopt;
  if (!entry) throw CacheIsWrong{};
  result.entry = *std::move(entry);
  return result;
}

/// Falls back to the previous content where that is wanted or nothing else is left.
void keep_previous(WalkContext& context, const std::string& path, Captured& captured) {
  if (captured.verdict == Verdict::torn && context.options.on_torn == OnTorn::fail)
    throw Error(ErrorKind::torn, quoted(path) + " kept changing while it was read", "pause the writer, or use --on-torn=mark", path);
  if (captured.verdict == Verdict::torn && context.options.on_torn == OnTorn::keep_previous) {
    if (auto kept = context.previous(path); kept && kept->type == captured.entry.type) {
      captured.entry = *std::move(kept);
      captured.verdict = Verdict::kept;
    }
  }
  if (captured.verdict == Verdict::unreadable && captured.entry.content_unknown) {
    if (auto kept = context.previous(path); kept && kept->type == captured.entry.type) captured.entry = *std::move(kept);
    if (captured.entry.content_unknown && captured.entry.type == EntryType::symlink)
      captured.entry.type = EntryType::file;  // there is no entry for a link whose target is unknown
  }
}

Captured capture_or_keep(WalkContext& context, int dir, const std::string& name, const std::string& path, const FileStat& look,
                         StampTrust trust, const StreamRef& previous) {
  context.show_progress(path);
  Captured captured = capture_name(context.capture_context(), dir, name, look, trust, previous);
  if (captured.vanished) return captured;
  ++context.files_captured;
  if (!captured.clone) keep_previous(context, path, captured);
  return captured;
}

}  // namespace

Captured capture_for_walk(WalkContext& context, int dir, const std::string& name, const std::string& path, const FileStat& look,
                          StampTrust trust, const StreamRef& previous) {
  std::optional<LinkGroups::Source> other;
  if (look.link_count > 1) other = context.links.share(look, path);
  Captured captured = other ? take_over(context, *other, look) : capture_or_keep(context, dir, name, path, look, trust, previous);
  if (captured.vanished) return captured;
  if (!other && captured.stat.link_count > 1) {
    other = context.links.add_captured(captured, path);
    if (other) captured = take_over(context, *other, captured.stat);  // another task was faster
  }
  if (!captured.clone) context.note_verdict(path, captured.verdict, captured.reason, captured.live);
  return captured;
}

void capture_content(WalkContext& context, const std::string& path, Captured& captured, const StreamRef& previous) {
  context.show_progress(path);
  read_clone(context.capture_context(), captured, previous);
  keep_previous(context, path, captured);
  context.note_verdict(path, captured.verdict, captured.reason, captured.live);
}

Finding capture_single(WalkContext& context, int dir, const std::string& name, const std::string& path, const FileStat& look) {
  const auto nothing_found = [] { return std::optional<Entry>(); };
  if (S_ISSOCK(look.mode)) {
    const std::lock_guard lock(context.mutex);
    context.skipped_sockets.push_back(path);
    return nothing_found;
  }
  const StampTrust trust = context.trust_of(dir, look.device);
  const auto captured = std::make_shared<Captured>(capture_for_walk(context, dir, name, path, look, trust, {}));
  if (captured->vanished) return nothing_found;
  if (captured->clone) context.clones->add_reader([&context, path, captured] { capture_content(context, path, *captured, {}); });
  return [name, captured] {
    captured->entry.name = name;
    return std::optional(std::move(captured->entry));
  };
}

}  // namespace metamori
