#include "tests/damage/damaged_world.hpp"

#include <sys/stat.h>

#include <stdexcept>

#include "base/bytes.hpp"
#include "core/intent.hpp"
#include "core/looking.hpp"
#include "tests/unit/restore_world.hpp"

namespace metamori::test {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr const char* kRepository = "/tree/.metamori/";

/// Pages with text between holes: a chunk and a hole for each, so that the list needs a second level though the file is small.
void write_striped(SimSystem& disk, const std::string& name, unsigned seed) {
  const std::string path = std::string(kTree) + '/' + name;
  disk.write_file(path, std::string_view());
  const Fd file(disk, disk.open_at(AT_FDCWD, path.c_str(), O_RDWR, 0));
  for (std::uint64_t stripe = 0; stripe < 100; ++stripe) {
    std::string page(kPage, static_cast<char>('a' + stripe % 20));
    page.replace(100, 8, std::to_string(10'000'000 + seed * 1000 + stripe));
    disk.write_at(file.get(), as_bytes(page), stripe * 2 * kPage);
  }
}

std::uint8_t level_of(Engine& engine, std::uint64_t number, const std::string& path) {
  const Root root = get_root(*engine.store, decode_checkpoint_record(engine.log->get(number).blob, "test").root);
  return find_path(*engine.store, root, path)->content.level;
}

class Maker {
 public:
  DamageWorld make() {
    disk_.make_directories(kTree);
    init_at_tree(disk_);
    const World tree(disk_);
    first(tree);
    take();
    if (level_of(*open_at_tree(disk_), 1, "striped") < 2) throw std::runtime_error("the striped file's list has one level only");
    second(tree);
    take();
    add_tag(*open_at_tree(disk_), "good", "1", false);
    add_tag(*open_at_tree(disk_), "odd/name", "2", false);
    const TreeDescription before = user_tree(disk_);
    disk_.advance_clock(kLater);
    const RestoreReport report = restore(disk_, to_number(1));
    world_.trees[report.saved_as->number] = before;
    tree.write("after/going/back", "a second line");
    take();
    tree.write("plain", "more");
    CheckpointOptions some = one_worker();
    some.paths = {"plain"};
    disk_.advance_clock(kLater);
    world_.trees[checkpoint(disk_, some).checkpoint.number] = user_tree(disk_);
    disk_.advance_clock(kLater);
    disk_.make_durable();
    world_.disk = disk_.copy();
    return std::move(world_);
  }

 private:
  static constexpr std::int64_t kLater = 10'000'000'000;

  void first(const World& tree) {
    tree.write("plain", "plain text");
    tree.write("noise", noise(20'000, 1));
    tree.write("empty", "");
    for (int i = 0; i < 90; ++i) tree.write("many/n" + std::to_string(i), "small " + std::to_string(i));
    write_striped(disk_, "striped", 1);
    tree.write("linked_1", "linked");
    tree.link("linked_1", "linked_2");
    tree.symlink("plain", "link");
    tree.sparse("sparse", 100'000);
    disk_.set_attribute(AT_FDCWD, "/tree/plain", "user.note", as_bytes("inline"));
    disk_.set_attribute(AT_FDCWD, "/tree/noise", "user.long", as_bytes(noise(3000, 5)));
  }
  void second(const World& tree) {
    std::string changed = noise(20'000, 1);
    changed.replace(9'000, 6, "change");
    tree.write("noise", changed);
    tree.write("many/n7", "changed");
    tree.remove("many/n8");
    tree.write("new/one", noise(5'000, 2));
  }
  void take() {
    disk_.advance_clock(kLater);
    world_.trees[checkpoint(disk_).checkpoint.number] = user_tree(disk_);
  }

  SimSystem disk_;
  DamageWorld world_;
};

}  // namespace

std::vector<std::string> files_below(const SimSystem& disk, const std::string& directory) {
  std::vector<std::string> paths;
  const std::string top = kRepository + directory;
  if (!disk.exists(top)) return paths;
  for (const auto& [path, node] : disk.tree(top))
    if (S_ISREG(node.mode)) paths.push_back(top + '/' + path);
  return paths;
}

std::vector<std::string> DamageWorld::files(const std::vector<std::string>& directories) const {
  std::vector<std::string> paths;
  for (const std::string& directory : directories)
    for (std::string& path : files_below(*disk, directory)) paths.push_back(std::move(path));
  return paths;
}

std::vector<std::string> DamageWorld::durable_files() const {
  std::vector<std::string> paths = files({"packs", "checkpoints", "refs"});
  paths.push_back(std::string(kRepository) + "format");
  return paths;
}

DamageWorld make_damage_world() { return Maker().make(); }

PendingWorld make_pending_world(const SimSystem& start) {
  const auto disk = start.copy();
  disk->make_durable();
  PendingWorld pending;
  pending.old_tree = user_tree(*disk);
  restore(*disk, to_number(2));
  pending.new_tree = user_tree(*disk);
  // The last moment at which the tree is neither: the steps are under way.
  for (std::size_t events = disk->event_count(); events > 0; --events) {
    auto state = disk->crash_state(events, {CrashKind::all_kept, 1});
    const TreeDescription tree = user_tree(*state);
    const auto engine = open_at_tree(*state);
    if (tree == pending.old_tree || tree == pending.new_tree || !restore_is_pending(*engine)) continue;
    IntentFiles files(*engine);
    if (!files.find() || !files.has(IntentMarker::staged)) continue;
    state->make_durable();
    pending.disk = state->copy();
    return pending;
  }
  throw std::runtime_error("no moment of the restore is between");
}

void overwrite_byte(SimSystem& disk, const std::string& path, std::uint64_t offset, std::byte value) {
  const Fd file(disk, disk.open_at(AT_FDCWD, path.c_str(), O_RDWR, 0));
  if (disk.write_at(file.get(), ByteView(&value, 1), offset) != 1) throw std::runtime_error("can't damage " + path);
}

}  // namespace metamori::test
