// What a TreeWriter does last: hard links, and the metadata of directories.

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "core/materialize_tree.hpp"

namespace metamori {

void TreeWriter::make_links() {
  for (auto& [group, members] : linked_) make_group(links_[group], members);
  linked_.clear();
}

void TreeWriter::make_group(const std::vector<std::string>& group, std::map<std::string, TreePut>& members) {
  std::string first;
  if (find_linked_ && members.size() < group.size()) {
    std::vector<std::string> others;
    std::copy_if(group.begin(), group.end(), std::back_inserter(others), [&](const std::string& path) { return !members.contains(path); });
    first = find_linked_(group, others, members.begin()->second.entry).value_or("");
  }
  auto member = members.begin();
  if (first.empty()) {
    // The first one is written like any file; the pool is idle, so its end is awaited at once.
    const TreePut put = member->second;
    write(directories_.get(directory_of(put.disk_path)), put);
    pool_.wait();
    first = put.disk_path;
    ++member;
  }
  for (; member != members.end(); ++member) link_member(first, member->second);
}

void TreeWriter::link_member(const std::string& from_disk_path, const TreePut& put) {
  System& system = directories_.system();
  const Directory from = directories_.get(directory_of(from_disk_path));
  const Directory dir = directories_.get(directory_of(put.disk_path));
  const std::string from_name(name_of(from_disk_path));
  const auto source = find_stat(system, from->get(), from_name.c_str(), put.path);
  if (!source || !has_type(*source, put.entry.type)) {  // the first of the group was left as it is, and is something else
    write(dir, put);
    pool_.wait();
    return;
  }
  if (options_.may_exist) {
    const auto present = find_stat(system, dir->get(), std::string(name_of(put.disk_path)).c_str(), put.path);
    if (present && present->device == source->device && present->inode == source->inode) {
      ++totals_.unchanged;
      return;
    }
    if (present && options_.overwrite == Overwrite::never) {
      ++totals_.unchanged;
      return;
    }
  }
  const bool exists =
      options_.may_exist && find_stat(system, dir->get(), std::string(name_of(put.disk_path)).c_str(), put.path).has_value();
  const std::string working = working_name(put.disk_path);
  const int error = retry_interrupted([&] { return system.link(from->get(), from_name.c_str(), dir->get(), working.c_str()); });
  if (error == -EMLINK || error == -EPERM || error == -EXDEV || error == -EOPNOTSUPP) {
    writer_.warnings().add(put.path, "restored as a file of its own: it cannot be linked to the others of its group");
    write(dir, put);
    pool_.wait();
    return;
  }
  if (error < 0) throw_io(-error, "link", put.path);
  publish(dir, working, put, exists ? Place::replace : Place::free);
  writer_.meter().add_file(put.path);
}

void TreeWriter::finish_directories() {
  std::sort(made_directories_.begin(), made_directories_.end(),
            [](const TreePut& a, const TreePut& b) { return WalkOrder()(b.disk_path, a.disk_path); });
  for (const TreePut& put : made_directories_) {
    const Directory dir = directories_.get(put.disk_path);
    writer_.set_metadata(dir->get(), put.entry, put.path, put.inherited);
    if (options_.sync_each) sync_file(directories_.system(), dir->get(), put.path);
    if (!put.path.empty()) written(put);
  }
  made_directories_.clear();
}

}  // namespace metamori
