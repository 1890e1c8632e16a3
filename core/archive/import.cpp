// An archive as a checkpoint. Whatever it says is input: nothing is believed that is not checked, and nothing is published before its last
// byte was read.

#include "core/archive/import.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "core/archive/acl.hpp"
#include "core/archive/content_writer.hpp"
#include "core/archive/import_tree.hpp"
#include "core/archive/tar_reader.hpp"
#include "core/checkpoint_record.hpp"
#include "core/content_check.hpp"
#include "core/entry_type.hpp"
#include "core/lock.hpp"
#include "core/looking.hpp"
#include "core/transfer_meter.hpp"

namespace metamori {
namespace {

constexpr std::size_t kMaxAttributeNameBytes = 255;
constexpr std::size_t kMaxTargetBytes = 4095;
constexpr std::uint32_t kPermissionBits = 07777;

std::string text_of(const char* text) { return text == nullptr ? std::string() : std::string(text); }

std::uint32_t id_of(la_int64_t id, const std::string& path) {
  if (id < 0 || id > std::numeric_limits<std::uint32_t>::max()) refuse_import(quoted(path) + " has an impossible owner", path);
  return static_cast<std::uint32_t>(id);
}

class Importing {
 public:
  Importing(Engine& engine, const ImportOptions& options, const ReadBytes& read)
      : engine_(engine),
        options_(options),
        meter_(engine.system, options.control, "import"),
        reader_(read),
        session_(*engine.store),
        tree_(warnings_) {}

  ImportReport run() {
    CheckpointOptions described;
    described.message = options_.message;
    described.metadata = options_.metadata;
    described.tags = options_.tags;
    described.author = options_.author;
    described.utc_offset_minutes = options_.utc_offset_minutes;
    check_checkpoint_options(engine_, described);
    refuse_pending_restore(engine_, options_.control);
    const Lock shared = take_writer_lock(engine_, options_.control);
    const std::uint64_t generation = engine_.log->gc_generation();
    ScanResult found;
    found.start = engine_.system.now();
    try {
      read_entries();
    } catch (const Error& error) {
      // What was stored so far serves the next run.
      if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::timed_out) session_.flush();
      throw;
    }
    found.end = engine_.system.now();
    found.set_root(tree_.store(session_));
    publish(found, described, generation);
    report_.bytes_read = meter_.bytes();
    report_.bytes_added = session_.totals().pack_bytes;
    report_.warnings = warnings_.take();
    report_.seconds = meter_.seconds();
    return std::move(report_);
  }

 private:
  void read_entries() {
    meter_.begin(Phase::store, 0, 0);
    std::string warning;
    while (archive_entry* const entry = reader_.next(warning)) {
      meter_.check_stop();
      const std::string name = text_of(reader_.api.archive_entry_pathname(entry));
      const auto path = tree_.path_of(name);
      if (!path) continue;
      if (!warning.empty()) warnings_.add(*path, warning);
      if (const char* const target = reader_.api.archive_entry_hardlink(entry); target != nullptr) {
        if (const auto linked = tree_.path_of(target)) tree_.add_link(*path, *linked);
      } else {
        add(*path, entry);
      }
      meter_.add_file();
    }
  }

  void add(const std::string& path, archive_entry* from) {
    const Libarchive& api = reader_.api;
    const auto type = type_of_mode(api.archive_entry_filetype(from));
    if (!type) {
      warnings_.add(path, "left out: it is of a type that a checkpoint can't hold");
      return;
    }
    Entry entry;
    entry.type = *type;
    entry.mode = static_cast<std::uint32_t>(api.archive_entry_perm(from)) & kPermissionBits;
    entry.mtime = {api.archive_entry_mtime(from), static_cast<std::uint32_t>(api.archive_entry_mtime_nsec(from))};
    if (api.archive_entry_mtime_nsec(from) < 0 || api.archive_entry_mtime_nsec(from) >= 1'000'000'000)
      refuse_import(quoted(path) + " has an impossible time", path);
    entry.owner = {id_of(api.archive_entry_uid(from), path), id_of(api.archive_entry_gid(from), path),
                   text_of(api.archive_entry_uname(from)), text_of(api.archive_entry_gname(from))};
    if (entry.type == EntryType::symlink) {
      entry.target = text_of(api.archive_entry_symlink(from));
      if (entry.target.empty() || entry.target.size() > kMaxTargetBytes)
        refuse_import(quoted(path) + " is a link without a possible target", path);
    }
    if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
      entry.device_major = static_cast<std::uint32_t>(api.archive_entry_rdevmajor(from));
      entry.device_minor = static_cast<std::uint32_t>(api.archive_entry_rdevminor(from));
    }
    add_attributes(path, from, entry);
    if (entry.type == EntryType::file) entry.content = read_content_of(path, from);
    tree_.add(path, std::move(entry));
  }

