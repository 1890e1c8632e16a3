#include "cmd/json_render.hpp"

#include <algorithm>

#include "cmd/dates.hpp"
#include "cmd/exit_codes.hpp"
#include "cmd/render.hpp"

namespace metamori::cmd {
namespace {

void write_meta(JsonWriter& json, const Metadata& metadata) {
  json.key("meta").begin_object();
  for (auto pair = metadata.begin(); pair != metadata.end(); ++pair) {
    const auto has_key = [&](const auto& other) { return other.first == pair->first; };
    if (std::any_of(metadata.begin(), pair, has_key)) continue;
    json.key(pair->first);
    // A key given several times: an array, since an object's keys are unique.
    const bool is_repeated = std::count_if(metadata.begin(), metadata.end(), has_key) > 1;
    if (is_repeated) json.begin_array();
    for (const auto& [key, value] : metadata)
      if (key == pair->first) json.text(value);
    if (is_repeated) json.end_array();
  }
  json.end_object();
}

void write_change(JsonWriter& json, const Change& change) {
  const auto size = [&](std::string_view name, const std::optional<std::uint64_t>& value) {
    if (value) {
      json.field(name, *value);
    } else {
      json.key(name).null();
    }
  };
  json.begin_object().path("path", change.path).field("change", change_name(change.kind)).field("type", type_name(change.type));
  if (change.from) json.path("from", *change.from);
  size("size_before", change.size_before);
  size("size_after", change.size_after);
  json.field("bytes_changed", change.bytes_changed);
  if (change.is_conflicted_type) json.field("type_changed", true);
  if (!change.ranges.empty()) {
    json.key("ranges").begin_array();
    for (const ByteRange& range : change.ranges)
      json.begin_object().field("offset", range.offset).field("length", range.length).end_object();
    json.end_array();
  }
  json.end_object();
}

template <class Select>
void write_selected(JsonWriter& json, std::string_view name, const std::vector<CapturedPath>& verdicts, Select select) {
  json.key(name).begin_array();
  for (const CapturedPath& captured : verdicts) {
    if (!select(captured)) continue;
    json.begin_object().path("path", captured.path);
    if (!captured.reason.empty()) json.field("reason", std::string_view(captured.reason));
    json.end_object();
  }
  json.end_array();
}

}  // namespace

JsonReport::JsonReport(Session& session, std::string_view type) : session_(session), json_(session.out) {
  json_.begin_object().field("schema", "metamori/1").field("type", type);
}

void JsonReport::end() {
  json_.end_object();
  session_.out.write("\n");
}

void write_cause(JsonWriter& json, const Error& error) {
  json.field("kind", kind_name(error.kind())).field("message", error.what()).field("hint", std::string_view(error.hint()));
  if (!error.path().empty()) json.path("path", error.path());
}

void write_cause(JsonWriter& json, std::string_view name, const Error& error) {
  json.key(name).begin_object();
  write_cause(json, error);
  json.end_object();
}

void write_name(JsonWriter& json, const CheckpointInfo& info) {
  write_id(json, "id", info.id);
  if (info.id.is_zero()) {
    json.key("number").null();
  } else {
    json.field("number", info.number);
  }
}

void write_id(JsonWriter& json, std::string_view name, const CheckpointId& id) {
  if (id.is_zero()) {
    json.key(name).null();
  } else {
    json.field(name, std::string_view(to_hex(id)));
  }
}

void write_checkpoint_members(JsonWriter& json, const CheckpointInfo& info) {
  write_name(json, info);
  json.key("parents").begin_array();
  for (const CheckpointId& parent : info.parents) json.text(to_hex(parent));
  json.end_array();
  json.field("time", std::string_view(format_time(info.time))).field("time_unix", info.time.seconds);
  json.key("author")
      .begin_object()
      .field("name", std::string_view(info.author.name))
      .field("email", std::string_view(info.author.email))
      .end_object();
  // The newline that ends a git message is none of the author's.
  std::string_view message = info.message;
  if (message.ends_with('\n')) message.remove_suffix(1);
  json.field("message", message);
  write_meta(json, info.metadata);
  json.key("tags").begin_array();
  for (const std::string& tag : info.tags) json.text(tag);
  json.end_array();
  json.field("line", std::string_view(info.line)).field("safety", info.is_safety).field("forgotten", info.is_forgotten);
  json.field("sha256", std::string_view(to_hex(info.root))).field("entries", info.entries).field("files", info.files);
  json.field("bytes_total", info.bytes_total).field("bytes_added", info.bytes_added);
}

void write_paths(JsonWriter& json, std::string_view name, const std::vector<std::string>& paths) {
  json.key(name).begin_array();
  for (const std::string& path : paths) json.begin_object().path("path", path).end_object();
  json.end_array();
}

void write_numbers(JsonWriter& json, std::string_view name, const std::vector<std::uint64_t>& numbers) {
  json.key(name).begin_array();
  for (const std::uint64_t number : numbers) json.number(number);
  json.end_array();
}

void write_diff_members(JsonWriter& json, const DiffReport& report) {
  json.key("changes").begin_array();
  for (const Change& change : report.changes) write_change(json, change);
  json.end_array();
  json.field("added", report.added).field("removed", report.removed).field("modified", report.modified);
  json.field("metadata", report.metadata).field("renamed", report.renamed);
  write_paths(json, "unreadable", report.unreadable);
}

void write_verdict_members(JsonWriter& json, const std::vector<CapturedPath>& verdicts) {
  for (const CaptureVerdict verdict : {CaptureVerdict::torn, CaptureVerdict::kept, CaptureVerdict::prefix, CaptureVerdict::unreadable,
                                       CaptureVerdict::retried, CaptureVerdict::assumed})
    write_selected(json, verdict_name(verdict), verdicts, [&](const CapturedPath& captured) { return captured.verdict == verdict; });
  write_selected(json, "live", verdicts, [](const CapturedPath& captured) { return captured.live == Liveness::yes; });
}

void write_warnings(JsonWriter& json, const std::vector<RestoreWarning>& warnings) {
  json.key("warnings").begin_array();
  for (const RestoreWarning& warning : warnings)
    json.begin_object().path("path", warning.path).field("message", std::string_view(warning.message)).end_object();
  json.end_array();
}

void write_torn(JsonWriter& json, const std::vector<TornFile>& torn) {
  json.key("torn").begin_array();
  for (const TornFile& file : torn) {
    json.begin_object().path("path", file.path).key("last_clean");
    if (file.last_clean) {
      json.begin_object();
      write_name(json, *file.last_clean);
      json.end_object();
    } else {
      json.null();
    }
    json.end_object();
  }
  json.end_array();
}

void write_node(JsonWriter& json, const NodeInfo& node) {
  json.begin_object().path("path", node.path).field("type", type_name(node.type));
  json.field("mode", std::string_view(fmt::format("{:04o}", node.mode)));
  json.field("uid", node.uid)
      .field("gid", node.gid)
      .field("user", std::string_view(node.user))
      .field("group", std::string_view(node.group));
  json.field("mtime", std::string_view(format_time(node.mtime))).field("mtime_unix", node.mtime.seconds);
  json.field("mtime_nanoseconds", node.mtime.nanoseconds).field("size", node.size_bytes);
  if (node.type == NodeType::symlink) json.path("target", node.target);
  if (node.type == NodeType::char_device || node.type == NodeType::block_device)
    json.field("device_major", node.device_major).field("device_minor", node.device_minor);
  if (!node.attribute_names.empty()) {
    json.key("attributes").begin_array();
    for (const std::string& name : node.attribute_names) json.text(name);
    json.end_array();
  }
  if (!node.linked_to.empty()) json.path("linked_to", node.linked_to);
  if (node.content_unknown) json.field("content_unknown", true);
  json.end_object();
}

}  // namespace metamori::cmd
