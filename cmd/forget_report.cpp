#include "cmd/forget_report.hpp"

#include <fmt/format.h>

#include "cmd/dates.hpp"
#include "cmd/json_render.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

void write_json(Session& session, std::string_view type, bool is_dry_run, const ForgetReport& report) {
  JsonReport json(session, type);
  json->field("dry_run", is_dry_run).field("brought_back", report.brought_back);
  json->field("kept", report.kept).field("forgotten", report.forgotten);
  json->key("bytes_kept");
  if (report.bytes) {
    json->number(*report.bytes);
  } else {
    json->null();
  }
  json->key("bytes_freed");
  if (report.bytes_freed) {
    json->number(*report.bytes_freed);
  } else {
    json->null();
  }
  json->key("checkpoints").begin_array();
  for (const ForgetItem& item : report.items) {
    json->begin_object();
    write_id(*json, "id", item.id);
    json->field("number", item.number).field("time", std::string_view(format_time(item.time))).field("time_unix", item.time.seconds);
    json->field("safety", item.is_safety).field("kept", item.is_kept);
    json->key("tags").begin_array();
    for (const std::string& tag : item.tags) json->text(tag);
    json->end_array().key("reasons").begin_array();
    for (const std::string& reason : item.reasons) json->text(reason);
    json->end_array().end_object();
  }
  json->end_array();
  json.end();
}

std::string_view verb_of(const ForgetReport& report, const ForgetItem& item) {
  if (report.brought_back) return "back";
  return item.is_kept ? "keep" : "forget";
}

}  // namespace

void show_forget_report(Session& session, std::string_view type, bool is_dry_run, const ForgetReport& report) {
  if (session.json()) return write_json(session, type, is_dry_run, report);
  if (session.common.quiet) return;
  for (const ForgetItem& item : report.items) {
    std::string reasons;
    for (const std::string& reason : item.reasons) reasons += (reasons.empty() ? "" : ", ") + session.safe_text(reason);
    const std::string verb = fmt::format("{:<6}", verb_of(report, item));
    session.out.print("{} {:>5} {}  {}  {}\n", item.is_kept ? verb : session.colored("31", verb), item.number, short_hex(item.id),
                      format_time(item.time), reasons);
  }
  if (report.brought_back) {
    session.out.print("{} brought back\n", format_count(report.kept, "checkpoint", "checkpoints"));
    return;
  }
  session.out.print("{} {}forgotten, {} kept{}\n", format_count(report.forgotten, "checkpoint", "checkpoints"),
                    is_dry_run ? "would be " : "", report.kept, report.bytes ? " in " + session.size(*report.bytes) : std::string());
  if (report.bytes_freed) session.out.print("gc would then free about {}\n", session.size(*report.bytes_freed));
}

}  // namespace metamori::cmd