  StreamRef read_content_of(const std::string& path, archive_entry* from) {
    const la_int64_t told = reader_.api.archive_entry_size(from);
    if (told < 0) refuse_import(quoted(path) + " has an impossible size", path);
    const auto size = static_cast<std::uint64_t>(told);
    ContentWriter writer(session_);
    while (const auto block = reader_.next_block()) {
      meter_.check_stop();
      if (block->bytes.empty()) continue;
      if (block->offset < writer.end() || block->offset > size || block->bytes.size() > size - block->offset)
        refuse_import(quoted(path) + " has data where its size leaves no room", path);
      writer.add(block->offset, block->bytes);
      meter_.add_bytes(block->bytes.size());
    }
    return writer.finish(size);
  }

  void add_attributes(const std::string& path, archive_entry* from, Entry& entry) {
    const Libarchive& api = reader_.api;
    std::map<std::string, Bytes> attributes;
    api.archive_entry_xattr_reset(from);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (api.archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK) {
      const std::string key = text_of(name);
      if (key.empty() || key.size() > kMaxAttributeNameBytes) {
        warnings_.add(path, "an attribute is left out: its name is impossible");
        continue;
      }
      const ByteView bytes(static_cast<const std::byte*>(value), size);
      attributes[key].assign(bytes.begin(), bytes.end());
    }
    add_acl(path, from, true, entry, attributes);
    add_acl(path, from, false, entry, attributes);
    std::vector<Attribute> list;
    for (auto& [key, bytes] : attributes) list.push_back({key, std::move(bytes)});
    try {
      set_attributes(entry, std::move(list), session_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unsupported) throw;
      refuse_import(quoted(path) + ": " + error.what(), path);
    }
  }

  void add_acl(const std::string& path, archive_entry* from, bool is_access, Entry& entry, std::map<std::string, Bytes>& attributes) {
    static const std::map<int, AclTag> kTags = {{ARCHIVE_ENTRY_ACL_USER_OBJ, AclTag::user_obj},   {ARCHIVE_ENTRY_ACL_USER, AclTag::user},
                                                {ARCHIVE_ENTRY_ACL_GROUP_OBJ, AclTag::group_obj}, {ARCHIVE_ENTRY_ACL_GROUP, AclTag::group},
                                                {ARCHIVE_ENTRY_ACL_MASK, AclTag::mask},           {ARCHIVE_ENTRY_ACL_OTHER, AclTag::other}};
    const Libarchive& api = reader_.api;
    const int wanted = is_access ? ARCHIVE_ENTRY_ACL_TYPE_ACCESS : ARCHIVE_ENTRY_ACL_TYPE_DEFAULT;
    if (api.archive_entry_acl_reset(from, wanted) == 0) return;
    std::vector<AclEntry> list;
    int type = 0;
    int permissions = 0;
    int tag = 0;
    int id = 0;
    const char* name = nullptr;
    while (api.archive_entry_acl_next(from, wanted, &type, &permissions, &tag, &id, &name) == ARCHIVE_OK) {
      const auto known = kTags.find(tag);
      const bool has_id = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;
      if (known == kTags.end() || (has_id && id < 0)) {
        warnings_.add(path, "its access control list is left out: it names somebody whose number it does not tell");
        return;
      }
      list.push_back({known->second, static_cast<std::uint16_t>(permissions & 7), has_id ? static_cast<std::uint32_t>(id) : 0});
    }
    if (list.empty()) return;
    // The mode has the mask where files have a list; an archive's has what the owning group may.
    for (const AclEntry& each : list)
      if (is_access && each.tag == AclTag::mask) entry.mode = (entry.mode & ~070U) | static_cast<std::uint32_t>(each.permissions << 3U);
    attributes[is_access ? kAccessAcl : kDefaultAcl] = encode_acl(std::move(list));
  }

  void publish(const ScanResult& found, const CheckpointOptions& described, std::uint64_t generation) {
    RecordParts parts;
    parts.engine = &engine_;
    parts.session = &session_;
    parts.scan = &found;
    parts.gc_generation = generation;
    Record record;
    for (;;) {
      parts.number = engine_.log->highest() + 1;  // before HEAD: if that moves meanwhile, the number is taken
      record = build_checkpoint_record(parts, described);
      record.head_before = record.head_after = engine_.log->head();
      session_.flush();
      refuse_pending_restore(engine_, options_.control);
      if (engine_.log->publish(record)) break;
    }
    // The archive can't be read again: if gc ran meanwhile, which needs a promise that nobody writes, all is looked for.
    settle_published(engine_, session_, record, generation);
    engine_.store->index().save();
    report_.checkpoint = describe_checkpoint(engine_, {record.number, record.id()}, false);
  }

  Engine& engine_;
  const ImportOptions& options_;
  TransferMeter meter_;
  TarReader reader_;
  ChunkSession session_;
  WarningList warnings_;
  ImportTree tree_;
  ImportReport report_;
};

}  // namespace

ImportReport read_archive(Engine& engine, const ImportOptions& options, const ReadBytes& read) {
  require_writable(engine);
  return Importing(engine, options, read).run();
}

}  // namespace metamori
