#include "cmd/log_format.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cmd/dates.hpp"
#include "cmd/render.hpp"
#include "cmd/units.hpp"

namespace metamori::cmd {
namespace {

using Piece = std::function<std::string(const LogEntry&, const FormatContext&)>;

struct Placeholder {
  std::string_view name;
  std::string (*render)(const CheckpointInfo& info, const FormatContext& context);
};

std::string text_of(const FormatContext& context, std::string_view text) {
  return context.is_raw ? std::string(text) : context.session.safe_text(text);
}

std::string_view without_last_newline(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

std::string_view first_line(std::string_view message) { return message.substr(0, message.find('\n')); }

std::string_view body_of(std::string_view message) {
  std::string_view rest = message.substr(first_line(message).size());
  while (rest.starts_with('\n')) rest.remove_prefix(1);
  return without_last_newline(rest);
}

template <class Render>
std::string joined(const std::vector<CheckpointId>& ids, Render render) {
  std::string out;
  for (const CheckpointId& id : ids) out += (out.empty() ? "" : " ") + render(id);
  return out;
}

std::string tags_text(const CheckpointInfo& info) {
  std::string out;
  for (const std::string& tag : info.tags) out += (out.empty() ? "" : " ") + tag;
  return out;
}

std::string bare_decorations(const CheckpointInfo& info, const FormatContext& context) {
  const std::string whole = decorations(context.session, info, context.head);
  return whole.empty() ? whole : whole.substr(2, whole.size() - 3);
}

using Info = const CheckpointInfo&;
using Context = const FormatContext&;

constexpr std::array<Placeholder, 33> kPlaceholders{{
    {"%", [](Info, Context) { return std::string("%"); }},
    {"n", [](Info, Context) { return std::string("\n"); }},
    {"#", [](Info info, Context) { return std::to_string(info.number); }},
    {"H", [](Info info, Context) { return to_hex(info.id); }},
    {"h", [](Info info, Context context) { return context.repository.short_id(info.id); }},
    {"P", [](Info info, Context) { return joined(info.parents, [](const CheckpointId& id) { return to_hex(id); }); }},
    {"p", [](Info info,
             Context context) { return joined(info.parents, [&](const CheckpointId& id) { return context.repository.short_id(id); }); }},
    {"T", [](Info info, Context) { return to_hex(info.root); }},
    {"t", [](Info info, Context) { return to_hex(info.root).substr(0, 8); }},
    {"an", [](Info info, Context context) { return text_of(context, info.author.name); }},
    {"ae", [](Info info, Context context) { return text_of(context, info.author.email); }},
    {"ad", [](Info info, Context) { return format_time(info.time); }},
    {"aI", [](Info info, Context) { return format_time(info.time); }},
    {"as", [](Info info, Context) { return format_time(info.time).substr(0, 10); }},
    {"at", [](Info info, Context) { return std::to_string(info.time.seconds); }},
    {"ar", [](Info info, Context context) { return format_age(context.now_seconds - info.time.seconds); }},
    {"cd", [](Info info, Context) { return format_time(info.time); }},
    {"cI", [](Info info, Context) { return format_time(info.time); }},
    {"cs", [](Info info, Context) { return format_time(info.time).substr(0, 10); }},
    {"ct", [](Info info, Context) { return std::to_string(info.time.seconds); }},
    {"cr", [](Info info, Context context) { return format_age(context.now_seconds - info.time.seconds); }},
    {"s", [](Info info, Context context) { return text_of(context, first_line(info.message)); }},
    {"b", [](Info info, Context context) { return text_of(context, body_of(info.message)); }},
    {"B", [](Info info, Context context) { return text_of(context, without_last_newline(info.message)); }},
    {"d", [](Info info, Context context) { return decorations(context.session, info, context.head); }},
    {"D", bare_decorations},
    {"(number)", [](Info info, Context) { return std::to_string(info.number); }},
    {"(line)", [](Info info, Context context) { return text_of(context, info.line); }},
    {"(tags)", [](Info info, Context context) { return text_of(context, tags_text(info)); }},
    {"(files)", [](Info info, Context) { return std::to_string(info.files); }},
    {"(bytes)", [](Info info, Context) { return std::to_string(info.bytes_total); }},
    {"(added)", [](Info info, Context) { return std::to_string(info.bytes_added); }},
    {"(sha256)", [](Info info, Context) { return to_hex(info.root); }},
}};

/// Values of a key, joined by commas.
std::string metadata_values(const CheckpointInfo& info, std::string_view key) {
  std::string out;
  bool is_first = true;
  for (const auto& [name, value] : info.metadata) {
    if (name != key) continue;
    out += (is_first ? "" : ",") + value;
    is_first = false;
  }
  return out;
}

std::string changed_paths(const LogEntry& entry, const FormatContext& context) {
  std::string out;
  for (const PathChange& change : entry.changes)
    out += (out.empty() ? "" : " ") + (context.is_raw ? change.path : context.session.quote(change.path));
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[noreturn]] void fail_unknown(std::string_view rest) {
  const std::size_t length = rest.starts_with('(') ? rest.find(')') + 1 : std::min<std::size_t>(rest.size(), 2);
  throw Error(ErrorKind::usage,
              "--format: there is no placeholder '%" + std::string(rest.substr(0, length == 0 ? rest.npos : length)) + "'",
              "metamori-log(1) lists them; a percent sign is written %%");
}

}  // namespace

LogFormat::LogFormat(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('%'), text.size());
    if (length > 0)
      pieces_.push_back([plain = std::string(text.substr(0, length))](const LogEntry&, const FormatContext&) { return plain; });
    text.remove_prefix(length);
    if (text.empty()) break;
    text.remove_prefix(1);
    text.remove_prefix(add_placeholder(text));
  }
}

/// Returns how much of `rest`, which follows the percent sign, it is.
std::size_t LogFormat::add_placeholder(std::string_view rest) {
  constexpr std::string_view kMeta = "(meta:";
  if (rest.starts_with(kMeta) && rest.find(')') != std::string_view::npos) {
    std::string key(rest.substr(kMeta.size(), rest.find(')') - kMeta.size()));
    pieces_.push_back([key = std::move(key)](const LogEntry& entry, const FormatContext& context) {
      return text_of(context, metadata_values(entry.checkpoint, key));
    });
    return rest.find(')') + 1;
  }
  constexpr std::string_view kPaths = "(paths)";
  if (rest.starts_with(kPaths)) {
    pieces_.emplace_back(changed_paths);
    return kPaths.size();
  }
  if (rest.size() >= 3 && rest.front() == 'x' && hex_value(rest[1]) >= 0 && hex_value(rest[2]) >= 0) {
    const char byte = static_cast<char>(hex_value(rest[1]) * 16 + hex_value(rest[2]));
    pieces_.push_back([byte](const LogEntry&, const FormatContext&) { return std::string(1, byte); });
    return 3;
  }
  for (const Placeholder& placeholder : kPlaceholders) {
    if (!rest.starts_with(placeholder.name)) continue;
    pieces_.push_back(
        [render = placeholder.render](const LogEntry& entry, const FormatContext& context) { return render(entry.checkpoint, context); });
    return placeholder.name.size();
  }
  fail_unknown(rest);
}

std::string LogFormat::render(const LogEntry& entry, const FormatContext& context) const {
  std::string out;
  for (const Piece& piece : pieces_) out += piece(entry, context);
  return out;
}

}  // namespace metamori::cmd
