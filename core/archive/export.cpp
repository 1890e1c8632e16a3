// A checkpoint as a tar archive: pax headers for what plain ones can't hold. Only what tar, bsdtar and star share is written, and nothing
// that is of this run or machine (no inode numbers, no access times), so that the same checkpoint gives the same bytes.

#include "core/archive/export.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <memory>

#include "core/archive/acl.hpp"
#include "core/archive/libarchive_api.hpp"
#include "core/describe.hpp"
#include "core/entry_type.hpp"
#include "core/looking.hpp"
#include "core/paths.hpp"
#include "core/restore_meter.hpp"
#include "core/transfer_meter.hpp"
#include "core/tree_diff.hpp"

namespace metamori {
namespace {

// Attributes stand under the one name that others read.
constexpr const char* kOptions = "pax:xattrheader=SCHILY";
constexpr int kBlockBytes = 10240;
constexpr std::size_t kZeroBytes = 256U << 10;

class Writer {
 public:
  explicit Writer(const std::function<void(ByteView)>& receive) : receive_(receive) {
    handle_ = api.archive_write_new();
    if (handle_ == nullptr) throw std::bad_alloc();
    try {
      check(api.archive_write_set_format_pax(handle_));
      check(api.archive_write_set_options(handle_, kOptions));
      check(api.archive_write_add_filter_none(handle_));
      check(api.archive_write_set_bytes_per_block(handle_, kBlockBytes));
      check(api.archive_write_set_bytes_in_last_block(handle_, kBlockBytes));
      check(api.archive_write_open(handle_, this, nullptr, &Writer::take, nullptr));
    } catch (...) {
      api.archive_write_free(handle_);
      throw;
    }
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() {
    is_abandoned_ = true;  // what was not closed would be ended as if it were whole
    api.archive_write_free(handle_);
  }

  /// What there is to warn of; empty if there is nothing.
  std::string header(archive_entry* entry) {
    const int result = api.archive_write_header(handle_, entry);
    check(result == ARCHIVE_WARN ? ARCHIVE_OK : result);
    return result == ARCHIVE_WARN ? api.reason(handle_) : std::string();
  }
  void data(ByteView bytes) {
    while (!bytes.empty()) {
      const la_ssize_t written = api.archive_write_data(handle_, bytes.data(), bytes.size());
      check(written > 0 ? ARCHIVE_OK : ARCHIVE_FATAL);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }
  void finish_entry() { check(api.archive_write_finish_entry(handle_)); }
  void close() { check(api.archive_write_close(handle_)); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  Libarchive api;

 private:
  /// What the receiver throws passes by libarchive, which knows no exceptions, and after a failure does not free all that it holds. So for
  /// libarchive writing goes on, to nowhere.
  static la_ssize_t take(archive* /*handle*/, void* self, const void* buffer, std::size_t size) {
    Writer& writer = *static_cast<Writer*>(self);
    if (writer.is_abandoned_) return static_cast<la_ssize_t>(size);
    try {
      writer.receive_(ByteView(static_cast<const std::byte*>(buffer), size));
    } catch (...) {
      writer.thrown_ = std::current_exception();
      writer.is_abandoned_ = true;
    }
    writer.bytes_ += size;
    return static_cast<la_ssize_t>(size);
  }
  void check(int result) {
    if (thrown_) std::rethrow_exception(thrown_);
    if (result != ARCHIVE_OK) throw Error(ErrorKind::io, "write an archive: " + api.reason(handle_));
  }

  const std::function<void(ByteView)>& receive_;
  archive* handle_ = nullptr;
  std::exception_ptr thrown_;
  bool is_abandoned_ = false;
  std::uint64_t bytes_ = 0;
};

class Exporting {
 public:
  Exporting(Engine& engine, const ExportOptions& options, const std::function<void(ByteView)>& receive)
      : engine_(engine), options_(options), meter_(engine.system, options.control, "export"), writer_(receive) {
    prefix_ = checked_path(options.prefix);
    if (!prefix_.empty()) prefix_ += '/';
    entry_ = writer_.api.archive_entry_new();
    if (entry_ == nullptr) throw std::bad_alloc();
  }
  Exporting(const Exporting&) = delete;
  Exporting& operator=(const Exporting&) = delete;
  ~Exporting() { writer_.api.archive_entry_free(entry_); }

  ExportReport run() {
    const Position position = engine_.history->resolve(options_.revision);
    const Root root = get_root(*engine_.store, get_content_root(engine_, position));
    report_.checkpoint = describe_checkpoint(engine_, position, false);
    for (const auto& group : get_links(*engine_.store, root))
      for (const std::string& path : group) groups_.emplace(path, group.front());
    std::vector<std::string> tops = checked_scope(options_.paths);
    if (tops.empty()) tops.emplace_back();
    std::vector<Entry> entries;
    for (const std::string& path : tops) {
      auto entry = find_path(*engine_.store, root, path);
      if (!entry)
        throw Error(ErrorKind::usage, "checkpoint " + std::to_string(position.number) + " has no " + quoted(path),
                    "'metamori ls' lists what it has", path);
      entries.push_back(std::move(*entry));
    }
    meter_.begin(Phase::store, root.top.entries_below, root.top.bytes_below);
    for (std::size_t i = 0; i < tops.size(); ++i)
      walk_tree(*engine_.store, entries[i], tops[i], [&](const std::string& path, const Entry& entry) { add(path, entry); });
    writer_.close();
    report_.bytes = writer_.bytes();
    report_.warnings = warnings_.take();
    report_.seconds = meter_.seconds();
    return std::move(report_);
  }

 private:
  void add(const std::string& path, const Entry& entry) {
    meter_.check_stop();
    if (entry.content_unknown) {
      warnings_.add(path, "its content is not known: it could not be read when the checkpoint was taken");
      if (entry.type == EntryType::file) return;
    }
    const Libarchive& api = writer_.api;
    api.archive_entry_clear(entry_);
    const std::string name = entry.type == EntryType::directory
                                 ? (path.empty() && prefix_.empty() ? "./" : prefix_ + path + (path.empty() ? "" : "/"))
                                 : prefix_ + path;
    api.archive_entry_copy_pathname(entry_, name.c_str());
    set_plain(entry);
    if (is_link(path)) {
      write_header(path, entry);
    } else {
      set_attributes_of(path, entry);
      if (entry.type == EntryType::file) {
        add_file(path, entry);
      } else {
        write_header(path, entry);
      }
    }
    writer_.finish_entry();
    ++report_.entries;
    meter_.add_file();
  }

  void write_header(const std::string& path, const Entry& entry) {
    const std::string warning = writer_.header(entry_);
    const Libarchive& api = writer_.api;
    // Names that are no UTF-8 are written as they are, and said to be so.
    const bool is_text = api.is_utf8((prefix_ + path).c_str()) && api.is_utf8(entry.target.c_str()) &&
                         api.is_utf8(entry.owner.user.c_str()) && api.is_utf8(entry.owner.group.c_str()) &&
                         api.is_utf8(api.archive_entry_hardlink(entry_));
    if (!warning.empty() && is_text) warnings_.add(path, warning);
  }

  void set_plain(const Entry& entry) {
    const Libarchive& api = writer_.api;
    api.archive_entry_set_filetype(entry_, mode_type(entry.type));
    api.archive_entry_set_perm(entry_, entry.mode);
    api.archive_entry_set_mtime(entry_, entry.mtime.seconds, static_cast<long>(entry.mtime.nanoseconds));
    api.archive_entry_set_uid(entry_, entry.owner.uid);
    api.archive_entry_set_gid(entry_, entry.owner.gid);
    api.archive_entry_copy_uname(entry_, entry.owner.user.c_str());
    api.archive_entry_copy_gname(entry_, entry.owner.group.c_str());
    api.archive_entry_set_size(entry_, 0);
    if (entry.type == EntryType::symlink) api.archive_entry_copy_symlink(entry_, entry.target.c_str());
    if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
      api.archive_entry_set_rdevmajor(entry_, entry.device_major);
      api.archive_entry_set_rdevminor(entry_, entry.device_minor);
    }
  }

  /// The first name of a file that is written has its content; the others are links to that one.
  bool is_link(const std::string& path) {
    const auto group = groups_.find(path);
    if (group == groups_.end()) return false;
    const auto [first, is_first] = written_.emplace(group->second, path);
    if (is_first) return false;
    writer_.api.archive_entry_copy_hardlink(entry_, (prefix_ + first->second).c_str());
    return true;
  }

  void set_attributes_of(const std::string& path, const Entry& entry) {
    const Libarchive& api = writer_.api;
    for (const Attribute& attribute : get_attributes(entry, *engine_.store)) {
      const bool is_access = attribute.name == kAccessAcl;
      const auto list = is_access || attribute.name == kDefaultAcl ? decode_acl(attribute.value) : std::nullopt;
      if (list) {
        for (const AclEntry& each : *list) add_acl(each, is_access);
      } else if (attribute.name.find('=') != std::string::npos) {
        warnings_.add(path, "the attribute " + quoted(attribute.name) + " is left out: an archive can't hold its name");
      } else {
        api.archive_entry_xattr_add_entry(entry_, attribute.name.c_str(), attribute.value.data(), attribute.value.size());
      }
    }
  }

  void add_acl(const AclEntry& each, bool is_access) {
    static const std::map<AclTag, int> kTags = {{AclTag::user_obj, ARCHIVE_ENTRY_ACL_USER_OBJ},   {AclTag::user, ARCHIVE_ENTRY_ACL_USER},
                                                {AclTag::group_obj, ARCHIVE_ENTRY_ACL_GROUP_OBJ}, {AclTag::group, ARCHIVE_ENTRY_ACL_GROUP},
                                                {AclTag::mask, ARCHIVE_ENTRY_ACL_MASK},           {AclTag::other, ARCHIVE_ENTRY_ACL_OTHER}};
    const bool has_id = each.tag == AclTag::user || each.tag == AclTag::group;
    writer_.api.archive_entry_acl_add_entry(entry_, is_access ? ARCHIVE_ENTRY_ACL_TYPE_ACCESS : ARCHIVE_ENTRY_ACL_TYPE_DEFAULT,
                                            each.permissions, kTags.at(each.tag), has_id ? static_cast<int>(each.id) : -1, nullptr);
  }

  void add_file(const std::string& path, const Entry& entry) {
    const Libarchive& api = writer_.api;
    ChunkSource& source = *engine_.store;
    api.archive_entry_set_size(entry_, static_cast<la_int64_t>(entry.content.length));
    if (entry.content.level > 0) add_map(entry.content);
    write_header(path, entry);
    static constexpr std::array<std::byte, kZeroBytes> kZeros{};
    Bytes chunk;
    for (ExtentCursor cursor(source, entry.content); const Extent* extent = cursor.current(); cursor.next()) {
      meter_.check_stop();
      if (extent->is_hole()) {
        for (std::uint64_t left = extent->length; left > 0;) {
          const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(left, kZeros.size()));
          writer_.data(ByteView(kZeros).first(piece));
          left -= piece;
        }
        continue;
      }
      source.read(extent->id, chunk);
      if (chunk.size() != extent->length)
        throw Error(ErrorKind::corrupt, "chunk " + to_hex(extent->id) + " has not the length that " + quoted(path) + " says", {}, path);
      writer_.data(chunk);
      meter_.add_bytes(chunk.size());
    }
  }

  /// Where data is, if there are holes.
  void add_map(const StreamRef& content) {
    const Libarchive& api = writer_.api;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> data;
    bool has_holes = false;
    for (ExtentCursor cursor(*engine_.store, content); const Extent* extent = cursor.current(); cursor.next()) {
      if (extent->is_hole()) {
        has_holes = true;
      } else if (!data.empty() && data.back().first + data.back().second == cursor.offset()) {
        data.back().second += extent->length;
      } else {
        data.emplace_back(cursor.offset(), extent->length);
      }
    }
    if (!has_holes) return;
    if (data.empty()) data.emplace_back(content.length, 0);
    for (const auto& [offset, length] : data)
      api.archive_entry_sparse_add_entry(entry_, static_cast<la_int64_t>(offset), static_cast<la_int64_t>(length));
  }

  Engine& engine_;
  const ExportOptions& options_;
  TransferMeter meter_;
  Writer writer_;
  archive_entry* entry_ = nullptr;
  std::string prefix_;
  std::map<std::string, std::string> groups_;   ///< first path of its group, by path
  std::map<std::string, std::string> written_;  ///< the name that has the content, by first path
  WarningList warnings_;
  ExportReport report_;
};

}  // namespace

ExportReport write_archive(Engine& engine, const ExportOptions& options, const std::function<void(ByteView)>& receive) {
  return Exporting(engine, options, receive).run();
}

}  // namespace metamori
