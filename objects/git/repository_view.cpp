#include "objects/git/repository_view.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "metamori/error.hpp"
#include "objects/git/backends.hpp"
#include "objects/git/head_log.hpp"

namespace metamori {
namespace {

// Stands at the start of every log, so that a time before it is told from the first entry, which libgit2 would answer.
constexpr unsigned char kBeforeFirst = 0xff;
// git_reflog has no public constructor; its 56 bytes of pointers and counts are all zero when it is new.
constexpr std::size_t kReflogBytes = 256;
constexpr std::string_view kLinePrefix = "refs/heads/";
constexpr std::string_view kTagPrefix = "refs/tags/";

CheckpointId to_id(const git_oid& oid) {
  CheckpointId id;
  std::memcpy(id.bytes.data(), oid.id, sizeof oid.id);
  return id;
}

}  // namespace

RepositoryView::RepositoryView(RecordLog& log) : log_(log) {
  try {
    learn_commits();
    build();
  } catch (...) {
    tear_down();
    throw;
  }
}

RepositoryView::~RepositoryView() { tear_down(); }

void RepositoryView::tear_down() noexcept {
  if (repository_ != nullptr) git_.git_repository_free(repository_);
  repository_ = nullptr;
}

void RepositoryView::check(int code, const char* action) const {
  if (code >= 0) return;
  const git_error* const error = git_.git_error_last();
  throw Error(ErrorKind::io, std::string(action) + ": " + (error == nullptr ? "libgit2 failed" : error->message));
}

/// Everything that libgit2 would otherwise look for in files is set: objects, references, configuration (or it reads ~/.gitconfig) and
/// index (or it believes a file of that name in the current directory).
void RepositoryView::build() {
  check(git_.git_repository_new(&repository_), "make a git repository");

  git_odb* odb = nullptr;
  check(git_.git_odb_new(&odb), "make a git object database");
  const std::unique_ptr<git_odb, decltype(git_.git_odb_free)> odb_owner(odb, git_.git_odb_free);
  auto objects = std::make_unique<ObjectBackend>(*this);
  check(git_.git_odb_init_backend(objects.get(), GIT_ODB_BACKEND_VERSION), "make a git object database");
  objects->set_callbacks();
  check(git_.git_odb_add_backend(odb, objects.get(), 1), "make a git object database");
  objects_ = objects.release();
  check(git_.git_repository_set_odb(repository_, odb), "make a git repository");

  git_refdb* refdb = nullptr;
  check(git_.git_refdb_new(&refdb, repository_), "make a git reference database");
  const std::unique_ptr<git_refdb, decltype(git_.git_refdb_free)> refdb_owner(refdb, git_.git_refdb_free);
  auto refs = std::make_unique<RefBackend>(*this);
  check(git_.git_refdb_init_backend(refs.get(), GIT_REFDB_BACKEND_VERSION), "make a git reference database");
  refs->set_callbacks();
  check(git_.git_refdb_set_backend(refdb, refs.get()), "make a git reference database");
  refs.release();
  check(git_.git_repository_set_refdb(repository_, refdb), "make a git repository");

  git_config* config = nullptr;
  check(git_.git_config_new(&config), "make a git configuration");
  const std::unique_ptr<git_config, decltype(git_.git_config_free)> config_owner(config, git_.git_config_free);
  check(git_.git_repository_set_config(repository_, config), "make a git repository");

  git_index* index = nullptr;
  check(git_.git_index_new(&index), "make a git index");
  const std::unique_ptr<git_index, decltype(git_.git_index_free)> index_owner(index, git_.git_index_free);
  check(git_.git_repository_set_index(repository_, index), "make a git repository");
}

/// Records never lose their ids, so those known stay.
void RepositoryView::learn_commits() {
  const std::vector<RecordSummary>& all = log_.summaries();
  const std::pair state{all.size(), all.empty() ? 0 : all.back().number};
  if (state == learned_) return;
  learned_ = state;
  for (const RecordSummary& record : all)
    if (record.kind != RecordKind::move) commits_.emplace(record.id, record.number);
}

std::optional<CheckpointId> RepositoryView::find(const std::string& phrase) {
  learn_commits();
  failure_ = nullptr;
  before_first_ = false;
  git_object* object = nullptr;
  const int code = git_.git_revparse_single(&object, repository_, phrase.c_str());
  std::optional<CheckpointId> id;
  if (code >= 0) id = to_id(*git_.git_object_id(object));
  git_.git_object_free(object);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return id;
}

std::optional<RepositoryView::Object> RepositoryView::read_object(const CheckpointId& id) {
  if (std::all_of(id.bytes.begin(), id.bytes.end(), [](std::byte b) { return b == std::byte{kBeforeFirst}; })) {
    before_first_ = true;
    return std::nullopt;
  }
  if (const auto found = commits_.find(id); found != commits_.end()) {
    Record record = log_.get(found->second);
    others_.emplace(git_object_id("tree", record.tree), found->second);
    others_.emplace(git_object_id("blob", record.blob), found->second);
    return Object{GIT_OBJECT_COMMIT, std::move(record.commit)};
  }
  const auto found = others_.find(id);
  if (found == others_.end()) return std::nullopt;
  Record record = log_.get(found->second);
  if (git_object_id("tree", record.tree) == id) return Object{GIT_OBJECT_TREE, std::move(record.tree)};
  return Object{GIT_OBJECT_BLOB, std::move(record.blob)};
}

std::vector<CheckpointId> RepositoryView::ids_with_prefix(const git_oid& prefix, std::size_t digits) {
  const std::string wanted = to_hex(to_id(prefix)).substr(0, digits);
  std::vector<CheckpointId> result;
  for (const auto* const ids : {&commits_, &others_}) {
    for (const auto& [id, number] : *ids) {
      if (std::memcmp(id.bytes.data(), prefix.id, digits / 2) != 0 || to_hex(id).compare(0, digits, wanted) != 0) continue;
      result.push_back(id);
      if (result.size() == 2) return result;
    }
  }
  return result;
}

std::optional<CheckpointId> RepositoryView::find_reference(const std::string& name) {
  if (name == "HEAD" || name == kHeadRef) {
    const Position head = log_.head();
    return head.number == 0 ? std::nullopt : std::optional(head.id);
  }
  if (name.starts_with(kLinePrefix))
    for (const auto& [line, tip] : log_.lines())
      if (name.substr(kLinePrefix.size()) == line) return tip.id;
  if (!name.starts_with(kTagPrefix)) return std::nullopt;
  const auto target = log_.find_tag(name.substr(kTagPrefix.size()));
  return target ? std::optional(target->id) : std::nullopt;
}

std::vector<RepositoryView::Ref> RepositoryView::references() {
  std::vector<Ref> result;
  if (const Position head = log_.head(); head.number != 0) {
    result.push_back({"HEAD", head.id});
    result.push_back({kHeadRef, head.id});
  }
  for (const auto& [line, tip] : log_.lines()) result.push_back({std::string(kLinePrefix) + line, tip.id});
  for (const Tag& tag : log_.tags()) result.push_back({std::string(kTagPrefix) + tag.name, tag.target.id});
  return result;
}

/// An unknown name has an empty log. Returns nothing if libgit2 is not as this was made for.
git_reflog* RepositoryView::make_reflog(const std::string& name) {
  std::vector<LogEntry> entries;
  if (name == "HEAD" || name == kHeadRef) {
    entries = head_log(log_.summaries());
  } else if (name.starts_with(kLinePrefix)) {
    entries = line_log(log_.summaries(), name.substr(kLinePrefix.size()));
  }
  void* const memory = git_.git_odb_backend_data_alloc(objects_, kReflogBytes);
  if (memory == nullptr) return nullptr;
  std::memset(memory, 0, kReflogBytes);
  auto* const reflog = static_cast<git_reflog*>(memory);
  std::string who = "metamori";
  git_signature signature{who.data(), who.data(), {0, 0, '+'}};
  git_oid oid;
  std::memset(oid.id, kBeforeFirst, sizeof oid.id);
  bool good = git_.git_reflog_append(reflog, &oid, &signature, nullptr) >= 0;
  for (const LogEntry& entry : entries) {
    std::memcpy(oid.id, entry.position.id.bytes.data(), sizeof oid.id);
    signature.when.time = entry.time_seconds;
    good = good && git_.git_reflog_append(reflog, &oid, &signature, nullptr) >= 0;
  }
  // The newest must come first and none be missing; otherwise the memory was not what libgit2 takes it for, and is better lost than freed.
  const git_reflog_entry* const newest =
      good && git_.git_reflog_entrycount(reflog) == entries.size() + 1 ? git_.git_reflog_entry_byindex(reflog, 0) : nullptr;
  if (newest == nullptr || std::memcmp(git_.git_reflog_entry_id_new(newest)->id, oid.id, sizeof oid.id) != 0) return nullptr;
  return reflog;
}

}  // namespace metamori
