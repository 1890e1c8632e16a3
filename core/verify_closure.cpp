#include "core/verify_closure.hpp"

#include "core/node_children.hpp"

namespace metamori {
namespace {

std::string describe(const BelowTotals& below) {
  return std::to_string(below.entries) + " names, " + std::to_string(below.files) + " files, " + std::to_string(below.bytes) + " bytes";
}

}  // namespace

bool ClosureWalk::is_bad(const ChunkId& id, const std::string& path) {
  BadChunk* const bad = run_.find_bad(id);
  if (bad == nullptr) return false;
  bad->affected.insert(number_);
  if (bad->path.empty()) bad->path = path;
  return true;
}

void ClosureWalk::note_bad(const ChunkId& id, const std::string& message, const std::string& path) {
  run_.note_chunk(id, "chunk " + to_hex(id), message);
  is_bad(id, path);
}

bool ClosureWalk::check_data(const ChunkId& id, std::uint64_t length, const std::string& path) {
  if (is_bad(id, path)) return false;
  try {
    const auto found = run_.engine.store->find_length(id);
    if (found == length) return true;
    note_bad(id, found ? "it is " + std::to_string(*found) + " bytes long, not " + std::to_string(length) : "no pack holds it", path);
  } catch (const Error& error) {
    note_bad(id, error.what(), path);
  }
  return false;
}

void ClosureWalk::add_listing(Step& step, const Entry& directory, const std::string& path) {
  const StreamRef& listing = directory.content;
  if (listing.length == 0) return;  // then nothing can be told of it, either: decode_entry
  Node node;
  node.kind = NodeKind::listing;
  node.level = listing.level;
  node.id = listing.id;
  node.span = listing.length;
  node.path = path;
  node.told = below(directory);
  step.children.push_back(std::move(node));
}

void ClosureWalk::add_below(Step& step, const Node& part, const BelowTotals& found) {
  if (part.kind != NodeKind::listing) return;
  if (!part.is_top) {
    step.below.add(found);
  } else if (part.told && *part.told != found) {
    note_bad(step.node.id, "it tells of " + describe(*part.told) + " below a directory, and there are " + describe(found), part.path);
    step.is_sound = false;
  }
}

void ClosureWalk::add_stream(Step& step, const StreamRef& ref, const std::string& path) {
  if (ref.length == 0) return;
  if (ref.level == 0) {
    if (!check_data(ref.id, ref.length, path)) step.is_sound = false;
    return;
  }
  Node node;
  node.kind = NodeKind::list;
  node.level = ref.level;
  node.id = ref.id;
  node.span = ref.length;
  node.path = path;
  step.children.push_back(std::move(node));
}

void ClosureWalk::open_root(Step& step) {
  const Root root = get_root(*run_.engine.store, step.node.id);
  step.below = below(root.top);
  if (!root.top.content_unknown) add_listing(step, root.top, {});
  if (root.top.attribute_stream) add_stream(step, *root.top.attribute_stream, {});
  add_stream(step, root.links, {});
  if (!step.is_sound) return;
  try {
    get_links(*run_.engine.store, root);
  } catch (const Error& error) {
    note_bad(root.links.id, error.what(), {});
    step.is_sound = false;
  }
}

void ClosureWalk::open_leaf(Step& step) {
  Bytes leaf;
  run_.engine.store->read(step.node.id, leaf);
  LeafReader reader;
  reader.open(leaf, step.node.id, step.node.span, step.node.first_name, step.node.bound);
  const std::string prefix = step.node.path.empty() ? std::string() : step.node.path + '/';
  Entry entry;
  while (reader.next(entry)) {
    run_.add_file();
    step.below.add(entry);
    const std::string path = prefix + entry.name;
    if (entry.attribute_stream) add_stream(step, *entry.attribute_stream, path);
    if (entry.content_unknown) continue;
    if (entry.type == EntryType::file) add_stream(step, entry.content, path);
    if (entry.type == EntryType::directory) add_listing(step, entry, path);
  }
}

void ClosureWalk::open_node(Step& step) {
  Bytes chunk;
  run_.engine.store->read(step.node.id, chunk);
  take_listing_nodes(step.node, chunk, [&](Node node) { step.children.push_back(std::move(node)); });
}

void ClosureWalk::open_list(Step& step) {
  Bytes chunk;
  run_.engine.store->read(step.node.id, chunk);
  take_list_items(
      step.node, chunk,
      [&](const Extent& data) {
        if (!check_data(data.id, data.length, step.node.path)) step.is_sound = false;
      },
      [&](Node node) { step.children.push_back(std::move(node)); });
}

void ClosureWalk::open(Step& step) {
  const ChunkId id = step.node.id;
  const std::string path = step.node.path;
  if (is_bad(id, path)) {
    step.is_sound = false;
    return;
  }
  try {
    if (step.node.kind == NodeKind::root) return open_root(step);
    if (step.node.kind == NodeKind::list) return open_list(step);
    return step.node.level == 0 ? open_leaf(step) : open_node(step);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::timed_out) throw;
    note_bad(id, error.what(), path);
    step.is_sound = false;
  }
}

bool ClosureWalk::walk(Node top) {
  if (sound_.contains(key_of(top))) return true;
  std::vector<Step> steps;
  steps.push_back({std::move(top), {}, 0, true, {}});
  open(steps.back());
  for (;;) {
    Step& step = steps.back();
    if (step.next < step.children.size()) {
      run_.check_stop();
      Node child = std::move(step.children[step.next++]);
      if (const auto found = sound_.find(key_of(child)); found != sound_.end()) {  // of another tree, or met elsewhere in this one
        add_below(step, child, found->second);
        continue;
      }
      steps.push_back({std::move(child), {}, 0, true, {}});
      open(steps.back());
      continue;
    }
    const Step done = std::move(step);
    steps.pop_back();
    if (done.is_sound) sound_.emplace(key_of(done.node), done.below);
    if (steps.empty()) return done.is_sound;
    if (done.is_sound) {
      add_below(steps.back(), done.node, done.below);
    } else {
      steps.back().is_sound = false;
    }
  }
}

std::optional<BelowTotals> ClosureWalk::check_root(std::uint64_t number, const ChunkId& root) {
  number_ = number;
  Node node;
  node.id = root;
  const Key key = key_of(node);
  return walk(std::move(node)) ? std::optional(sound_.at(key)) : std::nullopt;
}

bool ClosureWalk::check_stream(std::uint64_t number, const StreamRef& ref, const std::string& what) {
  number_ = number;
  if (ref.length == 0) return true;
  if (ref.level == 0) return check_data(ref.id, ref.length, what);
  Node node;
  node.kind = NodeKind::list;
  node.level = ref.level;
  node.id = ref.id;
  node.span = ref.length;
  node.path = what;
  return walk(std::move(node));
}

}  // namespace metamori
