#pragma once

// How checkpoints and changes look to programs: docs/json.md.

#include <string_view>
#include <vector>

#include "cmd/json_writer.hpp"
#include "cmd/session.hpp"

namespace metamori::cmd {

/// One report: opens the object with schema and type, closes it with end().
class JsonReport {
 public:
  JsonReport(Session& session, std::string_view type);
  JsonWriter* operator->() noexcept { return &json_; }
  JsonWriter& operator*() noexcept { return json_; }
  void end();

 private:
  Session& session_;
  JsonWriter json_;
};

/// Members kind, message, hint and, if one is concerned, path.
void write_cause(JsonWriter& json, const Error& error);
/// `name`: object with those members.
void write_cause(JsonWriter& json, std::string_view name, const Error& error);
/// Members id and number; null for no checkpoint.
void write_name(JsonWriter& json, const CheckpointInfo& info);
/// The members that every mention of a checkpoint has.
void write_checkpoint_members(JsonWriter& json, const CheckpointInfo& info);
/// `name`: array of changes; also the counts and `unreadable`.
void write_diff_members(JsonWriter& json, const DiffReport& report);
/// `name`: array of objects with the paths.
void write_paths(JsonWriter& json, std::string_view name, const std::vector<std::string>& paths);
/// `name`: array of them.
void write_numbers(JsonWriter& json, std::string_view name, const std::vector<std::uint64_t>& numbers);
/// Members torn, kept, prefix, retried, assumed, unreadable, live: arrays of objects with paths.
void write_verdict_members(JsonWriter& json, const std::vector<CapturedPath>& verdicts);
void write_warnings(JsonWriter& json, const std::vector<RestoreWarning>& warnings);
/// `torn`: array of them.
void write_torn(JsonWriter& json, const std::vector<TornFile>& torn);
void write_node(JsonWriter& json, const NodeInfo& node);
/// `name`: the id, or null for none.
void write_id(JsonWriter& json, std::string_view name, const CheckpointId& id);

}  // namespace metamori::cmd
