#include "core/scan_way.hpp"

#include <fcntl.h>

#include <cerrno>

namespace metamori {

std::optional<Fd> open_parent(Engine& engine, std::string_view path) {
  Fd current = open_directory(engine.system, engine.tree.get(), ".", engine.tree_directory);
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    const std::string component(path.substr(0, slash));
    const int raw = engine.system.open_at(current.get(), component.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (raw == -ENOENT || raw == -ENOTDIR || raw == -ELOOP) return std::nullopt;
    if (raw < 0) throw_io(-raw, "open", component);
    current = Fd(engine.system, raw);
    path.remove_prefix(slash + 1);
  }
  return current;
}

void look_at_way(WalkContext& context, const std::string& path, WayEntries& way) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    if (way.contains(above)) continue;
    const auto directory = open_parent(context.engine, above + "/x");
    if (!directory) return;
    const FileStat stat = stat_of(context.engine.system, directory->get(), above);
    Entry entry = capture_directory_metadata(context.capture_context(), directory->get(), stat).entry;
    entry.name = name_of(above);
    way.emplace(above, std::move(entry));
  }
}

Entry get_on_the_way(const WayEntries& way, const std::string& path) {
  const auto found = way.find(path);
  if (found == way.end()) throw Error(ErrorKind::io, "open " + quoted(path) + ": it vanished during the scan", {}, path);
  return found->second;
}

}  // namespace metamori
