// The front door: each member leads to the function of the core that does the work.

#include "metamori/repository.hpp"

#include <fcntl.h>

#include "core/checkpoint.hpp"
#include "core/locate.hpp"
#include "core/looking.hpp"
#include "core/repository_impl.hpp"
#include "core/rules.hpp"

namespace metamori {
namespace {

/// The part of `path` below `top`; nothing if it is not at or below it. Both absolute and normalized.
std::optional<std::string> below(std::string_view path, std::string_view top) {
  if (top == "/") return std::string(path.substr(1));
  if (path == top) return std::string();
  if (path.starts_with(top) && path[top.size()] == '/') return std::string(path.substr(top.size() + 1));
  return std::nullopt;
}

std::optional<FileStat> stat_followed(System& system, const std::string& path) {
  const Fd file(system, retry_interrupted([&] { return system.open_at(AT_FDCWD, path.c_str(), O_PATH, 0); }));
  FileStat found;
  if (!file.is_open() || retry_interrupted([&] { return system.stat(file.get(), found); }) < 0) return std::nullopt;
  return found;
}

}  // namespace

void require_writable(const Engine& engine) {
  if (engine.read_only)
    throw Error(ErrorKind::refused, "the repository " + quoted(engine.repository_directory) + " can't be written",
                "looking, comparing and restore --to work all the same; to write, become who may, or mount it for writing",
                engine.repository_directory);
}

void require_tree(const Engine& engine) {
  if (!engine.tree.is_open())
    throw Error(ErrorKind::no_repository,
                "the tree " + quoted(engine.tree_directory) + " of the repository " + quoted(engine.repository_directory) + " is not there",
                "open the repository from its tree", engine.tree_directory);
}

Repository::Repository(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Repository::Repository(Repository&&) noexcept = default;
Repository& Repository::operator=(Repository&&) noexcept = default;
Repository::~Repository() = default;

Repository Repository::init(const InitOptions& options) { return Repository(std::make_unique<Impl>(init_engine(real_system(), options))); }
Repository Repository::open(const OpenOptions& options) { return Repository(std::make_unique<Impl>(open_engine(real_system(), options))); }

const std::string& Repository::tree_directory() const noexcept { return impl_->engine().tree_directory; }
const std::string& Repository::repository_directory() const noexcept { return impl_->engine().repository_directory; }

std::string Repository::tree_path(std::string_view path, std::string_view base) const {
  const Engine& engine = impl_->engine();
  const std::string absolute = normalized_path(path.starts_with('/') ? std::string(path) : joined_path(base, path));
  if (auto found = below(absolute, engine.tree_directory)) return *found;
  // The way to the tree's top may have been spelled otherwise, by a symbolic link above it.
  if (engine.tree.is_open()) {
    const FileStat top = stat_of(engine.system, engine.tree.get(), engine.tree_directory);
    for (std::string prefix = absolute; prefix != "/"; prefix = parent_path(prefix)) {
      const auto found = stat_followed(engine.system, prefix);
      if (found && found->device == top.device && found->inode == top.inode) return *below(absolute, prefix);
    }
  }
  throw Error(ErrorKind::usage, quoted(path) + " is outside the tree " + quoted(engine.tree_directory),
              "only what is below the tree can be meant", std::string(path));
}

std::vector<std::string> Repository::rules() const { return list_rules(read_rules(impl_->engine())); }
bool Repository::track(const std::vector<std::string>& patterns, const Control& control) {
  return append_rules(impl_->engine(), patterns, false, control);
}
bool Repository::untrack(const std::vector<std::string>& patterns, const Control& control) {
  return append_rules(impl_->engine(), patterns, true, control);
}

CheckpointReport Repository::checkpoint(const CheckpointOptions& options) {
  Engine& engine = impl_->engine();
  require_tree(engine);
  if (!options.dry_run) require_writable(engine);
  return take_checkpoint(engine, options);
}

StatusReport Repository::status(const Control& control) { return metamori::status(impl_->engine(), control); }

CheckpointInfo Repository::resolve(std::string_view revision) {
  Engine& engine = impl_->engine();
  return describe_checkpoint(engine, engine.history->resolve(revision), false);
}

CheckpointInfo Repository::show(std::string_view revision) {
  Engine& engine = impl_->engine();
  return describe_checkpoint(engine, engine.history->resolve(revision), true);
}

std::vector<RevisionName> Repository::revision_names(std::string_view prefix, std::size_t limit) {
  return list_revision_names(impl_->engine(), prefix, limit);
}

std::vector<CheckpointInfo> Repository::log(const LogOptions& options) { return list_log(impl_->engine(), options); }
void Repository::log(const LogOptions& options, const std::function<bool(const LogEntry&)>& visit) {
  visit_log(impl_->engine(), options, visit);
}

void Repository::list(std::string_view revision, std::string_view path, bool recursive, const std::function<void(const NodeInfo&)>& visit) {
  Engine& engine = impl_->engine();
  list_nodes(engine, engine.history->resolve(revision), path, recursive, visit);
}

void Repository::read(std::string_view revision, std::string_view path, std::uint64_t offset, std::optional<std::uint64_t> length,
                      const std::function<void(ByteView)>& receive) {
  Engine& engine = impl_->engine();
  read_node(engine, engine.history->resolve(revision), path, {offset, length}, receive);
}

FindReport Repository::find(const FindOptions& options) { return metamori::find(impl_->engine(), options); }
StatsReport Repository::stats(const StatsOptions& options) { return metamori::stats(impl_->engine(), options); }
std::vector<std::uint64_t> Repository::damaged_records() { return impl_->engine().log->damaged(); }
DiffReport Repository::diff(const DiffOptions& options) { return metamori::diff(impl_->engine(), options); }
std::string Repository::short_id(const CheckpointId& id) { return impl_->engine().history->short_id(id); }

bool Repository::restore_pending() const { return restore_is_pending(impl_->engine()); }

std::vector<TagInfo> Repository::tags() { return list_tags(impl_->engine()); }
void Repository::tag(const std::string& name, std::string_view revision, bool force) { add_tag(impl_->engine(), name, revision, force); }
void Repository::remove_tag(const std::string& name) { metamori::remove_tag(impl_->engine(), name); }

VerifyReport Repository::verify(const VerifyOptions& options) { return metamori::verify(impl_->engine(), options); }

}  // namespace metamori
