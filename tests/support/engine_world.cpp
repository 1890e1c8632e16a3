#include "tests/support/engine_world.hpp"

#include <sys/stat.h>

#include "core/materialize.hpp"

namespace metamori::test {

TreeDescription checkpointed_tree_and_top(Engine& engine, std::uint64_t number) {
  const Record record = engine.log->get(number);
  const CheckpointRecord content = decode_checkpoint_record(record.blob, "test");
  const Root root = get_root(*engine.store, content.root);
  TreeDescription tree;
  walk_tree(*engine.store, root.top, "", [&](const std::string& path, const Entry& entry) {
    NodeDescription node;
    node.mode = mode_type(entry.type) | entry.mode;
    node.uid = entry.owner.uid;
    node.gid = entry.owner.gid;
    node.device_major = entry.device_major;
    node.device_minor = entry.device_minor;
    node.mtime = entry.mtime;
    node.link_target = entry.target;
    if (entry.type == EntryType::file && !entry.content_unknown) {
      node.content.resize(entry.content.length);
      read_content(*engine.store, entry.content, 0, node.content);
    }
    for (const Attribute& attribute : get_attributes(entry, *engine.store)) node.attributes[attribute.name] = attribute.value;
    tree[path] = std::move(node);
  });
  return tree;
}

TreeDescription checkpointed_tree(Engine& engine, std::uint64_t number) {
  TreeDescription tree = checkpointed_tree_and_top(engine, number);
  tree.erase("");
  return tree;
}

TreeDescription without_link_counts(TreeDescription tree) {
  for (auto& [path, node] : tree) node.link_count = 0;
  return tree;
}

TreeDescription without_directory_times(TreeDescription tree) {
  for (auto& [path, node] : tree)
    if (S_ISDIR(node.mode)) node.mtime = {};
  return tree;
}

}  // namespace metamori::test
